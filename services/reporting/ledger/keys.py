"""The key columns of an entry: the province of a place on both maps, and the cohort (đợt thành lập) of a club.

Pure, and remembered: 13,000 places are looked up millions of times.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

from services.reporting.ledger.entries import Key
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.ports import PlaceBook

Cohort = Literal["before", "1336", "1648"]

START_1336: Final = date(2020, 8, 31).toordinal()
"""Decision 1336/QĐ-TTg was signed on 31/08/2020; clubs founded from that day on are new under it."""
START_1648: Final = date(2025, 8, 1).toordinal()
"""Decision 1648/QĐ-TTg was signed, and came into force, on 01/08/2025."""


def cohort_of(founded_on: int) -> Cohort:
    """Under which scheme a club founded on a day is new."""
    return "before" if founded_on < START_1336 else "1336" if founded_on < START_1648 else "1648"


class CannotFollow(LookupError):
    """An event that has no place in the ledger: of a subject that never began, or of a code that is not in its list."""


class Keys:
    """Makes keys by the dated book of places."""

    def __init__(self, places: PlaceBook) -> None:
        self._places = places
        self._known: dict[tuple[str, str], Key] = {}

    def of(self, place: str, cohort: str = "") -> Key:
        """The key of a place, by the place's own key. May raise `CannotFollow` for a code that is not in its list."""
        asked = (place, cohort)
        key = self._known.get(asked)
        if key is None:
            where = PlaceRef.parse(place)
            if not self._places.exists(where):
                raise CannotFollow(f"{place} is not in its list")
            key = self._known[asked] = Key(place, self._province(where, "63"), self._province(where, "34"), cohort)
        return key

    def common(self, names: tuple[str, ...]) -> Key:
        """The key of the smallest place that holds them all: the place itself, its province, or the nation."""
        if len(set(names)) == 1:
            return self.of(names[0])
        places = [PlaceRef.parse(name) for name in names]
        for map_ in ("34", "63"):
            provinces = {self._places.locate(place, map_).province for place in places}
            if len(provinces) == 1 and (province := provinces.pop()) is not None:
                return self.of(province.key)
        return self.of(NATION.key)

    def _province(self, place: PlaceRef, map: Literal["63", "34"]) -> str:
        if place.level == "nation":
            return ""
        province = self._places.locate(place, map).province
        return "" if province is None else province.code
