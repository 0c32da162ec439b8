"""How an event moves the timelines of a club: `(club, event) -> (club, entries)`, pure.

A report changes only the days that it is about: the differences at its own day and at the next report's. What changes
the whole life of a club (a corrected founding, suspension, dissolution) writes the new timelines minus the old ones.
Dissolved clubs still count as founded; they leave the clubs that exist, and their members and funds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, assert_never

from services.reporting.ledger.club import (
    ACTIVE,
    HOLDS_A_YEAR,
    MEETING,
    Club,
    Month,
    Snapshot,
    borrowers_step,
    funds_step,
    member_step,
    month_flows,
    month_of_report,
    quality_step,
    snapshot_of,
)
from services.reporting.ledger.days import month_start
from services.reporting.ledger.entries import COUNTED, FOREVER, Book, Key, Page
from services.reporting.ledger.history import MEETINGS, MONTHS, SNAPSHOTS, History, Row
from services.reporting.ledger.keys import CannotFollow, Keys, cohort_of
from services.reporting.ledger.measures import measure
from services.reporting.ledger.steps import Line, Step
from shared.events.clubs import (
    BoardRenewed,
    ClubDissolved,
    ClubEvent,
    ClubFounded,
    ClubResumed,
    ClubSuspended,
    FoundingCorrected,
    MembersReported,
    MonthReported,
)

_FOUNDED: Final = measure("clubs_founded")
_EXISTING: Final = measure("clubs_existing")
_GENERATED: Final = measure("clubs_generated")
_SUSPENDED: Final = measure("clubs_suspended")
_BOARDS: Final = measure("boards_renewed")


def fold_club(club: Club | None, event: ClubEvent, keys: Keys, book: Book) -> Club:
    """The club after an event; the book takes the entries. May raise `CannotFollow` for an event before the founding."""
    if isinstance(event, ClubFounded):
        founded = Club(event.commune.key, event.founded_on.toordinal(), event.generated)
        whole(book, founded, keys, 1)
        return founded
    if club is None:
        raise CannotFollow(f"{event.TYPE} of a club that was never founded")
    match event:
        case MonthReported():
            return _put_month(book.at(key_of(club, keys)), club, month_of_report(event))
        case MembersReported():
            return _put_snapshot(book.at(key_of(club, keys)), club, snapshot_of(event))
        case BoardRenewed():
            renewed = event.renewed_on.toordinal()
            book.at(key_of(club, keys)).add(renewed, COUNTED, {_BOARDS: 1})
            return replace(club, boards=tuple(sorted((*club.boards, renewed))))
        case FoundingCorrected():
            changed = replace(club, place=event.commune.key, founded_on=event.founded_on.toordinal())
        case ClubSuspended():
            changed = replace(club, suspensions=(*club.suspensions, (event.suspended_on.toordinal(), FOREVER)))
        case ClubResumed():
            changed = replace(club, suspensions=_resume(club.suspensions, event.resumed_on.toordinal()))
        case ClubDissolved():
            changed = replace(club, dissolved_on=event.dissolved_on.toordinal())
        case _:
            assert_never(event)
    whole(book, club, keys, -1)
    whole(book, changed, keys, 1)
    return changed


def key_of(club: Club, keys: Keys) -> Key:
    """Where the entries of a club belong."""
    return keys.of(club.place, cohort_of(club.founded_on))


def whole(book: Book, club: Club, keys: Keys, sign: int) -> None:
    """Every timeline of a club, from its founding on: written once at its founding, and taken back to write another."""
    page = book.at(key_of(club, keys))
    page.add(club.founded_on, COUNTED, {_FOUNDED: 1}, sign)
    page.span(club.founded_on, club.dissolved_on, COUNTED, {_EXISTING: 1}, sign)
    if club.generated:
        page.add(club.founded_on, COUNTED, {_GENERATED: 1}, sign)
    for start, end in club.suspensions:
        page.span(start, min(end, club.dissolved_on), COUNTED, {_SUSPENDED: 1}, sign)
    for day in club.boards:
        page.add(day, COUNTED, {_BOARDS: 1}, sign)
    months = [Month._make(row) for row in club.history.rows(MONTHS)]
    for month in months:
        page.add(month.day, COUNTED, month_flows(month), sign)
    stock = Line(page, HOLDS_A_YEAR, club.stock)
    stock.write([member_step(Snapshot._make(row)) for row in club.history.rows(SNAPSHOTS)], sign)
    for make in _series(club):
        stock.write([step for month in months if (step := make(month)) is not None], sign)
    Line(page, ACTIVE, club.working).write([_meeting(day) for day, _ in club.history.rows(MEETINGS)], sign)


def _series(club: Club) -> tuple[Callable[[Month], Step | None], ...]:
    return (quality_step, funds_step, lambda month: borrowers_step(month, club))


def _meeting(day: int) -> Step:
    return Step(day, COUNTED, MEETING, {})


def _resume(suspensions: tuple[tuple[int, int], ...], day: int) -> tuple[tuple[int, int], ...]:
    return tuple((start, day if end == FOREVER else end) for start, end in suspensions)


def _put_snapshot(page: Page, club: Club, new: Snapshot) -> Club:
    before, old, behind = club.history.around(SNAPSHOTS, new.day)
    until = _day_of(behind)
    line = Line(page, HOLDS_A_YEAR, club.stock)
    line.put(_member_step(before), _member_step(old), member_step(new), until)
    changed = club.told(club.history.put(SNAPSHOTS, tuple(new)))
    _rebase_borrowers(line, club, changed, new.day, until)
    return changed


def _member_step(row: Row | None) -> Step | None:
    return None if row is None else member_step(Snapshot._make(row))


def _day_of(row: Row | None) -> int:
    return FOREVER if row is None else row[0]


def _rebase_borrowers(line: Line, club: Club, changed: Club, start: int, until: int) -> None:
    """The months that lie in a changed snapshot's days now divide their borrowers by other members.

    The months are taken one by one from the one state to the other: each `put` sees the changed steps in front of its own
    day and the unchanged ones behind. A month is kept by its first day and counts on its last.
    """
    history = club.history
    _, row, behind = history.around(MONTHS, month_start(start))
    if row is None:
        row = behind
    while row is not None:
        month = Month._make(row)
        if month.day >= until:
            break
        before, _, behind = history.around(MONTHS, month.month)
        if month.borrowers is not None:
            previous = _previous(history, before, lambda each: borrowers_step(each, changed))
            after = _next_day(history, behind, lambda each: borrowers_step(each, club))
            line.put(previous, borrowers_step(month, club), borrowers_step(month, changed), after)
        row = behind


def _put_month(page: Page, club: Club, new: Month) -> Club:
    history = club.history
    before, row, behind = history.around(MONTHS, new.month)
    old = None if row is None else Month._make(row)
    page.add(new.day, COUNTED, month_flows(new))
    if old is not None:
        page.add(old.day, COUNTED, month_flows(old), -1)
    line = Line(page, HOLDS_A_YEAR, club.stock)
    for make in _series(club):
        old_step, new_step = make(old) if old is not None else None, make(new)
        if old_step is not None or new_step is not None:
            line.put(_previous(history, before, make), old_step, new_step, _next_day(history, behind, make))
    moved = _move_meeting(page, club, old.meeting if old is not None else None, new.meeting, new.month)
    return club.told(moved.put(MONTHS, tuple(new)))


def _previous(history: History, row: Row | None, make: Callable[[Month], Step | None]) -> Step | None:
    """The step of a month or of the nearest one before it that has one."""
    while row is not None:
        if (step := make(Month._make(row))) is not None:
            return step
        row = history.around(MONTHS, row[0])[0]
    return None


def _next_day(history: History, row: Row | None, make: Callable[[Month], Step | None]) -> int:
    """The day of the step of a month or of the nearest one behind it that has one."""
    while row is not None:
        if (step := make(Month._make(row))) is not None:
            return step.day
        row = history.around(MONTHS, row[0])[2]
    return FOREVER


def _move_meeting(page: Page, club: Club, old: int | None, new: int | None, month: int) -> History:
    history = club.history
    if old == new:
        return history
    line = Line(page, ACTIVE, club.working)
    if old is not None:
        before, _, behind = history.around(MEETINGS, old, month)
        line.put(_meeting_of(before), _meeting(old), None, _day_of(behind))
        history = history.without(MEETINGS, (old, month))
    if new is not None:
        before, _, behind = history.around(MEETINGS, new, month)
        line.put(_meeting_of(before), None, _meeting(new), _day_of(behind))
        history = history.put(MEETINGS, (new, month))
    return history


def _meeting_of(row: Row | None) -> Step | None:
    return None if row is None else _meeting(row[0])
