"""Sums by province at the end of each of several days, made in one pass over the ledger: what a series is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from services.reporting.columns.held import Indexes, Look, Numbers, day_number
from services.reporting.columns.sums import Window, counted
from services.reporting.ledger.measures import measure
from services.reporting.questions.cube import provinces
from services.reporting.questions.question import Clocks

_DAY: Final = timedelta(days=1)
Line = dict[str, list[int]]
"""By basis: the sum of everything until each day."""


class Lines:
    """The sums of some measures until each of some days, as known at one instant."""

    def __init__(self, look: Look, measures: Iterable[str], clocks: Clocks, days: Iterable[date]) -> None:
        ordered = sorted(set(days))
        self._days = {day: index for index, day in enumerate(ordered)}
        self._keys = provinces(look).keys
        self._inside: dict[str, list[int]] = {}
        for index, key in enumerate(self._keys):
            if clocks.basis in ("any", key.basis):
                for area in ("VN", f"63:{key.province63}", f"34:{key.province34}"):
                    self._inside.setdefault(area, []).append(index)
        window = Window.of(look, clocks)
        edges = np.array([day_number(day) for day in ordered], np.int32)
        self._sums = {name: _until(look, measure(name), window, edges) for name in measures}
        self._lines: dict[tuple[str, str, tuple[str, ...]], Line] = {}

    def at(self, day: date, since: date | None = None) -> Until:
        """The sums until one of the days, from a first day on. Both that day and the one before the first must be known."""
        return Until(self, self._days[day], None if since is None else self._days[since - _DAY])

    def line(self, area: str, name: str, cohorts: tuple[str, ...]) -> Line:
        """One area's sums of a measure until every day."""
        key = (area, name, cohorts)
        line = self._lines.get(key)
        if line is None:
            inside: dict[str, list[int]] = {}
            for index in self._inside.get(area, ()):
                if not cohorts or self._keys[index].cohort in cohorts:
                    inside.setdefault(self._keys[index].basis, []).append(index)
            sums = self._sums[name]
            line = self._lines[key] = {basis: sums[indexes].sum(axis=0).tolist() for basis, indexes in inside.items()}
        return line


@dataclass(frozen=True, slots=True)
class Until:
    """The sums until one day (`questions.sheet.Sums`)."""

    lines: Lines
    last: int
    before: int | None

    def by_basis(self, area: str, measure: str, cohorts: tuple[str, ...] = ()) -> dict[str, int]:
        """The amounts of a measure by basis, of some cohorts only if they are named."""
        last, before = self.last, self.before
        line = self.lines.line(area, measure, cohorts).items()
        if before is None:
            return {basis: sums[last] for basis, sums in line}
        return {basis: sums[last] - sums[before] for basis, sums in line}

    def amount(self, area: str, measure: str, cohorts: tuple[str, ...] = ()) -> int:
        """All bases together."""
        return sum(self.by_basis(area, measure, cohorts).values())


def days_needed(last: Sequence[date], since: Iterable[date | None]) -> set[date]:
    """The days at which sums must be known for windows that end on `last` and begin on `since`."""
    return {*last, *(first - _DAY for first in since if first is not None)}


def _until(look: Look, number: int, window: Window, edges: Indexes) -> Numbers:
    groups = provinces(look)
    sums = np.zeros((len(groups.keys), len(edges)), np.int64)
    if number in look.amounts:
        rows, amounts = look.amounts[number]
        inside = counted(look, rows, window)
        if inside is not None:
            rows, amounts = rows[inside], amounts[inside]
        first = np.searchsorted(edges, look.days[rows])
        np.add.at(sums.reshape(-1), groups.into[look.cell[rows]].astype(np.int64) * len(edges) + first, amounts)
    return np.cumsum(sums, axis=1)
