"""What an event is: an immutable fact in the past tense, with the name and the version it has on the wire.

The name and the version are written out literally at the class, so that renaming a class changes no history. Decoding
goes by `(type, version)` straight to the one model: no trial and error over a union. Refuses NaN and infinities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, get_args

import pydantic
from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """A fact that a service has recorded (sự kiện). Subclasses name themselves: `class X(Event, type="a.b", version=1)`.

    Unknown fields of a newer writer are ignored on reading; `Upcasts` brings fields of older versions forward.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 0

    def __init_subclass__(cls, *, type: str = "", version: int = 0, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.TYPE = type
        cls.VERSION = version

    def to_json(self) -> str:
        """The event's data as it is stored, hashed and published: compact JSON, unset (unknown) fields left out."""
        return self.model_dump_json(exclude_none=True)


class UnknownEventType(Exception):
    """No class of the union has this name: a newer producer. Readers count it and go on."""


class Undecodable(Exception):
    """The type is known, but the bytes are not an event of it: poison, to be parked with its coordinates."""


type_key = tuple[str, int]
Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class EventCodec:
    """Decodes the events of one union (or several), bringing old versions forward on read (I13).

    `upcasts` maps `(type, old version)` to a function from that version's data to the next version's data. The class of an old
    version stays in the union, so that its schema stays published; what it wrote is read as the newest version all the same.
    """

    def __init__(self, *unions: object, upcasts: Mapping[type_key, Upcast] | None = None) -> None:
        self._classes: dict[type_key, type[Event]] = {}
        self._current: dict[str, int] = {}
        self._upcasts = dict(upcasts or {})
        for union in unions:
            for cls in _members(union):
                self._classes[(cls.TYPE, cls.VERSION)] = cls
                self._current[cls.TYPE] = max(cls.VERSION, self._current.get(cls.TYPE, 0))

    @property
    def classes(self) -> tuple[type[Event], ...]:
        """Every event class, in the order of the union."""
        return tuple(self._classes.values())

    def decode(self, type: str, version: int, data: bytes | str) -> Event:
        """The event. May raise `UnknownEventType` (name or future version) and `Undecodable` (bad bytes or fields, or an old
        version that no upcast brings forward: it is parked, not passed over)."""
        cls = self._classes.get((type, version))
        if cls is None or (type, version) in self._upcasts:
            return self._decode_old(type, version, data)
        try:
            return cls.model_validate_json(data)
        except (pydantic.ValidationError, ValueError) as error:
            raise Undecodable(f"{type} v{version}: {error}") from error

    def _decode_old(self, type: str, version: int, data: bytes | str) -> Event:
        current = self._current.get(type)
        if current is None or version > current:
            raise UnknownEventType(f"{type} v{version}")
        try:
            fields: dict[str, Any] = pydantic.TypeAdapter(dict[str, Any]).validate_json(data)
            while (type, version) in self._upcasts:
                fields = self._upcasts[(type, version)](fields)
                version += 1
            cls = self._classes.get((type, version))
            if cls is None:
                raise Undecodable(f"{type} v{version}: no upcast to v{version + 1}")
            return cls.model_validate(fields)
        except Undecodable:
            raise
        except Exception as error:  # whatever an upcast raises on odd bytes: one event must never stop its reader
            raise Undecodable(f"{type} v{version}: {error}") from error


def _members(union: object) -> tuple[type[Event], ...]:
    if isinstance(union, type) and issubclass(union, Event):
        return (union,)
    return tuple(cls for part in get_args(union) for cls in _members(part))
