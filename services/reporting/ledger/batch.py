"""A batch of events folded in memory: what must be read before, and every row to be written after. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache

from services.reporting.ledger import text
from services.reporting.ledger.club import Club
from services.reporting.ledger.club_fold import key_of
from services.reporting.ledger.days import day_text
from services.reporting.ledger.entries import Entry, Key
from services.reporting.ledger.fold import fold
from services.reporting.ledger.inspection import Inspection
from services.reporting.ledger.keys import Keys
from services.reporting.ledger.round import Board, Round
from services.reporting.ledger.state import Parts, Subject, changed, decode
from shared.events.clubs import MonthReported
from shared.events.monitoring import TargetSet
from shared.events.reporting import FigureDeclared
from shared.kernel.clock import HO_CHI_MINH
from shared.kernel.place import NATION
from shared.projections.view import Delivered

Row = tuple[object, ...]


@dataclass(slots=True)
class Freshness:
    """What a province has sent: how many events, the last when, and the latest month that a club reported."""

    events: int
    recorded_at: datetime
    latest_month: date | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What is to be written of some events: lines of COPY, records, and the changed parts of states."""

    events: Sequence[str]
    entries: Sequence[str]
    declarations: Sequence[Row]
    targets: Sequence[Row]
    parts: Sequence[tuple[str, int, bytes]]


@dataclass(slots=True)
class Batch:
    """The rows of one batch. `stored` holds the parts that were loaded last, `states` what they became; `freshness` and `lanes`
    are of all that was ever folded here, the rest of what was folded since the last rows were taken."""

    keys: Keys
    stored: Mapping[str, Parts] = field(default_factory=dict[str, Parts])
    states: dict[str, Subject | None] = field(default_factory=dict[str, "Subject | None"])
    events: list[str] = field(default_factory=list[str])
    entries: list[str] = field(default_factory=list[str])
    declarations: list[Row] = field(default_factory=list[Row])
    targets: list[Row] = field(default_factory=list[Row])
    changed: set[str] = field(default_factory=set[str])
    freshness: dict[str, Freshness] = field(default_factory=dict[str, Freshness])
    lanes: dict[tuple[str, int], tuple[int, datetime]] = field(default_factory=dict[tuple[str, int], tuple[int, datetime]])

    @classmethod
    def over(cls, keys: Keys, stored: Mapping[str, Parts]) -> Batch:
        """A batch over the states that are stored, by stream."""
        batch = cls(keys)
        batch.look(stored)
        return batch

    def look(self, stored: Mapping[str, Parts]) -> None:
        """Begin with the states of the next events; the rows of the ones before were taken."""
        self.stored = stored
        self.states = {stream: decode(parts) for stream, parts in stored.items()}

    def take(self) -> Rows:
        """The rows of what was folded since they were taken last."""
        rows = Rows(self.events, self.entries, self.declarations, self.targets, list(self.changed_parts()))
        self.events, self.entries, self.declarations, self.targets = [], [], [], []
        self.changed.clear()
        return rows

    def fold_all(self, delivered: Iterable[Delivered]) -> None:
        """Fold events in order."""
        for each in delivered:
            self.fold(each)

    def fold(self, delivered: Delivered) -> tuple[Entry, ...]:
        """Fold one event; answers its entries. May raise `CannotFollow` for an event that cannot be placed."""
        recorded, event = delivered.recorded, delivered.event
        stream, at = recorded.stream, recorded.recorded_at
        where = (recorded.source, recorded.lane, recorded.position)
        if isinstance(event, FigureDeclared):
            self.declarations.append(_declaration(delivered, event))
            entries: tuple[Entry, ...] = ()
            key = self.keys.of(event.area.key) if event.area is not None else self.keys.of(NATION.key)
        elif isinstance(event, TargetSet):
            self.targets.append(_target(delivered, event))
            entries, key = (), self.keys.of(event.area.key)
        else:
            state, entries = fold(self.states.get(stream), event, self.keys)
            self.states[stream] = state
            self.changed.add(stream)
            key = _subject_key(state, self.keys)
        place = f"{recorded.source}\t{recorded.lane}\t{recorded.position}\t"
        known_at = at.isoformat()
        who = f"{stream}\t{text.field(recorded.actor)}\t{known_at}"
        self.events.append(f"{place}{recorded.event_id}\t{recorded.type}\t{who}")
        if entries:
            self._write(entries, f"{place}{stream}", known_at)
        self._freshen(key, at, event.month if isinstance(event, MonthReported) else None)
        lane = self.lanes.get(where[:2])
        if lane is None or lane[0] < recorded.position:
            self.lanes[where[:2]] = (recorded.position, at)
        return entries

    def _write(self, entries: Sequence[Entry], where: str, known_at: str) -> None:
        rows = self.entries
        for key, day, basis, amounts in entries:
            rows.append(f"{where}\t{text.of_key(key)}\t{day_text(day)}\t{known_at}\t{basis}\t{text.amounts(amounts)}")

    def _freshen(self, key: Key, at: datetime, month: date | None) -> None:
        for province in _provinces(key):
            fresh = self.freshness.get(province)
            if fresh is None:
                self.freshness[province] = Freshness(1, at, month)
                continue
            fresh.events += 1
            fresh.recorded_at = max(fresh.recorded_at, at)
            if month is not None and (fresh.latest_month is None or month > fresh.latest_month):
                fresh.latest_month = month

    def changed_parts(self) -> Iterator[tuple[str, int, bytes]]:
        """Every part of a state that an event changed: stream, number and bytes."""
        for stream in sorted(self.changed):
            for part, data in changed(self.states[stream], self.stored.get(stream, {})).items():
                yield stream, part, data


@lru_cache(maxsize=65536)
def _provinces(key: Key) -> tuple[str, ...]:
    """The keys under which a key's freshness is kept: the nation, and its province on both maps where there is one."""
    known = (f"63:{key.province63}" if key.province63 else None, f"34:{key.province34}" if key.province34 else None)
    return ("VN", *(province for province in known if province is not None))


def _subject_key(state: Subject | None, keys: Keys) -> Key:
    match state:
        case Club():
            return key_of(state, keys)
        case Round():
            return keys.of(state.place)
        case Board():
            return keys.of(state.place or NATION.key)
        case Inspection():
            return keys.common(state.places) if state.places else keys.of(NATION.key)
        case None:
            return keys.of(NATION.key)


def _declaration(delivered: Delivered, event: FigureDeclared) -> Row:
    recorded = delivered.recorded
    known_at = recorded.recorded_at
    if event.published_on is not None:
        known_at = datetime.combine(event.published_on, time(), HO_CHI_MINH)
    return (
        recorded.stream, recorded.version, event.metric, event.indicator, event.area.key if event.area else None, event.scope,
        event.value, event.unit, event.qualifier, event.basis, event.formula, event.valid_from, event.valid_to,
        event.date_as_printed, event.published_on, event.source, recorded.recorded_at, known_at, recorded.event_id,
    )  # fmt: skip


def _target(delivered: Delivered, event: TargetSet) -> Row:
    recorded = delivered.recorded
    return (
        recorded.stream, recorded.version, event.scheme, event.indicator, event.area.key, event.period_from, event.period_to,
        event.low, event.high, event.measure, event.source, recorded.recorded_at, recorded.event_id,
    )  # fmt: skip
