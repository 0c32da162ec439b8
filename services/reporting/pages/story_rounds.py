"""Training rounds (đợt tập huấn): the list of a year with what of it counts against the plan, and the page of one round.

Rounds are public; the clubs whose boards were trained are named to those with a right to the round's area. When the trainings
service does not answer, the list still shows the number that the ledger has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from services.reporting.pages.reading import Chosen
from services.reporting.pages.site import Named, Site
from services.reporting.pages.story_names import ORGANISERS, ROUND_STATES, VALUES
from services.reporting.pages.story_parts import (
    Block,
    Crumb,
    block,
    down_to,
    events_of,
    figures_of,
    live_places,
    of_now,
    place_link,
    priority_of,
)
from services.reporting.pages.story_streams import happened, names_of
from services.reporting.pages.words import Language, say
from shared.kernel.clock import day_of
from shared.kernel.place import NATION, PlaceRef
from shared.reference.book import Places
from shared.web.sessions import Visiting

Json = dict[str, Any]

NUMBERS: Final = ("training-rounds", "training-rounds-all")
LEAD: Final = "lead-department"
FIRST_YEAR: Final = 2020
PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A round as a list shows it. `counts`: it is one of the year's rounds that the plan counts."""

    round: str
    title: str
    status: str
    organiser: str
    starts_on: str
    ends_on: str
    place: Crumb
    provinces: list[Crumb]
    priority: list[tuple[str, bool]]
    counts: bool
    lead: bool
    generated: bool


def router(site: Site) -> APIRouter:
    """Both routes."""
    routes = site.pages()

    @routes.get("/tap-huan", response_class=Response)
    async def rounds(
        request: Request,
        visitor: Visiting,
        reading: Chosen,
        year: Annotated[str, Query(pattern=r"^(20\d\d)?$")] = "",
        state: Annotated[str, Query(pattern=r"^(planned|held|cancelled)?$")] = "",
        place: Annotated[str, Query(pattern=r"^((34|63):[0-9]{2}([0-9]{3})?)?$")] = "",
        page: Annotated[int, Query(ge=1, le=1000)] = 1,
    ) -> Response:
        """A year's rounds."""
        places, now = site.desk.places, of_now(reading, site.desk.places)
        today = day_of(now.now)
        of_year = int(year or today.year)
        last = min(today, date(of_year, 12, 31)).isoformat()
        until = now.of(places, as_of=last, known_at=None, map=None, basis=None)
        lead, listed, figures, live = await asyncio.gather(
            block(site.ask("trainings", "/v1/trainings", visitor, year=of_year, organiser=LEAD, limit=100)),
            block(
                site.ask(
                    "trainings",
                    "/v1/trainings",
                    visitor,
                    year=of_year,
                    status=state or None,
                    place=place or None,
                    limit=PAGE + 1,
                    offset=(page - 1) * PAGE,
                )
            ),
            figures_of(site, visitor, until, NUMBERS),
            site.live(now, NATION.key),
        )
        rows = rows_of(listed, places)
        return site.page(
            request, visitor, now, "rounds.html",
            live=live, figures=figures, why=listed.missing or lead.missing, year=of_year, state=state, place=place, page=page,
            years=range(today.year + 1, FIRST_YEAR - 1, -1), states=ROUND_STATES, provinces=places.province_list("34"),
            name_of=places.name, lead=rows_of(lead, places), rows=rows[:PAGE], more=len(rows) > PAGE,
            organisers=ORGANISERS, why_not=why_not,
        )  # fmt: skip

    @routes.get("/tap-huan/{stream}", response_class=Response)
    async def round_(request: Request, visitor: Visiting, reading: Chosen, stream: Named) -> Response:
        """One round."""
        places, now = site.desk.places, of_now(reading, site.desk.places)
        found = await site.ask("trainings", f"/v1/trainings/{stream}", visitor)
        facts = found["report"] or found["plan"]
        spots = spots_of(facts)
        clubs: Sequence[str] = found["report"]["clubs"] if found["report"] else ()
        live, events, names = await asyncio.gather(
            site.live(now, *live_places(places, *spots)),
            events_of(site, "trainings", visitor, stream),
            names_of(site, visitor, clubs),
        )
        crumbs = [
            *down_to(places, spots[0], now.language),
            ("/tap-huan", say(now.language, "Tập huấn")),
            (None, facts["title"]),
        ]
        return site.page(
            request, visitor, now, "round.html",
            live=live, found=found, facts=facts, row=_row(found, places), stream=stream,
            crumbs=crumbs, why_not=why_not,
            events=events, told=happened(events, places, now.language), names=names, values=VALUES, organisers=ORGANISERS,
            states=ROUND_STATES, total=sum(cost["amount"] for cost in facts.get("costs", ())), moved=_moved(found),
        )  # fmt: skip

    _ = (rounds, round_)
    return routes


def rows_of(found: Block, places: Places) -> list[Row]:
    """The rounds of an answer; none where there is none."""
    return [] if found.found is None else [_row(each, places) for each in found.found["rounds"]]


def spots_of(facts: Json) -> list[PlaceRef]:
    """Where a round is held, and then for whom."""
    return [PlaceRef.model_validate(each) for each in (facts["place"], *facts.get("provinces", ()))]


def _row(found: Json, places: Places) -> Row:
    facts: Json = found["report"] or found["plan"]
    spots = spots_of(facts)
    lead = facts["organiser"] == LEAD
    return Row(
        round=found["round"],
        title=facts["title"],
        status=found["status"],
        organiser=facts["organiser"],
        starts_on=facts["starts_on"],
        ends_on=facts["ends_on"],
        place=place_link(spots[0], places),
        provinces=[place_link(each, places) for each in spots[1:]],
        priority=priority_of(spots, places),
        counts=lead and found["status"] == "held",
        lead=lead,
        generated=facts["generated"],
    )


def _moved(found: Json) -> list[tuple[str, str, str]]:
    """What the report says otherwise than the plan: the days."""
    plan, report = found["plan"], found["report"]
    if plan is None or report is None:
        return []
    return [(name, plan[name], report[name]) for name in ("starts_on", "ends_on") if plan[name] != report[name]]


def why_not(row: Row, language: Language) -> str:
    """Why a round is not one of those that the plan counts; empty if it is."""
    if row.counts:
        return ""
    if not row.lead:
        return say(language, "không tính vào 5–7 đợt: không phải đợt của đơn vị chủ trì")
    if row.status == "cancelled":
        return say(language, "không tính: đã hủy")
    return say(language, "chưa tính: chưa có báo cáo đã tổ chức")
