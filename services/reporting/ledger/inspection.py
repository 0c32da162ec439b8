"""How inspections (đoàn kiểm tra, giám sát) and recommendations (kiến nghị) move the ledger. Pure.

A recommendation is open from the day on which the team finished until the day on which it was remedied; a re-check that is not
satisfied opens it again. It is overdue while it is open after its deadline. An inspection belongs to the smallest place
that holds all its places; a recommendation to the place of its finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, assert_never

from services.reporting.ledger.entries import COUNTED, FOREVER, Book
from services.reporting.ledger.keys import Keys
from services.reporting.ledger.measures import measure
from shared.events.monitoring import (
    InspectionCompleted,
    InspectionEvent,
    InspectionPlanned,
    Recommendation,
    RecommendationRechecked,
    RecommendationRemedied,
)


class Advice(NamedTuple):
    """A finding: where, whether it recommends something, and by when."""

    number: int
    place: str
    recommends: bool
    deadline: int


class Step(NamedTuple):
    """A remedy (closes) or an unsatisfied re-check (opens), in the order in which they were recorded."""

    finding: int
    day: int
    order: int
    closes: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """An inspection as it stands."""

    places: tuple[str, ...]
    planned_on: int = FOREVER
    completed_on: int = FOREVER
    generated: bool = False
    visited: int = 0
    findings: tuple[Advice, ...] = ()
    steps: tuple[Step, ...] = ()


def fold_inspection(state: Inspection | None, event: InspectionEvent, keys: Keys, book: Book) -> Inspection:
    """The inspection after an event; the book takes the new timelines minus the old ones."""
    match event:
        case InspectionPlanned():
            base = state or Inspection(())
            places = tuple(place.key for place in event.places) if base.completed_on == FOREVER else base.places
            new = replace(base, places=places, planned_on=event.starts_on.toordinal())
        case InspectionCompleted():
            new = replace(
                state or Inspection(()),
                places=tuple(place.key for place in event.places),
                completed_on=event.completed_on.toordinal(),
                generated=event.generated,
                visited=len(event.clubs_visited),
                findings=tuple(
                    Advice(each.number, each.place.key, each.recommendation is not None, _deadline(each.recommendation))
                    for each in event.findings
                ),
            )
        case RecommendationRemedied():
            new = _step(state, event.finding, event.remedied_on.toordinal(), closes=True)
        case RecommendationRechecked():
            new = _step(state, event.finding, event.rechecked_on.toordinal(), closes=event.satisfied)
        case _:
            assert_never(event)
    if state is not None:
        _whole(book, state, keys, -1)
    _whole(book, new, keys, 1)
    return new


def _deadline(recommendation: Recommendation | None) -> int:
    day = None if recommendation is None else recommendation.deadline
    return FOREVER if day is None else day.toordinal()


def _step(state: Inspection | None, finding: int, day: int, *, closes: bool) -> Inspection:
    base = state or Inspection(())
    return replace(base, steps=(*base.steps, Step(finding, day, len(base.steps), closes)))


def _whole(book: Book, state: Inspection, keys: Keys, sign: int) -> None:
    if not state.places:
        return
    page = book.at(keys.common(state.places))
    page.span(state.planned_on, state.completed_on, COUNTED, {measure("inspections_planned"): 1}, sign)
    if state.completed_on == FOREVER:
        return
    done = {"inspections": 1, "inspections_generated": int(state.generated), "clubs_visited": state.visited}
    page.add(state.completed_on, COUNTED, {measure(name): amount for name, amount in done.items() if amount}, sign)
    for finding in state.findings:
        at = book.at(keys.of(finding.place))
        at.add(state.completed_on, COUNTED, {measure("findings"): 1}, sign)
        if not finding.recommends:
            continue
        at.add(state.completed_on, COUNTED, {measure("recommendations"): 1}, sign)
        for start, end, is_open in _periods(state, finding.number):
            if is_open:
                at.span(start, end, COUNTED, {measure("recommendations_open"): 1}, sign)
                if finding.deadline < FOREVER:
                    overdue = max(start, finding.deadline + 1)
                    at.span(overdue, end, COUNTED, {measure("recommendations_overdue"): 1}, sign)
            else:
                at.span(start, end, COUNTED, {measure("recommendations_remedied"): 1}, sign)


def _periods(state: Inspection, number: int) -> Iterator[tuple[int, int, bool]]:
    """The periods of a recommendation, open and remedied in turn, from the day on which the team finished."""
    start, is_open = state.completed_on, True
    for step in sorted((step for step in state.steps if step.finding == number), key=lambda step: (step.day, step.order)):
        day = max(step.day, state.completed_on)
        if step.closes == is_open:
            yield start, day, is_open
            start, is_open = day, not is_open
    yield start, FOREVER, is_open
