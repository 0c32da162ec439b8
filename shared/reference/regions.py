"""The regions (vùng) of both maps: Resolution 81/2023/QH15 for the 63 provinces, Resolution 306/NQ-CP of 2025 for the 34.

A slug that both maps share (the northern midlands and mountains) names other provinces on each: it says something only
together with its map. Resolution 306 dates from 5 October 2025; the 34-map uses it from 1 July 2025, there being no other.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.kernel.place import MapName
from shared.reference.tables import rows


@dataclass(frozen=True, slots=True)
class Region:
    """One region, with the abbreviation of official tables and the maps on which it exists."""

    slug: str
    abbreviation: str
    vi: str
    en: str
    maps: tuple[MapName, ...]


RESOLUTIONS: dict[MapName, str] = {"63": "81/2023/QH15", "34": "306/NQ-CP"}
"""The resolution that defines the regions of each map."""


def load_regions() -> dict[str, Region]:
    """Every region by its abbreviation, north to south."""
    regions: dict[str, Region] = {}
    for row in rows("regions.csv"):
        maps: list[MapName] = []
        if row["resolution_81_2023"] == "yes":
            maps.append("63")
        if row["resolution_306_2025"] == "yes":
            maps.append("34")
        region = Region(row["slug"], row["abbreviation"], row["name_vi"], row["name_en"], tuple(maps))
        regions[region.abbreviation] = region
    return regions
