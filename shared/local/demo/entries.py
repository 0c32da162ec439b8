"""One command of the generated history, and the list of them in the order in which they are recorded.

Ids are uuid5 of the history's parameters and a key that names the fact, so that the same history has the same ids
however often it is made, and an interrupted load can be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha1
from operator import attrgetter
from random import Random
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic_core import to_json

from shared.kernel.clock import HO_CHI_MINH
from shared.reference.book import Places

Side = Literal["state", "association"]

OPENING = date(2020, 9, 14)
"""The day from which the simulated services record: two weeks after Decision 1336."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What makes a history: the seed, the last day that it may know, and its size (1 is the whole country)."""

    until: date
    seed: int = 1336
    scale: float = 1.0

    @property
    def namespace(self) -> UUID:
        """Where the ids of this history come from."""
        return uuid5(NAMESPACE_URL, f"lien-the/demo/{self.seed}/{self.scale}/{self.until.isoformat()}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as the batch door takes it; `data` is its JSON text. `side` is whose token it needs."""

    service: str
    stream: str
    id: str
    type: str
    data: str
    recorded_at: datetime
    side: Side

    def to_json(self) -> str:
        """The command in the form of the batch door."""
        at = self.recorded_at.isoformat()
        return f'{{"id":"{self.id}","type":"{self.type}","data":{self.data},"recorded_at":"{at}"}}'


@dataclass(frozen=True, slots=True)
class Scene:
    """What the makers of a history share: its parameters, the places, its random numbers, and the book it is written in."""

    parameters: Parameters
    places: Places
    rng: Random
    book: Book


_CREATED = {"found-club": "club", "plan-training": "round", "hold-training": "round", "plan-inspection": "inspection"}
"""What a command creates whose data name no stream: it takes its id from the command."""


class Book:
    """Collects entries; drops those that would be recorded after the last day."""

    def __init__(self, parameters: Parameters) -> None:
        self._namespace = parameters.namespace.bytes
        self._end = datetime.combine(parameters.until, time(17), HO_CHI_MINH).astimezone(UTC)
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def id_of(self, key: str) -> str:
        """The id of the fact that a key names."""
        return _uuid5(self._namespace, key)

    def add(self, key: str, type: str, data: Mapping[str, object], at: datetime, side: Side = "association") -> bool:
        """Record a fact at an instant; False if that lies after the last day."""
        if at > self._end:
            return False
        service, _, name = type.partition(".")
        command = self.id_of(key)
        acted_on = data.get("club") or data.get("round") or data.get("inspection")
        stream = acted_on if isinstance(acted_on, str) else f"{_CREATED[name]}-{command}"
        self._entries.append(Entry(service, stream, command, type, to_json(data).decode(), at, side))
        return True

    def in_order(self) -> tuple[Entry, ...]:
        """All entries by the instant at which they are recorded; facts of one instant keep the order of their making."""
        return tuple(sorted(self._entries, key=attrgetter("recorded_at")))


def seeded(name: str) -> Random:
    """A random number generator of its own for each thing that is made, so that one does not disturb another."""
    return Random(name)  # noqa: S311  generated figures, not secrets


def _uuid5(namespace: bytes, key: str) -> str:
    """`uuid.uuid5` at a third of its price, which counts at 120,000 a history."""
    digest = bytearray(sha1(namespace + key.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x50
    digest[8] = (digest[8] & 0x3F) | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def office_hours(rng: Random, day: date, after: datetime | None = None) -> datetime:
    """An instant of a working day on or after a day, and after an instant if one is given."""
    day = max(day, OPENING)
    while day.weekday() > 4:
        day += timedelta(days=1)
    at = datetime(day.year, day.month, day.day, 1, tzinfo=UTC) + timedelta(seconds=int(rng.random() * 32_000))
    if after is not None and at <= after:
        return after + timedelta(seconds=1 + int(rng.random() * 600))
    return at
