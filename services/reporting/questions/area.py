"""What a figure is of (địa bàn): the nation, a region, a province, a commune, or one club; written as a short text.

`VN`, `34:38` (province), `34:14758` (commune), `region:tay-nguyen`, `club:club-0190a1b2-...`. A region is one of the asked map.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from shared.kernel.errors import Refused
from shared.kernel.place import NATION, MapName, PlaceRef
from shared.reference.book import Places

Kind = Literal["nation", "region", "province", "commune", "club"]

REGIONS: Final = (
    "trung-du-mien-nui-phia-bac", "dong-bang-song-hong", "bac-trung-bo-duyen-hai-mien-trung", "bac-trung-bo",
    "duyen-hai-nam-trung-bo-tay-nguyen", "tay-nguyen", "dong-nam-bo", "dong-bang-song-cuu-long",
)  # fmt: skip
"""The order is for ever: number ids hold the index."""

_CLUB: Final = re.compile(r"club-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A club's stream is made from the id of the command that founded it; number ids hold that id."""


@dataclass(frozen=True, slots=True)
class Area:
    """An area. `code` is a place's key, a region's slug, or a club's stream."""

    kind: Kind
    code: str

    @property
    def text(self) -> str:
        """The form that people and programs write."""
        return f"{self.kind}:{self.code}" if self.kind in ("region", "club") else self.code

    @property
    def place(self) -> PlaceRef | None:
        """The place, unless it is a region or a club."""
        return None if self.kind in ("region", "club") else PlaceRef.parse(self.code)


WHOLE_COUNTRY: Final = Area("nation", "VN")


def area_of(place: PlaceRef) -> Area:
    """The area that a place is."""
    return Area(place.level, place.key)


def parse_area(text: str, places: Places, map_: MapName) -> Area:
    """From its text. May raise `Refused` (`unknown-place`)."""
    if text.startswith("region:"):
        slug = text.removeprefix("region:")
        if slug in {region.slug for region in places.regions(map_)}:
            return Area("region", slug)
        raise _unknown()
    if text.startswith("club:"):
        stream = text.removeprefix("club:")
        if _CLUB.fullmatch(stream):
            return Area("club", stream)
        raise _unknown()
    try:
        place = PlaceRef.parse(text)
    except ValueError:
        raise _unknown() from None
    if not places.exists(place):
        raise _unknown()
    return area_of(place)


def name_of(area: Area, places: Places) -> str:
    """What people call it."""
    match area.kind:
        case "region":
            return places.region_name(area.code).vi
        case "club":
            return area.code
        case _:
            return "Cả nước" if area == WHOLE_COUNTRY else places.name(area.place or NATION)


def _unknown() -> Refused:
    return Refused(
        "unknown-place",
        "Không có địa bàn này; hãy ghi VN, danh mục và mã như 34:38 (tỉnh), 34:14758 (xã), hoặc region:tay-nguyen (vùng).",
        "There is no such area; write VN, list and code such as 34:38 (province), 34:14758 (commune), or region:tay-nguyen.",
        field="area",
    )
