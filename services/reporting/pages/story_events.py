"""The page of one event: what it said, and the way that it went: command, event, log, Kafka, ledger, figures.

For those who are signed in, with the rights that the event's own service asks for. A step that cannot be shown says why.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.reporting.event_entries import EntriesAnswer, LastHop
from services.reporting.pages.reading import Chosen
from services.reporting.pages.site import Site
from services.reporting.pages.story_parts import allowed, live_places, of_now, page_of, recorder
from services.reporting.pages.story_words import club_sentence, flat, lines_of_data, type_name
from services.reporting.pages.words import Language, say
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.services import SERVICES
from shared.web.event_routes import unknown_event
from shared.web.sessions import SignedIn, Visitor
from shared.web.upstream import Down

Json = dict[str, Any]

_DAYS: Final = (
    "as_of", "month", "renewed_on", "suspended_on", "resumed_on", "dissolved_on", "founded_on",
)  # fmt: skip


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()
    hop = LastHop(site.desk.pool, site.desk.places, site.desk.view)

    @routes.get("/su-kien/{event_id}", response_class=Response)
    async def event(request: Request, visitor: SignedIn, reading: Chosen, event_id: UUID) -> Response:
        """One event."""
        places, now = site.desk.places, of_now(reading, site.desk.places)
        found = await event_of(site, visitor, str(event_id))
        entries, why = await _entries(hop, visitor, found)
        spots = [PlaceRef.parse(each.place) for each in entries.entries] if entries else []
        live = await site.live(now, *live_places(places, *spots))
        names = {key: places.name(PlaceRef.parse(key)) for key in {place.key for place in spots}}
        return site.page(
            request, visitor, now, "event.html",
            live=live, found=found, entries=entries, why=why, names=names,
            sentence=sentence_of(found, now.language), kind=type_name(found["type"], now.language),
            by=recorder(found["actor"], places, now.language),
            lines=None if found["data"] is None else lines_of_data(found["data"], places, now.language),
            file_row=None if found["data"] is None else found["data"].get("origin"),
            page=page_of(found["stream"]),
            crumbs=[("/", say(now.language, "Cả nước")), (None, say(now.language, "Sự kiện"))],
        )  # fmt: skip

    _ = event
    return routes


async def event_of(site: Site, visitor: Visitor, event_id: str) -> Json:
    """The event, from whichever service has it. May raise that service's refusal, or `Down` where it may be in one that is."""
    answers = await asyncio.gather(*(allowed(site.ask(each, f"/v1/events/{event_id}", visitor)) for each in SERVICES))
    found = next((answer.found for answer in answers if answer.found is not None), None)
    if found is not None:
        return found
    refusals = [answer.missing for answer in answers if answer.missing is not None and answer.missing.status != 404]
    raise next((each for each in refusals if not isinstance(each, Down)), refusals[0] if refusals else unknown_event())


async def _entries(hop: LastHop, visitor: Visitor, found: Json) -> tuple[EntriesAnswer | None, Refused | None]:
    assert visitor.principal is not None  # noqa: S101  the dependency of the route promises it
    try:
        coordinates = (found["source"], found["lane"], found["position"])
        return await hop.of(visitor.principal, found["event_id"], *coordinates), None
    except Refused as refused:
        return None, refused


def sentence_of(found: Json, language: Language) -> str:
    """What happened, in one sentence; of other streams than clubs the kind of event says it."""
    data: Json | None = found["data"]
    on = None if data is None else next((data[name] for name in _DAYS if name in data), None)
    if data is None or on is None or not found["type"].startswith("clubs."):
        return type_name(found["type"], language)
    return club_sentence(found["type"], dict(flat(data)), on, language, corrects=False)
