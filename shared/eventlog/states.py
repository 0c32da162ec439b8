"""What a handler keeps in memory of streams: their last states, and whose turn it is on a stream that many want at once.

Both only save work: a state may be stale, since the log checks the version of every append, and turns keep callers of one
process from conflicting with each other for ever. Neither is needed for a right answer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple


class Known(NamedTuple):
    """A stream at a version; the state of a stream without events is None."""

    version: int
    state: Any


class StateCache:
    """The states of the streams that were used last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[str, Known] = OrderedDict()

    def get(self, stream: str) -> Known | None:
        """What is known of the stream, perhaps stale."""
        known = self._known.get(stream)
        if known is not None:
            self._known.move_to_end(stream)
        return known

    def put(self, stream: str, known: Known) -> None:
        """Keep a state, unless a later one is kept already."""
        before = self._known.get(stream)
        if before is None or before.version <= known.version:
            self._known[stream] = known
            self._known.move_to_end(stream)
            if len(self._known) > self._size:
                self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget all streams: the log may be another than the one that they were read from."""
        self._known.clear()

    def drop_unless(self, stream: str, version: int) -> None:
        """Forget the stream if it is known at another version."""
        known = self._known.get(stream)
        if known is not None and known.version != version:
            del self._known[stream]


class Turns:
    """A queue for each stream that is contended. A stream that nobody fought for costs nothing."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    def contended(self, streams: Iterable[str]) -> set[str]:
        """Those of the streams that somebody has a turn on now."""
        return {stream for stream in streams if stream in self._locks} if self._locks else set()

    @asynccontextmanager
    async def take(self, streams: Iterable[str]) -> AsyncGenerator[None]:
        """Wait for the turn on all these streams; in sorted order, so that nobody waits in a circle."""
        wanted = sorted(streams)
        for stream in wanted:
            self._locks.setdefault(stream, asyncio.Lock())
            self._users[stream] = self._users.get(stream, 0) + 1
        try:
            async with AsyncExitStack() as stack:
                for stream in wanted:
                    await stack.enter_async_context(self._locks[stream])
                yield
        finally:
            for stream in wanted:
                self._users[stream] -= 1
                if self._users[stream] == 0:
                    del self._users[stream], self._locks[stream]
