"""Inspections (đoàn kiểm tra, giám sát) and their recommendations (kiến nghị): the list, overdue first, and one inspection.

Both are public but for what concerns one club, which the monitoring service leaves out for those without a right to its area.
When that service does not answer, the list still shows the numbers that the ledger has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from services.reporting.pages.filters import day, number
from services.reporting.pages.reading import Chosen
from services.reporting.pages.site import Named, Site
from services.reporting.pages.story_names import INSPECTION_STATES, ORGANISERS, VALUES
from services.reporting.pages.story_parts import (
    Crumb,
    block,
    down_to,
    events_of,
    figures_of,
    live_places,
    of_now,
    place_link,
)
from services.reporting.pages.story_streams import happened, names_of
from services.reporting.pages.words import Language, say
from shared.kernel.place import NATION, PlaceRef
from shared.reference.book import Places
from shared.web.sessions import Visiting

Json = dict[str, Any]

NUMBERS: Final = ("inspections", "recommendations-open", "recommendations-overdue", "recommendations-remedied")
PAGE: Final = 30
SHOWN: Final = 60
_ORDER: Final = {"overdue": 0, "open": 1, "remedied": 2, "rechecked": 3}


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommendation in words. `state` is overdue, open, remedied or rechecked."""

    inspection: str
    number: int
    state: str
    words: str
    text: str
    found: str
    place: Crumb
    club: str | None
    remarks: tuple[str, ...]
    generated: bool


def router(site: Site) -> APIRouter:
    """Both routes."""
    routes = site.pages()

    @routes.get("/kiem-tra", response_class=Response)
    async def inspections(
        request: Request,
        visitor: Visiting,
        reading: Chosen,
        state: Annotated[str, Query(pattern=r"^(open|overdue|remedied|rechecked)?$")] = "",
        place: Annotated[str, Query(pattern=r"^((34|63):[0-9]{2}([0-9]{3})?)?$")] = "",
        page: Annotated[int, Query(ge=1, le=1000)] = 1,
    ) -> Response:
        """Recommendations and inspections of a place."""
        places, now = site.desk.places, of_now(reading, site.desk.places, area=place or None)
        within = place or None
        advice, listed, figures, live = await asyncio.gather(
            block(site.ask("monitoring", "/v1/recommendations", visitor, place=within, status=state or None, limit=500)),
            block(site.ask("monitoring", "/v1/inspections", visitor, place=within, limit=PAGE + 1, offset=(page - 1) * PAGE)),
            figures_of(site, visitor, now, NUMBERS),
            site.live(now, *live_places(places, PlaceRef.parse(place) if place else NATION)),
        )
        rows: Sequence[Json] = listed.found["inspections"] if listed.found else ()
        told = [] if advice.found is None else advice_of(advice.found, places, now.language)
        return site.page(
            request, visitor, now, "inspections.html",
            live=live, figures=figures, why=advice.missing or listed.missing, state=state, place=place, page=page,
            advice=told[:SHOWN], all=len(told), rows=[(each, _spots(each, places)) for each in rows[:PAGE]],
            more=len(rows) > PAGE, provinces=places.province_list("34"), name_of=places.name, states=INSPECTION_STATES,
            organisers=ORGANISERS,
        )  # fmt: skip

    @routes.get("/kiem-tra/{stream}", response_class=Response)
    async def inspection(request: Request, visitor: Visiting, reading: Chosen, stream: Named) -> Response:
        """One inspection."""
        places, now = site.desk.places, of_now(reading, site.desk.places)
        found = await site.ask("monitoring", f"/v1/inspections/{stream}", visitor)
        facts: Json = found["report"] or found["plan"]
        spots = [PlaceRef.model_validate(each) for each in facts["places"]]
        findings: Sequence[Json] = facts.get("findings", ())
        clubs = list(dict.fromkeys([*facts.get("clubs_visited", ()), *(each["club"] for each in findings if each["club"])]))
        advice, events, names, live = await asyncio.gather(
            block(site.ask("monitoring", "/v1/recommendations", visitor, inspection=stream, limit=500)),
            events_of(site, "monitoring", visitor, stream),
            names_of(site, visitor, clubs),
            site.live(now, *live_places(places, *spots)),
        )
        told = {} if advice.found is None else {each.number: each for each in advice_of(advice.found, places, now.language)}
        crumbs = [*down_to(places, spots[0] if len(spots) == 1 else NATION, now.language)]
        return site.page(
            request, visitor, now, "inspection.html",
            live=live, found=found, facts=facts, stream=stream, names=names, events=events, why=advice.missing,
            crumbs=[*crumbs, ("/kiem-tra", say(now.language, "Kiểm tra, giám sát")), (None, facts["title"])],
            spots=[place_link(each, places) for each in spots],
            findings=[(each, place_link(PlaceRef.model_validate(each["place"]), places), told.get(each["number"]))
                      for each in sorted(findings, key=lambda each: _urgency(told.get(each["number"]), each["number"]))],
            told=happened(events, places, now.language), values=VALUES, organisers=ORGANISERS, states=INSPECTION_STATES,
        )  # fmt: skip

    _ = (inspections, inspection)
    return routes


def _spots(found: Json, places: Places) -> list[Crumb]:
    facts: Json = found["report"] or found["plan"]
    return [place_link(PlaceRef.model_validate(each), places) for each in facts["places"]]


def _urgency(advice: Advice | None, number: int) -> tuple[int, int]:
    return (9 if advice is None else _ORDER[advice.state], number)


def advice_of(answer: Json, places: Places, language: Language) -> list[Advice]:
    """Recommendations in words, the overdue ones first, then the nearest deadline."""
    today = date.fromisoformat(answer["as_of"])
    found = [_advice(each, today, places, language) for each in answer["recommendations"]]
    return sorted(found, key=lambda each: _ORDER[each.state])


def _advice(each: Json, today: date, places: Places, language: Language) -> Advice:
    finding: Json = each["finding"]
    return Advice(
        inspection=each["inspection"],
        number=finding["number"],
        state=each["status"],
        words=state_words(each, today, language),
        text=finding["recommendation"]["text"],
        found=finding["text"],
        place=place_link(PlaceRef.model_validate(finding["place"]), places),
        club=finding["club"],
        remarks=tuple(text for text in (each["remedy_remark"], each["recheck_remark"]) if text),
        generated=each["generated"],
    )


def state_words(each: Json, today: date, language: Language) -> str:
    """How far a recommendation is: `quá hạn 100 ngày (hạn 17/08/2026)`."""
    deadline: str | None = each["finding"]["recommendation"]["deadline"]
    due = day(deadline, language)
    match each["status"]:
        case "overdue" if deadline is not None:
            late = (today - date.fromisoformat(deadline)).days
            return say(language, "quá hạn %(n)s ngày (hạn %(day)s)", n=number(late, language), day=due)
        case "remedied":
            return say(language, "đã khắc phục ngày %(day)s, chưa kiểm tra lại", day=day(each["remedied_on"], language))
        case "rechecked":
            return say(language, "đã kiểm tra lại ngày %(day)s: đạt", day=day(each["rechecked_on"], language))
        case _:
            again = each["satisfied"] is False
            words = say(language, "chưa có hạn") if deadline is None else say(language, "còn hạn đến %(day)s", day=due)
            return f"{words}; {say(language, 'kiểm tra lại chưa đạt')}" if again else words
