"""The entries behind a number: which they are, their subtotals, and one page of them in the order of days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

import numpy as np

from services.reporting.columns.fetch import Cell, Subject
from services.reporting.columns.held import Indexes, Look, Numbers, day_of_number, instant_of_number
from services.reporting.columns.sums import Window, counted
from services.reporting.ledger.measures import measure
from services.reporting.questions.area import Area
from services.reporting.questions.question import BasisFilter
from services.reporting.questions.small import cells_in, subjects_in
from services.reporting.questions.sources import BESIDE_OLDS
from shared.kernel.place import MapName
from shared.reference.book import Places


class Line(NamedTuple):
    """One entry's amount of the measure, and where its event stands."""

    cell: Cell
    subject: Subject
    valid_on: date
    known_at: datetime
    position: int
    amount: int


class Subtotal(NamedTuple):
    """What a cell holds of the listed entries; of one subject if subjects are told apart."""

    cell: Cell
    subject: Subject | None
    amount: int
    entries: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of a measure, some cohorts (none named: all), a basis, some areas by their names in a sheet."""

    measure: str
    cohorts: tuple[str, ...]
    basis: BasisFilter
    names: Collection[str]
    area: Area
    map: MapName


@dataclass(frozen=True, slots=True)
class Behind:
    """The entries behind a number."""

    look: Look
    rows: Indexes
    amounts: Numbers

    @classmethod
    def of(cls, look: Look, places: Places, wanted: Wanted, window: Window) -> Behind:
        """Find them."""
        rows, amounts = look.amounts.get(measure(wanted.measure), _NOTHING)
        kept = counted(look, rows, window)
        if kept is not None:
            rows, amounts = rows[kept], amounts[kept]
        inside = np.zeros(look.cell_count, np.bool_)
        within = cells_in(look, places, wanted.area, wanted.map) if wanted.area.kind == "commune" else range(look.cell_count)
        inside[[number for number in within if _counts(look.cells[number], wanted)]] = True
        mine = inside[look.cell[rows]]
        if wanted.area.kind == "club":
            mine &= np.isin(look.subject[rows], subjects_in(look, wanted.area, ()))
        return cls(look, rows[mine], amounts[mine])

    @property
    def total(self) -> int:
        """All amounts together."""
        return int(self.amounts.sum())

    def subtotals(self, *, by_subject: bool) -> list[Subtotal]:
        """By cell, and by subject if asked."""
        look = self.look
        numbers = look.cell[self.rows].astype(np.int64)
        if by_subject:
            numbers += look.subject[self.rows].astype(np.int64) * look.cell_count
        found, into, entries = np.unique(numbers, return_inverse=True, return_counts=True)
        amounts = np.zeros(len(found), np.int64)
        np.add.at(amounts, into, self.amounts)
        return [
            Subtotal(
                look.cells[number % look.cell_count],
                look.subjects[number // look.cell_count] if by_subject else None,
                amount,
                count,
            )
            for number, amount, count in zip(found.tolist(), amounts.tolist(), entries.tolist(), strict=True)
        ]

    def page(self, start: int, length: int) -> list[Line]:
        """Some entries by day, then by when they became known; the place in the log and the cell settle the rest."""
        days, known = self.look.days[self.rows], self.look.known[self.rows]
        order = np.lexsort((known, days))
        end = min(start + length, len(order))
        if start >= end:
            return []
        first, last = start, end
        while first > 0 and _same(days, known, order[first - 1], order[start]):
            first -= 1
        while last < len(order) and _same(days, known, order[last], order[end - 1]):
            last += 1
        lines = sorted((self._line(index) for index in order[first:last].tolist()), key=_order)
        return lines[start - first : end - first]

    def _line(self, index: int) -> Line:
        look, row = self.look, int(self.rows[index])
        return Line(
            look.cells[int(look.cell[row])],
            look.subjects[int(look.subject[row])],
            day_of_number(int(look.days[row])),
            instant_of_number(int(look.known[row])),
            int(look.positions[row]),
            int(self.amounts[index]),
        )


def _order(line: Line) -> tuple[object, ...]:
    where = line.subject
    cell = line.cell
    return (line.valid_on, line.known_at, where.source, where.lane, line.position, cell.basis, cell.place, cell.cohort)


def _same(days: Indexes, known: Numbers, one: int, other: int) -> bool:
    return bool(days[one] == days[other] and known[one] == known[other])


def _counts(cell: Cell, wanted: Wanted) -> bool:
    if wanted.basis not in ("any", cell.basis) or (wanted.cohorts and cell.cohort not in wanted.cohorts):
        return False
    names = wanted.names
    return (
        "VN" in names
        or f"34:{cell.province34}" in names
        or f"63:{cell.province63}" in names
        or (not cell.province63 and f"34:{cell.province34}{BESIDE_OLDS}" in names)
    )


_NOTHING: Final = (np.empty(0, np.int32), np.empty(0, np.int64))
