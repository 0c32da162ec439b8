"""The sums of one window, laid out by area, so that every indicator of every area is a look-up and an addition. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from services.reporting.questions.cube import Cell, Grouped
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


class Placed(Protocol):
    """What says where a sum belongs: a group's key, or a cell that is not in the ledger."""

    @property
    def place(self) -> str:
        """The place as recorded, or what a group is named by."""
        ...

    @property
    def province63(self) -> str:
        """Its province on the old map."""
        ...

    @property
    def province34(self) -> str:
        """Its province on the map of today."""
        ...


def provinces_of(where: Placed) -> tuple[str, ...]:
    """The areas that a sum counts in: the nation, and its province (or none) on both maps."""
    return "VN", f"63:{where.province63}", f"34:{where.province34}"


class Sheet:
    """Sums by area and measure, apart for each cohort and basis. `areas` says in which areas a sum counts.

    `seen` are the areas of all sums, those that came to nothing included.
    """

    def __init__(
        self, grouped: Grouped, more: Iterable[Cell] = (), areas: Callable[[Placed], Iterable[str]] = provinces_of
    ) -> None:
        self._sums: dict[tuple[str, str], _Parts] = {}
        inside = [tuple(areas(key)) for key in grouped.keys]
        parts = [(key.cohort, key.basis) for key in grouped.keys]
        seen: set[int] = set()
        for measure, there, amounts in grouped.parts:
            seen.update(there)
            for group, amount in zip(there, amounts, strict=True):
                self._add(inside[group], measure, parts[group], amount)
        self.seen = {area for group in seen for area in inside[group]}
        for cell in more:
            found = tuple(areas(cell))
            self.seen.update(found)
            self._add(found, cell.measure, (cell.cohort, cell.basis), cell.amount)

    def _add(self, areas: Iterable[str], measure: str, part: tuple[str, str], amount: int) -> None:
        for area in areas:
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
