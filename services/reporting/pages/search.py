"""Search: provinces and communes of both lists, with the way between old and new, and clubs for those who hold them.

Diacritics may be left out, and both spellings of a tone ("Hóa", "Hoá") are one. Guarantees a list also where only one place
fits, names that are exactly the words first and all others as Vietnamese sorts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from services.reporting.pages.areas import Json
from services.reporting.pages.reading import Chosen
from services.reporting.pages.site import Site
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.reference import spelling
from shared.reference.book import Places
from shared.web.sessions import Visiting, Visitor

LONGEST: Final = 80
"""Characters of a question, as one reads them: a letter with its marks is one."""
SHOWN: Final = 60
CLUBS: Final = 30
_ALL: Final = 13_500
_SHORT: Final = 6


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that was found, by its name. `now` is where an old one lies today, `divided` while that is not decided;
    `before` are the old ones that one of today was made of."""

    place: PlaceRef
    name: str
    within: str
    now: tuple[tuple[str, str], ...] = ()
    divided: bool = False
    before: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """Its page."""
        return {"nation": "/", "province": f"/tinh/{self.place.key}", "commune": f"/xa/{self.place.key}"}[self.place.level]


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = APIRouter(include_in_schema=False)
    places = site.desk.places

    @routes.get("/tim", response_class=Response)
    async def search(request: Request, visitor: Visiting, reading: Chosen, q: Annotated[str, Query()] = "") -> Response:
        """What fits the words."""
        words = " ".join(unicodedata.normalize("NFC", q).split())
        if len(words) > LONGEST:
            return site.page(
                request, visitor, reading, "search.html", status=422,
                q=words, longest=LONGEST, long=True, provinces=[], communes=[], communes_found=0, clubs=[], clubs_more=False,
                refused=None,
            )  # fmt: skip
        found = found_places(places, words)
        provinces = [each for each in found if each.level != "commune"]
        communes = [each for each in found if each.level == "commune"]
        clubs, refused, more = await _clubs(site, visitor, words)
        return site.page(
            request, visitor, reading, "search.html",
            q=words, longest=LONGEST, long=False, provinces=[_hit(places, each) for each in _once(places, provinces)],
            communes=[_hit(places, each) for each in _once(places, communes)[:SHOWN]],
            communes_found=len(_once(places, communes)), clubs=clubs, clubs_more=more, refused=refused,
        )  # fmt: skip

    _ = search
    return routes


def found_places(places: Places, words: str) -> list[PlaceRef]:
    """Every place that fits, the exact ones first, then as Vietnamese sorts, the map of today before the old one."""
    wanted = spelling.without_kind(spelling.plain(words))
    as_written = spelling.same(words)

    def order(place: PlaceRef) -> tuple[int, int, str, int, str]:
        name = places.name(place)
        exact = spelling.without_kind(spelling.plain(name)) == wanted
        written = exact and as_written in spelling.same(name)
        return (0 if exact else 1, 0 if written else 1, places.sort_key(place), 0 if place.list == "34" else 1, place.code)

    found = {*places.search(words, limit=_ALL), *_by_initials(places, words)}
    return sorted(found, key=order)


def _by_initials(places: Places, words: str) -> Iterable[PlaceRef]:
    """The provinces that a short form means: "hcm", "tp hcm", "brvt"."""
    typed = spelling.plain(words).replace(" ", "")
    if not 2 <= len(typed) <= _SHORT:
        return
    for province in (*places.provinces("34"), *places.provinces("63")):
        short = "".join(word[0] for word in spelling.plain(places.name(province)).split())
        if len(short) > 1 and typed in (short, f"tp{short}"):
            yield province


def _once(places: Places, found: Iterable[PlaceRef]) -> list[PlaceRef]:
    """Without the old listing of a place whose listing of today is in the list under the same name."""
    listed = list(found)
    kept = {(each.key, places.name(each)) for each in listed if each.list == "34"}
    return [
        each
        for each in listed
        if each.list == "34" or (today := _same_today(places, each)) is None or (today.key, places.name(each)) not in kept
    ]


def _same_today(places: Places, old: PlaceRef) -> PlaceRef | None:
    """The place of today that is nothing but this old one; None if it merged or was divided."""
    if old.level == "province":
        new = places.successor(old)
        return new if len(places.predecessors(new)) == 1 else None
    located = places.locate(old, "34")
    if located.commune is None or places.locate(located.commune, "63").commune != old:
        return None
    return located.commune


def _named(places: Places, found: Iterable[PlaceRef]) -> tuple[tuple[str, str], ...]:
    return tuple((each.key, places.name(each)) for each in found)


def _hit(places: Places, place: PlaceRef) -> Hit:
    name = places.name(place)
    if place.level == "nation":
        return Hit(place, name, "")
    if place.level == "province":
        if place.list == "63":
            return Hit(place, name, "", now=_named(places, (places.successor(place),)))
        olds = places.predecessors(place)
        return Hit(place, name, "", before=_named(places, olds) if len(olds) > 1 else ())
    province = places.locate(place, place.list).province
    within = "" if province is None else places.name(province)
    if place.list == "63":
        district = places.district(place)
        located = places.locate(place, "34")
        today = located.candidates or ((located.commune,) if located.commune else ())
        within = f"{district}, {within}" if district else within
        return Hit(place, name, within, now=_named(places, today), divided=located.undecided)
    located = places.locate(place, "63")
    return Hit(place, name, within, before=_named(places, sorted(located.candidates, key=places.sort_key)))


async def _clubs(site: Site, visitor: Visitor, words: str) -> tuple[list[Json], Json | None, bool]:
    """Clubs of the visitor's own area by name; a refusal's sentence if the service does not answer."""
    if visitor.principal is None or not spelling.plain(words):
        return [], None, False
    try:
        answer = await site.ask("clubs", "/v1/clubs", visitor, q=words, limit=CLUBS)
    except Refused as refused:
        return [], {"vi": refused.vi, "en": refused.en}, False
    return answer["clubs"], None, answer["next"] is not None
