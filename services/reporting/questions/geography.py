"""Where places lie, looked up once a process: the same answers as the book of places, by keys, without making objects anew."""

from __future__ import annotations

from functools import lru_cache

from services.reporting.questions.area import Area, area_of
from shared.kernel.place import MapName, PlaceRef
from shared.reference.book import Places

_MANY = 65_536


@lru_cache(maxsize=_MANY)
def commune_on(places: Places, place: str, map_: MapName) -> Area:
    """The row of a place as recorded: its commune on a map, the old commune itself while it waits, or the province."""
    ref = PlaceRef.parse(place)
    if ref.level != "commune":
        return area_of(ref)
    commune = places.locate(ref, map_).commune
    return Area("commune", place if commune is None else commune.key)


@lru_cache(maxsize=_MANY)
def certain_commune(places: Places, place: str, map_: MapName) -> str | None:
    """The commune in which a place certainly lies; None while that is not decided."""
    commune = places.locate(PlaceRef.parse(place), map_).commune
    return None if commune is None else commune.key


@lru_cache(maxsize=2)
def provinces_of_today(places: Places) -> tuple[str, ...]:
    """The keys of the 34 provinces, in the order of their codes."""
    return tuple(each.key for each in places.provinces("34"))


@lru_cache(maxsize=4)
def listed(places: Places, map_: MapName) -> tuple[Area, ...]:
    """The provinces of a map in the order of the alphabet."""
    return tuple(Area("province", each.key) for each in places.province_list(map_))


@lru_cache(maxsize=64)
def names_of_region(places: Places, region: str, map_: MapName) -> tuple[str, ...]:
    """The keys of a region's provinces, in the order of their codes."""
    return tuple(each.key for each in places.provinces(map_) if places.region(each) == region)


@lru_cache(maxsize=256)
def parts_of_province(places: Places, key: str) -> tuple[str, ...]:
    """What may be declared of a province in parts or under its other name: its old provinces on the map of today; of an old
    one that never merged, its new name."""
    province = PlaceRef.parse(key)
    if province.list == "34":
        return tuple(each.key for each in places.predecessors(province))
    new = places.successor(province)
    return (new.key,) if len(places.predecessors(new)) == 1 else ()


@lru_cache(maxsize=_MANY)
def same_places(places: Places, area: Area) -> frozenset[str]:
    """The keys of an area on both lists: of a province that never merged, both its codes."""
    place = area.place
    if place is None or place.level != "province":
        return frozenset((area.code,))
    parts = parts_of_province(places, area.code)
    return frozenset((area.code, *parts)) if len(parts) == 1 else frozenset((area.code,))
