"""The sums of one window, laid out by area, so that every indicator of every area is a look-up and an addition. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from services.reporting.questions.cube import Cell, Grouped
from shared.kernel.place import MapName

NOWHERE: Final[Mapping[MapName, str]] = {"63": "63:", "34": "34:"}
"""What lies in no single province of a map."""

_Parts = dict[tuple[str, str], int]
"""By cohort and basis."""
_NONE: Final[Mapping[int, int]] = {}


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
    """Sums by area and measure, apart for each cohort and basis, added up when they are first asked for: a page asks for few of
    the sums of a country. `areas` says in which areas a sum counts.
    """

    def __init__(
        self, grouped: Grouped, more: Iterable[Cell] = (), areas: Callable[[Placed], Iterable[str]] = provinces_of
    ) -> None:
        self._groups: dict[str, list[int]] = {}
        for group, key in enumerate(grouped.keys):
            for area in areas(key):
                self._groups.setdefault(area, []).append(group)
        self._of_group = [(key.cohort, key.basis) for key in grouped.keys]
        self._amounts = {measure: dict(zip(there, amounts, strict=True)) for measure, there, amounts in grouped.parts}
        self._more: dict[tuple[str, str], list[Cell]] = {}
        self._more_areas: set[str] = set()
        for cell in more:
            for area in areas(cell):
                self._more.setdefault((area, cell.measure), []).append(cell)
                self._more_areas.add(area)
        self._sums: dict[tuple[str, str], _Parts] = {}

    @property
    def seen(self) -> set[str]:
        """The areas of all sums, those that came to nothing included."""
        groups = {group for amounts in self._amounts.values() for group in amounts}
        return self._more_areas | {area for area, inside in self._groups.items() if not groups.isdisjoint(inside)}

    def _parts(self, area: str, measure: str) -> _Parts:
        parts = self._sums.get((area, measure))
        if parts is None:
            parts = self._sums[area, measure] = {}
            amounts = self._amounts.get(measure, _NONE)
            for group in self._groups.get(area, ()) if amounts else ():
                amount = amounts.get(group)
                if amount is not None:
                    part = self._of_group[group]
                    parts[part] = parts.get(part, 0) + amount
            for cell in self._more.get((area, measure), ()):
                part = (cell.cohort, cell.basis)
                parts[part] = parts.get(part, 0) + cell.amount
        return parts

    def by_basis(self, area: str, measure: str, cohorts: tuple[str, ...] = ()) -> dict[str, int]:
        """The amounts of a measure by basis, of some cohorts only if they are named."""
        found: dict[str, int] = {}
        for (cohort, basis), amount in self._parts(area, measure).items():
            if not cohorts or cohort in cohorts:
                found[basis] = found.get(basis, 0) + amount
        return found

    def amount(self, area: str, measure: str, cohorts: tuple[str, ...] = ()) -> int:
        """All bases together."""
        sums = self._parts(area, measure)
        if not cohorts:
            return sum(sums.values())
        return sum(amount for (cohort, _), amount in sums.items() if cohort in cohorts)
