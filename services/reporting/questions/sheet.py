"""The sums of one window, laid out by area, so that every indicator of every area is a look-up and an addition. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from services.reporting.questions.cube import Cell
from shared.kernel.place import MapName

NOWHERE: Final[Mapping[MapName, str]] = {"63": "63:", "34": "34:"}
"""What lies in no single province of a map."""

_Parts = dict[tuple[str, str], int]


class Sums(Protocol):
    """What indicators are computed from."""

    def by_basis(self, area: str, measure: str, cohorts: tuple[str, ...] = ()) -> dict[str, int]:
        """The amounts of a measure by basis, of some cohorts only if they are named."""
        ...

    def amount(self, area: str, measure: str, cohorts: tuple[str, ...] = ()) -> int:
        """All bases together."""
        ...


def provinces_of(cell: Cell) -> tuple[str, ...]:
    """The areas that a cell counts in: the nation, and its province (or none) on both maps."""
    return "VN", f"63:{cell.province63}", f"34:{cell.province34}"


class Sheet:
    """Sums by area and measure, apart for each cohort and basis. `areas` says in which areas a cell counts."""

    def __init__(self, cells: Iterable[Cell], areas: Callable[[Cell], Iterable[str]] = provinces_of) -> None:
        self._sums: dict[tuple[str, str], _Parts] = {}
        for cell in cells:
            part = (cell.cohort, cell.basis)
            measure, amount = cell.measure, cell.amount
            for area in areas(cell):
                sums = self._sums.get((area, measure))
                if sums is None:
                    self._sums[area, measure] = {part: amount}
                else:
                    sums[part] = sums.get(part, 0) + amount

    def by_basis(self, area: str, measure: str, cohorts: tuple[str, ...] = ()) -> dict[str, int]:
        """The amounts of a measure by basis, of some cohorts only if they are named."""
        found: dict[str, int] = {}
        for (cohort, basis), amount in self._sums.get((area, measure), _NONE).items():
            if not cohorts or cohort in cohorts:
                found[basis] = found.get(basis, 0) + amount
        return found

    def amount(self, area: str, measure: str, cohorts: tuple[str, ...] = ()) -> int:
        """All bases together."""
        sums = self._sums.get((area, measure), _NONE)
        if not cohorts:
            return sum(sums.values())
        return sum(amount for (cohort, _), amount in sums.items() if cohort in cohorts)


_NONE: Final[Mapping[tuple[str, str], int]] = {}
