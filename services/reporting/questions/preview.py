"""Which figures would move (chạy thử): folds given events over the ledger without writing anything.

The entries that the events would write are added to the sums that are there, and both sides are computed by the same rules.
Nothing is stored, nothing is locked. Entries of later days are told apart: they move figures of those days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from services.reporting.indicators import ALL
from services.reporting.ledger.batch import Batch
from services.reporting.ledger.club import Club
from services.reporting.ledger.entries import Entry
from services.reporting.ledger.inspection import Inspection
from services.reporting.ledger.keys import CannotFollow, Keys
from services.reporting.ledger.measures import NAMES
from services.reporting.ledger.round import Board, Round
from services.reporting.ledger.state import Parts, decode
from services.reporting.ledger.writing import stored_parts
from services.reporting.questions import render
from services.reporting.questions.area import WHOLE_COUNTRY, Area
from services.reporting.questions.cube import Cell, Slice
from services.reporting.questions.declared import Declared
from services.reporting.questions.desk import Desk, Figure
from services.reporting.questions.geography import commune_on
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.small import Small
from services.reporting.questions.snapshot import Snapshot
from services.reporting.questions.wording import amount
from shared.events.reporting import FigureDeclared
from shared.kernel.authority import require_area
from shared.kernel.errors import Refused
from shared.kernel.event import Event
from shared.kernel.place import PlaceRef
from shared.kernel.principal import Principal
from shared.projections.view import Delivered
from shared.reference.book import Places

Json = dict[str, Any]
MOST_AREAS = 24


@dataclass(frozen=True, slots=True)
class Would:
    """What the events would write."""

    entries: tuple[Entry, ...]
    declared: tuple[Declared, ...]

    def cells(self, cut: Slice) -> Iterator[Cell]:
        """The sums that they would add to a slice."""
        last = cut.clocks.as_of.toordinal()
        first = 0 if cut.since is None else cut.since.toordinal()
        for entry in self.entries:
            if not first <= entry.valid_on <= last or cut.clocks.basis not in ("any", entry.basis):
                continue
            key = entry.key
            for number, value in entry.amounts.items():
                if (name := NAMES[number]) in cut.measures:
                    yield Cell(name, key.place, key.province63, key.province34, key.cohort, entry.basis, value)


async def preview(
    found: Snapshot, places: Places, keys: Keys, events: Sequence[Delivered], clocks: Clocks, *, principal: Principal
) -> Json:
    """The figures that would move, of the nation and of the provinces and communes that the events touch.

    May raise `Refused`: `not-your-area` for a subject or a place outside the principal's area, `events-cannot-follow`.
    """
    states = await stored_parts(found.connection, events)
    for place in sorted({place for state in states.values() for place in _subject_places(state)} | _named(events)):
        require_area(principal, PlaceRef.parse(place), places)
    would = _fold(keys, events, states)
    areas = _areas(would, places, clocks)[:MOST_AREAS]
    questions = [Question(definition, WHOLE_COUNTRY, clocks) for definition in ALL]
    old, new = Desk(places, clocks), Desk(places, clocks, would.cells)
    for desk in (old, new):
        await desk.load(found, questions)
    added = {each.stream: each for each in would.declared}
    new.know([*(each for each in new.declared if each.stream not in added), *added.values()])
    figures: list[Json] = []
    for area in areas:
        asked = [question.of(area) for question in questions]
        before, after = await _figures(found, old, area, asked), await _figures(found, new, area, asked)
        figures += [_move(was, would_be, places) for was, would_be in zip(before, after, strict=True) if _moved(was, would_be)]
    return {
        "as_of": clocks.as_of.isoformat(),
        "known_at": render.instant(clocks.known_at),
        "map": clocks.map,
        "figures": figures,
        "later": list(_later(would.entries, clocks.as_of)),
    }


def _subject_places(state: Parts) -> tuple[str, ...]:
    """Where a stored subject is."""
    match decode(state):
        case Club(place=place) | Round(place=place):
            return (place,)
        case Board(place=place):
            return () if place is None else (place,)
        case Inspection(places=several):
            return several
        case None:
            return ()


def _named(events: Sequence[Delivered]) -> set[str]:
    """The places that the events themselves say they are of."""
    found: set[str] = set()
    for each in events:
        for name in ("commune", "place", "area", "places"):
            value: object = getattr(each.event, name, None)
            refs = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
            found |= {ref.key for ref in refs if isinstance(ref, PlaceRef)}
    return found


def _fold(keys: Keys, events: Sequence[Delivered], states: Mapping[str, Parts]) -> Would:
    try:
        batch = Batch.over(keys, states)
        entries = [entry for each in events for entry in batch.fold(each)]
    except CannotFollow:
        raise Refused(
            "events-cannot-follow",
            "Các sự kiện này không thể nối tiếp những gì đã ghi, ví dụ báo cáo của câu lạc bộ chưa thành lập; "
            "nếu vừa ghi xong, hãy thử lại.",
            "These events cannot follow what is recorded, such as a report of a club that was never founded; "
            "if it was recorded just now, try again.",
            field="events",
        ) from None
    return Would(
        tuple(entries), tuple(_declared(each.event, each) for each in events if isinstance(each.event, FigureDeclared))
    )


async def _figures(found: Snapshot, desk: Desk, area: Area, questions: Sequence[Question]) -> list[Figure]:
    if area.kind == "commune":
        small = await Small(desk, area).load(found, questions, clubs=False)
        return [small.figure(question) for question in questions]
    return [desk.figure(question) for question in questions]


def _areas(would: Would, places: Places, clocks: Clocks) -> list[Area]:
    """The nation, then provinces, then communes."""
    found: dict[Area, None] = {WHOLE_COUNTRY: None}
    for entry in would.entries:
        code = entry.key.province63 if clocks.map == "63" else entry.key.province34
        if code:
            found[Area("province", f"{clocks.map}:{code}")] = None
        commune = commune_on(places, entry.key.place, clocks.map)
        if commune.kind == "commune" and commune.text[:2] == clocks.map:
            found[commune] = None
    for each in would.declared:
        if each.area is not None and each.area[:2] == clocks.map:
            found[Area("province", each.area)] = None
    order = ("nation", "province", "commune")
    return sorted(found, key=lambda area: order.index(area.kind))


def _moved(old: Figure, new: Figure) -> bool:
    return old.choice.value != new.choice.value or len(old.others) != len(new.others)


def _move(old: Figure, new: Figure, places: Places) -> Json:
    definition = new.question.definition
    before, after = old.choice.value, new.choice.value
    unit = definition.unit
    return {
        "indicator": definition.slug,
        "title": render.words(definition.title),
        "area": render.area(new.question.area, places),
        "from": render.plain(before),
        "to": render.plain(after),
        "change": render.plain((after or Decimal(0)) - (before or Decimal(0))),
        "display": {"from": render.words(amount(before, unit)), "to": render.words(amount(after, unit))},
    }


def _later(entries: Iterable[Entry], as_of: date) -> Iterator[Json]:
    for entry in sorted((entry for entry in entries if entry.valid_on > as_of.toordinal()), key=lambda entry: entry.valid_on)[
        :50
    ]:
        amounts = {NAMES[number]: value for number, value in sorted(entry.amounts.items())}
        yield {"valid_on": date.fromordinal(entry.valid_on).isoformat(), "place": entry.key.place, "amounts": amounts}


def _declared(event: Event, delivered: Delivered) -> Declared:
    if not isinstance(event, FigureDeclared):
        raise TypeError("only declared figures are declarations")
    recorded = delivered.recorded
    return Declared(
        recorded.stream, event.metric, event.indicator, event.area.key if event.area else None, event.scope, event.value,
        event.unit, event.qualifier, event.basis, event.formula, event.valid_from, event.valid_to, event.date_as_printed,
        event.published_on, event.source, recorded.recorded_at, recorded.event_id,
    )  # fmt: skip
