"""The dated book of places: both lists of provinces and communes, and where each place lies on the other map.

`load()` reads the tables once a process. It guarantees that every commune of either list lies in exactly one province of
its own map, and that a commune of the old list lies in exactly one province of the new one. It refuses to guess: a divided
commune has candidates instead of a successor, a commune that joins several old provinces has no old province. Codes
absent from the list that they name raise `KeyError`. The old list is the one of January 2025: 10,035 communes and five
island districts without communes. Communes that were abolished before then are not in it, and are refused as absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from shared.kernel.place import NATION, MapName, PlaceRef
from shared.kernel.ports import Located
from shared.reference import spelling
from shared.reference.index import NameIndex
from shared.reference.regions import Region, load_regions
from shared.reference.tables import NEW_COMMUNES, OLD_COMMUNES, communes, rows

NEW_MAP = date(2025, 7, 1)
"""The day on which 63 provinces became 34 and codes began to mean other places."""

_VERSIONS: dict[MapName, str] = {"63": "63@2025-01-01", "34": "34@2025-07-01"}


@dataclass(frozen=True, slots=True)
class _Title:
    """What a province is called from a day on: its kind (tỉnh, thành phố) and its name."""

    since: date
    kind: str
    name: str


class Places:
    """The book (`shared.kernel.ports.PlaceBook`, and more). Immutable; made by `load()`."""

    def __init__(self) -> None:
        by_abbreviation = load_regions()
        self._regions = {region.slug: region for region in by_abbreviation.values()}
        self._titles: dict[tuple[MapName, str], list[_Title]] = {}
        self._region_of: dict[tuple[MapName, str], str] = {}
        self._province_to: dict[str, str] = {}
        self._province_from: dict[str, list[str]] = {}
        for row in rows("provinces.csv"):
            old, new = row["code_before_2025_07_01"], row["code_from_2025_07_01"]
            self._province_to[old] = new
            self._province_from.setdefault(new, []).append(old)
            self._titles[("63", old)] = [_Title(date.min, "tỉnh", row["name_before"])]
            self._titles[("34", new)] = [_Title(NEW_MAP, "tỉnh", row["name_from"])]
            self._region_of[("63", old)] = by_abbreviation[row["region_resolution_81_2023"]].slug
            self._region_of[("34", new)] = by_abbreviation[row["region_resolution_306_2025"]].slug
        self._date_titles()
        self._old: dict[str, list[str]] = {row[0]: row for row in communes(OLD_COMMUNES)}
        self._new: dict[str, list[str]] = {row[0]: row for row in communes(NEW_COMMUNES)}
        self._from: dict[str, list[str]] = {}
        for code, row in self._old.items():
            for successor in row[6].split(","):
                self._from.setdefault(successor, []).append(code)
        self._located: dict[tuple[str, MapName], Located] = {}
        self._index: NameIndex | None = None

    def _date_titles(self) -> None:
        dated: dict[tuple[MapName, str], list[_Title]] = {}
        for row in rows("titles.csv"):
            key: tuple[MapName, str] = ("63" if row["list"] == "63" else "34", row["code"])
            dated.setdefault(key, []).append(_Title(date.fromisoformat(row["valid_from"]), row["kind"], row["name"]))
        for key, titles in dated.items():
            self._titles[key] = sorted(titles, key=lambda title: title.since)

    # What exists, and what it is called

    def exists(self, place: PlaceRef) -> bool:
        """Whether the code is in the list that it names."""
        if place.level == "nation":
            return True
        if place.level == "province":
            return (place.list, place.code) in self._titles
        return place.code in (self._old if place.list == "63" else self._new)

    def name(self, place: PlaceRef) -> str:
        """The newest short name on its list: "Thanh Hóa", "phường Ba Đình", "cả nước". May raise `KeyError`."""
        return self.name_on(place, date.max)

    def name_on(self, place: PlaceRef, day: date) -> str:
        """The short name on a day: code 46 is Thừa Thiên Huế until 31 December 2024, Huế from then on."""
        match place.level:
            case "nation":
                return "cả nước"
            case "province":
                return self._title(place, day).name
            case "commune":
                kind, name = self._commune_name(place)
                return f"{kind} {name}"

    def title_on(self, place: PlaceRef, day: date) -> str:
        """The full name on a day: "tỉnh Đồng Nai", from 30 April 2026 "thành phố Đồng Nai"."""
        if place.level != "province":
            return self.name_on(place, day)
        title = self._title(place, day)
        return f"{title.kind} {title.name}"

    def _title(self, province: PlaceRef, day: date) -> _Title:
        titles = self._titles[(province.list, province.code)]
        return next((title for title in reversed(titles) if title.since <= day), titles[0])

    def _commune_name(self, commune: PlaceRef) -> tuple[str, str]:
        row = self._old[commune.code] if commune.list == "63" else self._new[commune.code]
        return (row[4], row[5]) if commune.list == "63" else (row[2], row[3])

    def district(self, commune: PlaceRef) -> str | None:
        """The district of a commune of the old list, "Quận Ba Đình"; the new map has none."""
        return self._old[commune.code][3] if commune.list == "63" else None

    def sort_key(self, place: PlaceRef) -> str:
        """Sorts places by their names as Vietnamese does, by code point."""
        name = self.name(place) if place.level != "commune" else self._commune_name(place)[1]
        return spelling.sort_key(name)

    # Where it lies

    def locate(self, place: PlaceRef, map: MapName) -> Located:
        """Where the place lies on a map. May raise `KeyError` for a code that is not in its list.

        For a divided commune the package's default comes first among the candidates: a suggestion, not a decision. A
        commune of the new list on the old map is undecided when it was made of several; its old communes are the candidates.
        """
        key = (place.key, map)
        found = self._located.get(key)
        if found is None:
            found = self._located[key] = self._locate(place, map)
        return found

    def _locate(self, place: PlaceRef, map: MapName) -> Located:
        match place.level:
            case "nation":
                return Located(None, None)
            case "province":
                return Located(self._locate_province(place, map), None)
            case "commune" if place.list == map:
                return Located(self._own_province(place), place)
            case "commune" if map == "34":
                successors = tuple(PlaceRef(code=code, list="34") for code in self._old[place.code][6].split(","))
                province = self._own_province(successors[0])
            case "commune":
                self._own_province(place)
                successors = tuple(PlaceRef(code=code, list="63") for code in self._from[place.code])
                provinces = {self._own_province(old) for old in successors}
                province = provinces.pop() if len(provinces) == 1 else None
        if len(successors) == 1:
            return Located(province, successors[0])
        return Located(province, None, undecided=True, candidates=successors)

    def _locate_province(self, province: PlaceRef, map: MapName) -> PlaceRef | None:
        self._title(province, date.max)
        if province.list == map:
            return province
        if map == "34":
            return PlaceRef(code=self._province_to[province.code], list="34")
        olds = self._province_from[province.code]
        return PlaceRef(code=olds[0], list="63") if len(olds) == 1 else None

    def _own_province(self, commune: PlaceRef) -> PlaceRef:
        row = self._old[commune.code] if commune.list == "63" else self._new[commune.code]
        return PlaceRef(code=row[1], list=commune.list)

    def contains(self, area: PlaceRef, place: PlaceRef) -> bool:
        """Whether a place certainly lies in an area, whatever lists the two codes are from. May raise `KeyError`.

        A divided commune lies in its new province, but in none of its candidates until that is decided; a new commune
        lies in an old one only if it was made of nothing else.
        """
        if area.level == "nation":
            return True
        if place.level == "nation":
            return False
        located = self.locate(place, area.list)
        return (located.province if area.level == "province" else located.commune) == area

    # Lists

    def provinces(self, map: MapName) -> tuple[PlaceRef, ...]:
        """The 63 or the 34 provinces, in the order of their codes."""
        return tuple(PlaceRef(code=code, list=map) for list_, code in sorted(self._titles) if list_ == map)

    def province_list(self, map: MapName) -> tuple[PlaceRef, ...]:
        """The 63 or the 34 provinces in the order of the Vietnamese alphabet."""
        return tuple(sorted(self.provinces(map), key=self.sort_key))

    def communes(self, province: PlaceRef) -> tuple[PlaceRef, ...]:
        """The communes of a province, on the province's own list, in the order of their codes. May raise `KeyError`."""
        self._title(province, date.max)
        table = self._old if province.list == "63" else self._new
        return tuple(PlaceRef(code=code, list=province.list) for code, row in table.items() if row[1] == province.code)

    def successor(self, province: PlaceRef) -> PlaceRef:
        """The province of the 34-map into which a province of the 63-map went whole."""
        return PlaceRef(code=self._province_to[province.code], list="34")

    def predecessors(self, province: PlaceRef) -> tuple[PlaceRef, ...]:
        """The provinces of the 63-map that a province of the 34-map was made of."""
        return tuple(PlaceRef(code=code, list="63") for code in self._province_from[province.code])

    # Regions and maps

    def region(self, province: PlaceRef) -> str:
        """The slug of the region, of Resolution 81/2023 on the 63-map and of Resolution 306/2025 on the 34-map."""
        return self._region_of[(province.list, province.code)]

    def region_on(self, place: PlaceRef, map: MapName) -> str | None:
        """The slug of the region in which a province or commune lies on a map; None where the province is unknown."""
        province = self.locate(place, map).province
        return None if province is None else self.region(province)

    def region_name(self, slug: str) -> Region:
        """The region's names and maps. May raise `KeyError`."""
        return self._regions[slug]

    def regions(self, map: MapName) -> tuple[Region, ...]:
        """The six regions of a map, north to south."""
        return tuple(region for region in self._regions.values() if map in region.maps)

    def map_on(self, day: date) -> MapName:
        """The map in force on a day: `63` until 30 June 2025."""
        return "63" if day < NEW_MAP else "34"

    def version(self, map: MapName) -> str:
        """The version of a map's list, as answers and number ids cite it: `34@2025-07-01`."""
        return _VERSIONS[map]

    # By name

    def search(self, text: str, *, map: MapName | None = None, limit: int = 20) -> tuple[PlaceRef, ...]:
        """Places whose names hold the words typed, with or without diacritics and kinds ("tp hue", "xa Yên Mỹ").

        Names written as typed come first, then equal ones, then beginnings; provinces before communes.
        """
        if self._index is None:
            self._index = NameIndex(self._all_names())
        return self._index.search(text, map, limit)

    def province_named(self, name: str, map: MapName) -> PlaceRef | None:
        """The province that a name written in a report means, on one map: "Thanh Hoá", "TP. Huế", "Thừa Thiên Huế"."""
        wanted = spelling.without_kind(spelling.plain(name))
        for (list_, code), titles in self._titles.items():
            if list_ == map and any(spelling.plain(title.name) == wanted for title in titles):
                return PlaceRef(code=code, list=map)
        return None

    def _all_names(self) -> list[tuple[PlaceRef, str]]:
        names = [(NATION, "cả nước"), (NATION, "Việt Nam")]
        for (list_, code), titles in self._titles.items():
            names += [(PlaceRef(code=code, list=list_), f"{title.kind} {title.name}") for title in titles]
        names += [(PlaceRef(code=row[0], list="34"), f"{row[2]} {row[3]}") for row in self._new.values()]
        names += [(PlaceRef(code=row[0], list="63"), f"{row[4]} {row[5]}") for row in self._old.values()]
        return names


@cache
def load() -> Places:
    """The one book of this process. May raise `PlacesMissing`, whose sentence says to run `make places`."""
    return Places()
