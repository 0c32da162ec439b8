"""Areas as published files write them: `Thanh Hóa [63] / huyện Bá Thước`, `Việt Nam`, `Province not named ...`.

A province is found by name on the map that the row names, whatever way its tones are placed. What lies below it (a
district, a club, the clubs of a project) becomes the scope in the source's own words; two provinces together are a scope
below the nation. `Gia Lai` without `[63]` or `[34]` is refused: it was another territory before 1 July 2025.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from shared.kernel.place import NATION, MapName, PlaceRef
from shared.reference.book import Places
from shared.reference.points.problem import BadCell

_PROVINCE = re.compile(r"(?P<name>[^\[\]/()]+?) \[(?P<map>63|34)\](?: \((?P<only>[^()]+)\)| / (?P<below>.+))?")
_NATION = re.compile(r"Việt Nam(?: \((?P<only>[^()]+)\))?")
_UNNAMED = re.compile(r"Province not named in the text found(?: \((?P<only>[^()]+)\))?")


@dataclass(frozen=True, slots=True)
class Area:
    """The area of a point: a place, or None where the source names no province; `scope` is what below it is meant."""

    place: PlaceRef | None
    scope: str | None = None


def area_of(printed: str, places: Places) -> Area:
    """The area of a printed text. May raise `BadCell`."""
    text = " ".join(unicodedata.normalize("NFC", printed).split())
    if match := _NATION.fullmatch(text):
        return Area(NATION, match["only"])
    if match := _UNNAMED.fullmatch(text):
        return Area(None, match["only"])
    if match := _PROVINCE.fullmatch(text):
        map_: MapName = "63" if match["map"] == "63" else "34"
        return _province(match["name"], map_, match["only"] or match["below"], places)
    raise BadCell(
        "unreadable-area",
        f"không đọc được địa bàn {text[:80]!r}; viết 'Thanh Hóa [63]', 'Thanh Hóa [34] / xã ...' hoặc 'Việt Nam'",
        f"cannot read the area {text[:80]!r}; write 'Thanh Hóa [63]', 'Thanh Hóa [34] / xã ...' or 'Việt Nam'",
    )


def _province(name: str, map: MapName, scope: str | None, places: Places) -> Area:
    found = places.province_named(name, map)
    if found is not None:
        return Area(found, scope)
    together = [places.province_named(part, map) for part in re.split(r" and | và ", name)]
    if len(together) > 1 and None not in together:
        both = f"{name} [{map}]"
        return Area(NATION, both if scope is None else f"{both} / {scope}")
    raise BadCell(
        "unknown-province",
        f"không có tỉnh {name[:80]!r} trong danh mục {map} tỉnh",
        f"there is no province {name[:80]!r} in the list of the {map} provinces",
    )
