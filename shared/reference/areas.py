"""All areas that a place certainly lies in, as keys: what a read model stores to answer "everything in this area" by an index.

Equal by construction to `PlaceBook.contains`: an area's key is in the result exactly if the area contains the place.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.kernel.place import NATION, MapName, PlaceRef
from shared.kernel.ports import PlaceBook

_MAPS: tuple[MapName, ...] = ("63", "34")


def areas_of(book: PlaceBook, places: Iterable[PlaceRef]) -> list[str]:
    """The keys of the nation and of every province and commune, on both maps, that any of the places lies in. Sorted."""
    keys = {NATION.key}
    for place in places:
        for map_ in _MAPS:
            located = book.locate(place, map_)
            keys |= {area.key for area in (located.province, located.commune) if area is not None}
    return sorted(keys)
