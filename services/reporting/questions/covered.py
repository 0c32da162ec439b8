"""Which provinces and communes have clubs, on one map: laid out once for all areas of an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from services.reporting.columns.held import Indexes, Look
from services.reporting.columns.sums import Window, by_cell
from services.reporting.ledger.measures import measure
from services.reporting.questions.cube import Cell
from services.reporting.questions.geography import certain_commune
from services.reporting.questions.question import Clocks
from services.reporting.questions.sheet import NOWHERE
from shared.kernel.place import MapName
from shared.reference.book import Places

_EXISTING = "clubs_existing"
_Spot = tuple[str, str, bool]
"""A province of the map, a commune in it, and whether the commune waits to be decided (chờ phân định)."""


@dataclass(frozen=True, slots=True)
class Covered:
    """Clubs by province, and by commune within it; apart, clubs of divided communes that wait to be decided."""

    map: MapName
    provinces: dict[str, int] = field(default_factory=dict[str, int])
    communes: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    waiting: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])

    @classmethod
    def on(cls, places: Places, look: Look, clocks: Clocks, more: Iterable[Cell] = ()) -> Covered:
        """Of the clubs that exist, whatever the basis; `more` are sums that are not in the ledger."""
        spots, into = _spots(places, look, clocks.map)
        sums = by_cell(look, measure(_EXISTING), Window.of(look, clocks)).amounts
        added = np.zeros(len(spots), np.int64)
        np.add.at(added, into, sums)
        there = np.flatnonzero(added)
        amounts = {spots[index]: amount for index, amount in zip(there.tolist(), added[there].tolist(), strict=True)}
        for cell in more:
            spot = _spot(places, cell.place, cell.province63, cell.province34, clocks.map)
            amounts[spot] = amounts.get(spot, 0) + cell.amount
        found = cls(clocks.map)
        for (province, key, waits), amount in amounts.items():
            found.provinces[province] = found.provinces.get(province, 0) + amount
            (found.waiting if waits else found.communes).setdefault(province, {})[key] = amount
        return found

    def of(self, names: Iterable[str] | None, level: str) -> tuple[dict[str, int], int]:
        """Clubs by province or commune within some provinces (None: everywhere), and how many communes wait there."""
        inside = list(self.provinces if names is None else names)
        if level == "province":
            nowhere = NOWHERE[self.map]
            return {name: self.provinces[name] for name in inside if name in self.provinces and name != nowhere}, 0
        communes = {key: amount for name in inside for key, amount in self.communes.get(name, {}).items()}
        return communes, sum(amount > 0 for name in inside for amount in self.waiting.get(name, {}).values())


def _spot(places: Places, place: str, province63: str, province34: str, map_: MapName) -> _Spot:
    province = f"{map_}:{province63 if map_ == '63' else province34}"
    commune = certain_commune(places, place, map_)
    return (province, place, True) if commune is None else (province, commune, False)


def _spots(places: Places, look: Look, map_: MapName) -> tuple[list[_Spot], Indexes]:
    """The spot of every cell; remembered, and made longer for new cells."""
    key = ("spots", map_)
    known: tuple[list[_Spot], Indexes] = look.held.memory.get(key) or ([], np.empty(0, np.int32))
    if len(known[1]) >= look.cell_count:
        return known[0], known[1][: look.cell_count]
    numbers = {spot: number for number, spot in enumerate(known[0])}
    added = [
        numbers.setdefault(_spot(places, cell.place, cell.province63, cell.province34, map_), len(numbers))
        for cell in look.cells[len(known[1]) : look.cell_count]
    ]
    found = (list(numbers), np.concatenate([known[1], np.array(added, np.int32)]))
    look.held.memory.keep(key, found)
    return found
