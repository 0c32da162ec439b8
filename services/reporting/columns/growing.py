"""An array that grows at its end. What was once handed out never changes: growing writes behind it or into a new one."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

_FIRST: Final = 64
Kind = TypeVar("Kind", bound=np.generic)


class Growing(Generic[Kind]):
    """Doubles when it is full, so that adding costs the same at any length."""

    __slots__ = ("_length", "_room")

    def __init__(self, kind: type[Kind]) -> None:
        self._room: NDArray[Kind] = np.empty(_FIRST, kind)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, values: NDArray[Any]) -> None:
        """Values behind the last one."""
        end = self._length + len(values)
        if end > len(self._room):
            room: NDArray[Kind] = np.empty(max(end, 2 * len(self._room)), self._room.dtype)
            room[: self._length] = self._room[: self._length]
            self._room = room
        self._room[self._length : end] = values
        self._length = end

    def all(self) -> NDArray[Kind]:
        """What there is now, without copying."""
        return self._room[: self._length]
