"""The views that the simulated reporting service keeps: the real ledger fold over memory tables, and a naive list.

`MemoryFigures` runs the real `Batch` (fold, states, rows, freshness) and writes what the SQL of `FiguresView` would. `Seen`
only appends the version of each event to its stream's row, so that anything applied twice, lost or out of order shows.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from services.reporting.ledger.batch import Batch, Freshness
from services.reporting.ledger.entries import Entry
from services.reporting.ledger.fold import CODEC
from services.reporting.ledger.keys import Keys
from shared.kernel.ports import PlaceBook
from shared.projections.memory_tables import MemoryTransaction
from shared.projections.policy import POLICY
from shared.projections.view import Delivered
from tests.simulator.faults import Faults

_KEYS: dict[int, Keys] = {}


class Poison:
    """Events that break a view until it is mended, and events that it stumbles over now and then."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._bad: dict[str, bool] = {}

    def strike(self, events: Sequence[Delivered]) -> None:
        """May raise `ValueError`."""
        active = self._faults.active
        if "view.poison" in active:
            for each in events:
                if each.recorded.event_id not in self._bad:
                    self._bad[each.recorded.event_id] = self._faults.fire("view.poison")
                if self._bad[each.recorded.event_id]:
                    raise ValueError(f"cannot fold {each.recorded.event_id}")
        if "view.stumbles" in active and self._faults.fire("view.stumbles"):
            raise ValueError("not this time")


class MemoryFigures:
    """The ledger of reporting, in memory."""

    name = "figures"
    version = 3
    codec = CODEC
    rows = ("subjects", "events", "declarations", "targets", "freshness", "lanes", "entries", "lines")

    def __init__(self, places: PlaceBook, sources: Sequence[str], poison: Poison | None = None) -> None:
        self._keys = _KEYS.setdefault(id(places), Keys(places))
        self._poison = poison
        self.sources = tuple(sources)

    def tables(self) -> str:
        return ""

    async def apply(self, connection: Any, events: Sequence[Delivered]) -> None:
        tables: MemoryTransaction = connection
        if self._poison is not None:
            self._poison.strike(events)
        stored = {each.recorded.stream: tables.get("subjects", each.recorded.stream) for each in events}
        batch = Batch.over(self._keys, {stream: parts for stream, parts in stored.items() if parts is not None})
        entries = [batch.fold(each) for each in events]
        for each, written, row in zip(events, entries, batch.events, strict=True):
            recorded = each.recorded
            tables.merge("events", (recorded.source, recorded.lane, recorded.position), (row,), _both)
            tables.merge("entries", recorded.stream, tuple((recorded.recorded_at, entry) for entry in written), _both)
        tables.merge("lines", "entries", tuple(batch.entries), _both)
        for table, rows in (("declarations", batch.declarations), ("targets", batch.targets)):
            for row in rows:
                tables.merge(table, row[:2], (row,), _both)
        parts = dict[str, dict[int, bytes]]()
        for stream, part, data in batch.changed_parts():
            parts.setdefault(stream, dict(stored[stream] or {}))[part] = data
        for stream, whole in parts.items():
            tables.put("subjects", stream, dict(sorted(whole.items())))
        for province, fresh in batch.freshness.items():
            tables.merge("freshness", province, fresh, _fresher)
        for lane, head in batch.lanes.items():
            tables.merge("lanes", lane, head, max)


class Seen:
    """The versions of each stream in the order in which they came, with the ids of the events."""

    name = "seen"
    version = 1
    codec = CODEC
    rows = ("seen",)

    def __init__(self, sources: Sequence[str], poison: Poison | None = None) -> None:
        self._poison = poison
        self.sources = tuple(sources)

    def tables(self) -> str:
        return ""

    async def apply(self, connection: Any, events: Sequence[Delivered]) -> None:
        if self._poison is not None:
            self._poison.strike(events)
        for each in events:
            recorded = each.recorded
            before = connection.get("seen", recorded.stream, ())
            connection.put("seen", recorded.stream, (*before, (recorded.version, recorded.event_id)))


class Answers:
    """A policy that answers every event: how often it was asked to, by event."""

    name = f"{POLICY}answers"
    version = 1
    codec = CODEC
    rows = ()

    def __init__(self, sources: Sequence[str], poison: Poison | None = None) -> None:
        self._poison = poison
        self.sources = tuple(sources)

    def tables(self) -> str:
        return ""

    async def apply(self, connection: Any, events: Sequence[Delivered]) -> None:
        if self._poison is not None:
            self._poison.strike(events)
        for each in events:
            answered = connection.get(self.name, each.recorded.event_id, 0)
            connection.put(self.name, each.recorded.event_id, answered + 1)


def dump(tables: dict[str, dict[Any, Any]]) -> str:
    """Every row of the ledger, in an order that no arrival can change."""
    lines: list[str] = []
    for table in ("subjects", "events", "declarations", "targets", "freshness", "lanes"):
        lines += [f"-- {table}", *(f"{key}\t{row}" for key, row in sorted(tables.get(table, {}).items()))]
    lines += ["-- entries", *sorted(tables.get("lines", {}).get("entries", ()))]
    return "\n".join(lines)


def digest(tables: dict[str, dict[Any, Any]]) -> int:
    return zlib.crc32(dump(tables).encode())


def entries_of(tables: dict[str, dict[Any, Any]], stream: str) -> tuple[tuple[Any, Entry], ...]:
    """The entries of a stream with the instants from which they are known."""
    return tables.get("entries", {}).get(stream, ())


def _both(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return one + other


def _fresher(one: Freshness, other: Freshness) -> Freshness:
    months = [month for month in (one.latest_month, other.latest_month) if month is not None]
    return Freshness(one.events + other.events, max(one.recorded_at, other.recorded_at), max(months, default=None))
