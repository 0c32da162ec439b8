"""Finds places by what a person types. Built when first asked, from every name that any place ever had in the book."""

from __future__ import annotations

from collections.abc import Iterable

from shared.kernel.place import MapName, PlaceRef
from shared.reference import spelling

_LEVELS = {"nation": 0, "province": 1, "commune": 2}


class NameIndex:
    """Names and their keys, searched one after the other: 13,000 names take a few milliseconds."""

    def __init__(self, names: Iterable[tuple[PlaceRef, str]]) -> None:
        self._names = [(place, name, spelling.plain(name)) for place, name in names]

    def search(self, text: str, map: MapName | None, limit: int) -> tuple[PlaceRef, ...]:
        """The places that fit, best first; none for a text without a word."""
        whole = spelling.plain(text)
        if not whole:
            return ()
        wanted = spelling.without_kind(whole)
        as_written = spelling.same(text)
        found: dict[PlaceRef, tuple[int, int, int, str]] = {}
        for place, name, key in self._names:
            if wanted not in key or (map is not None and place.list != map and place.level != "nation"):
                continue
            rank = _rank(whole, wanted, key)
            if rank is None:
                continue
            written = 0 if as_written in spelling.same(name) else 1
            order = (rank, written, _LEVELS[place.level], spelling.sort_key(name) + place.key)
            if place not in found or order < found[place]:
                found[place] = order
        return tuple(sorted(found, key=found.__getitem__)[:limit])


def _rank(whole: str, wanted: str, key: str) -> int | None:
    """0 the full name, 1 the name without its kind, 2 a beginning, 3 words inside; None for a part of a word."""
    bare = spelling.without_kind(key)
    if key == whole:
        return 0
    if bare == wanted:
        return 1
    if bare.startswith(wanted):
        return 2
    return 3 if f" {wanted}" in f" {bare}" else None
