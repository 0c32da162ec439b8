"""Where each province's tile stands: our own tables for the map of 34 and the map of 63, north at the top.

Hoàng Sa and Trường Sa belong to every layout; there is no way to ask for one without them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

TileMap = Literal["34", "63"]


@dataclass(frozen=True, slots=True)
class Place:
    """A tile's place and the short name that it carries."""

    code: str
    row: int
    column: int
    label: str


@dataclass(frozen=True, slots=True)
class Archipelago:
    """Islands drawn as a mark in the sea: their name, the province they belong to, and the row they lie at."""

    name: str
    province: str
    row: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The tiles of a map, and the archipelagos that belong to two of its provinces."""

    places: tuple[Place, ...]
    archipelagos: tuple[Archipelago, Archipelago]

    @property
    def rows(self) -> int:
        """How many rows."""
        return max(place.row for place in self.places) + 1

    @property
    def columns(self) -> int:
        """How many columns of tiles; the sea lies to the right of them."""
        return max(place.column for place in self.places) + 1

    def label(self, code: str) -> str:
        """The short name on a province's tile."""
        return next(place.label for place in self.places if place.code == code)

    def free(self, columns: int) -> tuple[int, int]:
        """The longest stretch of rows whose first columns hold no tile: first row and how many. The key goes there."""
        taken = {place.row for place in self.places if place.column < columns}
        best = (0, 0)
        start = 0
        for row in range(self.rows + 1):
            if row in taken or row == self.rows:
                best = max(best, (start, row - start), key=lambda stretch: stretch[1])
                start = row + 1
        return best


@cache
def layout(map: TileMap) -> Layout:
    """The layout of a map. Hoàng Sa belongs to Đà Nẵng (48), Trường Sa to Khánh Hòa (56), on both maps."""
    text = files("shared.charts").joinpath(f"tiles_{map}.csv").read_text("utf-8")
    places = tuple(
        Place(row["code"], int(row["row"]), int(row["column"]), row["label"]) for row in csv.DictReader(text.splitlines())
    )
    row_of = {place.code: place.row for place in places}
    return Layout(places, (Archipelago("Hoàng Sa", "48", row_of["48"]), Archipelago("Trường Sa", "56", row_of["56"] + 1)))
