"""The generated national registry: 6,521 clubs and five years of their reports, trainings and inspections, as commands.

Pure and deterministic: the same parameters yield the same commands with the same ids, in the order in which they are
recorded. Every command says of itself, or of its club, that it is generated; none is dated after `until`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from shared.local.demo.entries import Book, Entry, Parameters, Scene, seeded
from shared.local.demo.inspections import write_inspections
from shared.local.demo.lives import plan_life, write_life
from shared.local.demo.members import report_members
from shared.local.demo.months import calendar, dense_from, months_of, report_month
from shared.local.demo.registry import Club, found_clubs, write_founding
from shared.local.demo.trainings import name_provisional_boards, write_trainings
from shared.reference.book import Places

COMMANDS = 94_500
"""How many commands the whole country makes; the policies' own events, one or two a club, come on top."""

EARLIEST_UNTIL = date(2024, 8, 31)
"""By then every club that is not entered late has been recorded."""

_DENSE = 0.62
"""How many of the last months a club that reports at all reports."""


@dataclass(frozen=True)
class History:
    """A generated history: its parameters, and its commands in the order in which they are recorded."""

    parameters: Parameters
    entries: tuple[Entry, ...]
    clubs: int

    @cached_property
    def by_service(self) -> Mapping[str, Sequence[Entry]]:
        """The commands of each service, in order."""
        found: dict[str, list[Entry]] = {"clubs": [], "trainings": [], "monitoring": []}
        for entry in self.entries:
            found[entry.service].append(entry)
        return found


def last_month_end(today: date) -> date:
    """The last day of the month before: up to where the demo's history reaches unless told otherwise."""
    return today.replace(day=1) - timedelta(days=1)


def generate(parameters: Parameters, places: Places) -> History:
    """The whole history. May raise `ValueError` for a last day before `EARLIEST_UNTIL` or a scale outside 0 to 1."""
    if parameters.until < EARLIEST_UNTIL:
        raise ValueError(f"the history must reach to {EARLIEST_UNTIL.isoformat()} at least")
    if not 0 < parameters.scale <= 1:
        raise ValueError("the scale lies between 0 and 1")
    book = Book(parameters)
    until, seed = parameters.until, parameters.seed
    clubs = found_clubs(parameters, places, book)
    scene = Scene(parameters, places, seeded(f"{seed}/rounds"), book)
    courses = name_provisional_boards(clubs, scene.rng)
    for club in clubs:
        own = seeded(f"{seed}/club/{club.index}")
        plan_life(club, own, until)
        write_founding(club, own, book)
        write_life(club, own, book, until)
        report_members(club, own, book, until)
    write_trainings(clubs, courses, scene)
    write_inspections(clubs, scene)
    _write_months(clubs, parameters, book)
    return History(parameters, book.in_order(), len(clubs))


def _write_months(clubs: Sequence[Club], parameters: Parameters, book: Book) -> None:
    """The last months densely; of the earlier ones as many as the size of the history leaves room for."""
    until = parameters.until
    dense = dense_from(until)
    months = calendar(until)
    possible = {club.index: months_of(club, months) for club in clubs if club.lively > 0}
    rngs = {index: seeded(f"{parameters.seed}/months/{index}") for index in possible}
    for club in clubs:
        for month in possible.get(club.index, ()):
            if month >= dense and rngs[club.index].random() < _DENSE * (0.4 + 0.6 * club.lively):
                report_month(club, month, rngs[club.index], book)
    earlier = sum(club.lively * sum(1 for month in possible.get(club.index, ()) if month < dense) for club in clubs)
    share = max(0.0, min(1.0, (COMMANDS * parameters.scale - len(book)) / earlier)) if earlier else 0.0
    for club in clubs:
        rng = rngs.get(club.index)
        for month in possible.get(club.index, ()):
            if rng is not None and month < dense and rng.random() < share * club.lively:
                report_month(club, month, rng, book)
