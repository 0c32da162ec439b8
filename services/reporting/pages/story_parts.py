"""What the story pages share: asking of now, blocks that may be missing, who recorded something, and the way up to the nation.

The story pages tell what was recorded, up to now; a choice of the clocks is carried along by their links and changes nothing
here. A service that does not answer costs its own block, never the page; a refusal is the page's refusal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from services.reporting.indicators import indicator
from services.reporting.pages.reading import Reading
from services.reporting.pages.site import ROLES, Site
from services.reporting.pages.words import Language, say
from services.reporting.questions.ask import understand
from services.reporting.questions.progress import progress
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.principal import CENTRE, parse_actor
from shared.reference.book import Places
from shared.web.sessions import Visitor
from shared.web.upstream import Down

Json = dict[str, Any]
Crumb = tuple[str | None, str]

SIDES: Final[Mapping[str, str]] = {"state": "ngành Y tế", "association": "Hội Người cao tuổi"}
WRITERS: Final = ("commune", "province", "centre")
PRIORITY: Final = ("trung-du-mien-nui-phia-bac", "tay-nguyen", "dong-bang-song-cuu-long")
"""The regions that trainings go to first (Decision 1335), as they were in force in 2024: on the map of 63 provinces."""
_PAGES: Final[Mapping[str, str]] = {"club": "/clb/", "round": "/tap-huan/", "inspection": "/kiem-tra/"}


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page that another service knows: what it said, or why there is nothing to show."""

    found: Json | None = None
    missing: Refused | None = None


async def block(question: Awaitable[Json]) -> Block:
    """The answer, or that the service is down. May raise its `Refused`."""
    try:
        return Block(await question)
    except Down as down:
        return Block(missing=down)


async def allowed(question: Awaitable[Json]) -> Block:
    """The answer, or why not: the service is down, or the visitor has no right to this part of the page."""
    try:
        return Block(await question)
    except Refused as refused:
        if refused.status not in (401, 403, 404, 503):
            raise
        return Block(missing=refused)


async def events_of(site: Site, service: str, visitor: Visitor, stream: str) -> Block:
    """Who recorded what of a stream; for those who are signed in."""
    if not visitor.signed_in:
        return Block()
    return await allowed(site.ask(service, f"/v1/streams/{stream}/events", visitor, limit=100))


async def figures_of(site: Site, visitor: Visitor, reading: Reading, slugs: Sequence[str]) -> Json:
    """The ledger's own numbers for a reader's choice: they stand also when the other service is down."""
    ask = replace(reading.ask, definitions=tuple(indicator(slug) for slug in slugs))
    async with site.desk.open(visitor.principal, ask) as found:
        return await progress(found, site.desk.places, ask)


def of_now(reading: Reading, places: Places, **changes: str | None) -> Reading:
    """The same reader, asking of now; links keep what was chosen."""
    asked = replace(reading.asked, as_of=None, known_at=None, basis=None, map=None)
    return replace(reading, ask=understand(replace(asked, **changes), places, reading.now))


def recorder(actor: str, places: Places, language: Language) -> str:
    """Who recorded something, in words; never the token."""
    who = parse_actor(actor)
    if who.token == CENTRE.token:
        return say(language, "hệ thống tự ghi theo quy tắc")
    role, side = say(language, ROLES[who.role]), say(language, SIDES[who.side])
    known = places.exists(who.area) and who.area.level != "nation"
    return f"{role} {places.name(who.area)}, {side}" if known else f"{role}, {side}"


def actor_of(moment: Json) -> str:
    """The actor of a moment of a club's timeline, as events write it."""
    by = moment["recorded_by"]
    return f"{by['role']}/{by['side']}/{by['area']['key']}/{by['token']}"


def may_write(visitor: Visitor, place: PlaceRef, places: Places) -> bool:
    """Whether the visitor may record something about a club there."""
    who = visitor.principal
    return who is not None and who.role in WRITERS and places.exists(place) and places.contains(who.area, place)


def down_to(places: Places, place: PlaceRef, language: Language) -> list[Crumb]:
    """From the nation to a place on today's map; a divided commune stands under its old name."""
    crumbs: list[Crumb] = [("/", say(language, "Cả nước"))]
    located = places.locate(place, "34")
    if located.province is not None:
        crumbs.append((f"/tinh/{located.province.key}", places.name(located.province)))
    if place.level == "commune":
        commune = located.commune or place
        crumbs.append((f"/xa/{commune.key}", places.name(commune)))
    return crumbs


def live_places(places: Places, *found: PlaceRef) -> tuple[str, ...]:
    """The provinces of some places on both lists, as the feed names them."""
    keys: set[str] = set()
    for place in found:
        if place.level == "nation":
            keys.add(place.key)
            continue
        provinces = (places.locate(place, "34").province, places.locate(place, "63").province)
        keys.update(province.key for province in provinces if province is not None)
    return tuple(sorted(keys))


def place_link(place: PlaceRef, places: Places) -> Crumb:
    """A place's page and name."""
    match place.level:
        case "nation":
            return "/", "Cả nước"
        case "province":
            return f"/tinh/{place.key}", places.name(place)
        case "commune":
            return f"/xa/{place.key}", places.name(place)


def priority_of(found: Sequence[PlaceRef], places: Places) -> list[tuple[str, bool]]:
    """The priority regions in which some places lie, and whether one of them lies there only in part: today's Lâm Đồng does."""
    whole: dict[str, bool] = {}
    for place in found:
        if place.level == "nation":
            continue
        province = places.locate(place, "63").province
        today = places.locate(place, "34").province
        olds = [province] if province is not None else list(places.predecessors(today)) if today is not None else []
        slugs = [places.region(old) for old in olds]
        for slug in PRIORITY:
            if slug in slugs:
                whole[slug] = whole.get(slug, False) or set(slugs) == {slug}
    return [(places.region_name(slug).vi, not whole[slug]) for slug in PRIORITY if slug in whole]


def page_of(stream: str) -> str | None:
    """The page of a stream; a board's is its club's."""
    kind, _, rest = stream.partition("-")
    if kind == "board":
        return f"/clb/{rest}"
    return f"{_PAGES[kind]}{stream}" if kind in _PAGES else None
