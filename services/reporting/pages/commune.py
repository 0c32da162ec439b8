"""The page of a commune (xã, phường, đặc khu), for a phone first: its numbers in large type, its clubs for those who hold it.

Guarantees that single clubs are shown only to the bearers of the area's rights, as the clubs service itself decides, and that
whoever comes back from a form sees the figure that includes it, or reads that it is still on its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from services.reporting.pages import areas
from services.reporting.pages.areas import Json
from services.reporting.pages.reading import Chosen
from services.reporting.pages.reported import heard
from services.reporting.pages.site import Site
from services.reporting.pages.stamps import due_month
from services.reporting.questions.positions import Wanted, wait_for
from services.reporting.questions.progress import progress
from shared.kernel.authority import authorise, holds_area
from shared.kernel.decider import Jurisdiction
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.principal import Principal
from shared.reference.book import Places
from shared.web.sessions import Visiting, Visitor

LARGE: Final = ("clubs-founded", "members", "older-members")
SMALL: Final = ("clubs-active", "women", "share-women", "share-older", "clubs-new-1648", "training-rounds-all")
MOST_CLUBS: Final = 200
WAIT: Final = 5.0


@dataclass(frozen=True, slots=True)
class ClubLine:
    """A club in the list: what was reported last, and whether the month that is due is still missing."""

    club: str
    name: str
    village: str | None
    status: str
    members: int | None
    members_on: str | None
    month: str | None
    late: bool


@dataclass(frozen=True, slots=True)
class Clubs:
    """The clubs of a commune, or why they are not shown: a refusal's sentence, or None for who is not signed in for it."""

    lines: list[ClubLine]
    more: bool
    shown: bool
    refused: Json | None


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()
    places = site.desk.places

    @routes.get("/xa/{key}", response_class=Response)
    async def commune(
        request: Request,
        visitor: Visiting,
        chosen: Chosen,
        key: str,
        cho: Annotated[str | None, Query(max_length=60)] = None,
    ) -> Response:
        """One commune. `cho` is the event that the page waits for."""
        spot = areas.spot(chosen, places, key, "commune")
        arrived = await _arrived(site, cho)
        reading = spot.reading
        province = places.locate(spot.place, spot.map).province
        today = places.locate(spot.place, "34")
        olds = places.locate(spot.place, "63")
        keys = {spot.key, *(each.key for each in (today.commune, olds.commune) if each), *(c.key for c in olds.candidates)}
        live = await site.live(reading, *sorted(keys))
        async with site.desk.open(visitor.principal, reading.ask) as found:
            answer = await progress(found, places, areas.ask_for(reading, LARGE + SMALL))
            reports = await heard(found, places, reading.ask)
        return site.page(
            request, visitor, reading, "commune.html",
            live=live, spot=spot, answer=answer, heard=reports, arrived=arrived,
            large=areas.picked(answer["numbers"], LARGE), small=areas.picked(answer["numbers"], SMALL),
            clubs=await _clubs(site, visitor, spot.place, due_month(reading.ask.clocks.as_of)),
            crumbs_to=areas.way_up(places, spot.place, reading.language),
            province=None if province is None else (province.key, places.name(province)),
            district=places.district(spot.place),
            successors=[
                (each.key, places.name(each)) for each in today.candidates or ((today.commune,) if today.commune else ())
            ],
            undecided=today.undecided, olds=_olds(places, spot.place),
            writes=may_write(visitor.principal, spot.place, places),
            found_at=today.commune.key if today.commune else spot.key,
            clocks=bool({"as_of", "known_at", "basis"} & set(reading.parameters)),
            fresh=next((each for each in answer["freshness"] if each["kind"] == "province"), None),
        )  # fmt: skip

    _ = commune
    return routes


def may_write(principal: Principal | None, place: PlaceRef, places: Places) -> bool:
    """Whether the forms of a commune are for this visitor."""
    if principal is None:
        return False
    try:
        authorise(principal, Jurisdiction(place), places)
    except Refused:
        return False
    return True


async def _arrived(site: Site, text: str | None) -> bool | None:
    """Whether the event that an address names is in the figures, waiting a little for it; None if it names none."""
    try:
        wanted = Wanted.parse(text or "")
    except Refused:
        return None
    if wanted.source not in site.desk.view.sources:
        return None
    return await wait_for(site.desk.pool, site.desk.view, wanted, WAIT)


def _olds(places: Places, place: PlaceRef) -> list[Json]:
    """The old communes that one of today was made of; one that was divided is only in part certain."""
    if place.list == "63":
        return []
    located = places.locate(place, "63")
    olds = located.candidates or ((located.commune,) if located.commune else ())
    return [
        {"key": old.key, "name": places.name(old), "divided": places.locate(old, "34").undecided}
        for old in sorted(olds, key=places.sort_key)
    ]


async def _clubs(site: Site, visitor: Visitor, place: PlaceRef, due: str) -> Clubs:
    """The clubs of a commune, by name, for a visitor who holds it."""
    if visitor.principal is None or not holds_area(visitor.principal, place, site.desk.places):
        return Clubs([], more=False, shown=False, refused=None)
    try:
        answer = await site.ask("clubs", "/v1/clubs", visitor, place=place.key, limit=MOST_CLUBS)
    except Refused as refused:
        return Clubs([], more=False, shown=False, refused={"vi": refused.vi, "en": refused.en})
    return Clubs([_line(each, due) for each in answer["clubs"]], answer["next"] is not None, shown=True, refused=None)


def _line(club: Json, due: str) -> ClubLine:
    members, month = club["members"], club["month"]
    last = None if month is None else month["month"][:7]
    return ClubLine(
        club=club["club"],
        name=club["founding"]["name"],
        village=club["founding"].get("village"),
        status=club["status"],
        members=None if members is None else members["total"],
        members_on=None if members is None else members["as_of"],
        month=last,
        late=club["status"] == "active" and (last is None or last < due) and club["founding"]["founded_on"][:7] <= due,
    )
