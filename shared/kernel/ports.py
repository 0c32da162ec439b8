"""What pure code asks of the world, as protocols: the dated book of places. `shared.reference` holds the real one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from shared.kernel.place import MapName, PlaceRef


@dataclass(frozen=True, slots=True)
class Located:
    """Where a place lies on one map. `province` is None only for the nation, or where the old province is ambiguous.

    `commune` is None for a province or the nation, and for a divided commune, whose successor a decision must name
    ("chờ phân định"): then `candidates` holds the possible communes and `undecided` is true.
    """

    province: PlaceRef | None
    commune: PlaceRef | None
    undecided: bool = False
    candidates: tuple[PlaceRef, ...] = ()


class PlaceBook(Protocol):
    """The lists of places of both maps and the way from one to the other."""

    def exists(self, place: PlaceRef) -> bool:
        """Whether the code is in the list that it names."""
        ...

    def name(self, place: PlaceRef) -> str:
        """The official short name, e.g. "Thanh Hóa"; for a commune with its type, "phường Ba Đình"."""
        ...

    def locate(self, place: PlaceRef, map: MapName) -> Located:
        """Where the place lies on a map. May raise `KeyError` for a code that is not in its list."""
        ...

    def contains(self, area: PlaceRef, place: PlaceRef) -> bool:
        """Whether a place lies in an area, whatever lists the two codes are from; the nation contains everything.

        An area of the 63-map contains only what certainly lay in it.
        """
        ...

    def provinces(self, map: MapName) -> tuple[PlaceRef, ...]:
        """The 63 or the 34 provinces, in the order of their codes."""
        ...

    def region(self, province: PlaceRef) -> str:
        """The slug of the region, of Resolution 81/2023 on the 63-map and of Resolution 306/2025 on the 34-map."""
        ...

    def map_on(self, day: date) -> MapName:
        """The map in force on a day: `63` until 30 June 2025."""
        ...
