"""The page of a province: its numbers, its communes that sum to it, the old provinces that it was made of, its sources.

Guarantees that the lines of its tables are checked against its own numbers and that the page says so, and that it stands
when another service does not answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from services.reporting.pages import areas, drawings
from services.reporting.pages.areas import Json, Row, Spot
from services.reporting.pages.reading import Chosen
from services.reporting.pages.reasoned import disagreements, reasoned
from services.reporting.pages.reported import heard
from services.reporting.pages.site import Site
from services.reporting.pages.sorting import COLUMNS, Direction, Order, sorting_of
from services.reporting.pages.todo_list import contradictions
from services.reporting.questions.progress import progress
from services.reporting.questions.series import months_of
from services.reporting.questions.snapshot import Snapshot
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.reference.book import Places
from shared.web.sessions import Visiting, Visitor

HEADLINES: Final = (
    "clubs-founded", "clubs-new-1648", "clubs-active", "members", "older-members", "communes-with-clubs",
    "training-rounds-all", "training-participants", "inspections", "recommendations-open", "recommendations-overdue",
    "share-women", "share-older", "share-clubs-all-areas", "share-clubs-both-funds", "clubs-new-1336",
)  # fmt: skip
TRENDS: Final = ("clubs-existing", "members")
LATEST: Final = 5
LISTS: Final = {"trainings": "/v1/trainings", "monitoring": "/v1/inspections"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The old provinces of a merged one, with the line of what lies in none of them, and whether they sum to it."""

    rows: list[Row]
    agree: bool | None
    answers: list[Json]


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()
    places = site.desk.places

    @routes.get("/tinh/{key}", response_class=Response)
    async def province(
        request: Request,
        visitor: Visiting,
        chosen: Chosen,
        key: str,
        sort: Annotated[Order, Query()] = "name",
        dir: Annotated[Direction | None, Query()] = None,
    ) -> Response:
        """One province, on the list that its key is of."""
        spot = areas.spot(chosen, places, key, "province")
        reading = spot.reading
        live = await site.live(reading, *_keys(places, spot.place))
        sorting = sorting_of(sort, dir)
        async with site.desk.open(visitor.principal, reading.ask) as found:
            answer = await progress(found, places, areas.ask_for(reading, HEADLINES))
            cut = await progress(found, places, areas.ask_for(reading, COLUMNS, "commune"))
            months = await months_of(found, places, areas.ask_for(reading, TRENDS))
            parts = await _parts(found, places, spot, cut)
            reports = await heard(found, places, reading.ask)
            answers = [answer, *([] if parts is None else parts.answers)]
            told = contradictions(answers)
            reasons = await reasoned(found, places, [number for each in answers for number in each["numbers"]])
        rows = areas.rows_of(cut["groups"], COLUMNS, places, spot.map)
        totals = areas.picked(cut["numbers"], COLUMNS)
        name = places.name(spot.place)
        drawn = [drawings.spark_of(each, months, reading.language, name) for each in months[-1]["numbers"]]
        with_clubs = {row.key for row in rows}
        others = [each for each in places.communes(spot.place) if each.key not in with_clubs]
        rounds, inspections = await asyncio.gather(
            _latest(site, visitor, spot, "trainings", "rounds"),
            _latest(site, visitor, spot, "monitoring", "inspections"),
        )
        return site.page(
            request, visitor, reading, "province.html",
            live=live, spot=spot, answer=answer, heard=reports, reasons=reasons,
            disagreeing=disagreements(told, reasons, places, reading.language), parts=parts, sorting=sorting, columns=COLUMNS,
            title=places.title_on(spot.place, reading.ask.clocks.as_of),
            crumbs_to=areas.way_up(places, spot.place, reading.language),
            rows=areas.ordered(rows, places, sorting.column, down=sorting.down),
            totals=totals, heads=cut["numbers"], agree=areas.sums_agree(rows, totals, COLUMNS),
            without=[(each.key, places.name(each)) for each in sorted(others, key=places.sort_key)],
            communes=len(places.communes(spot.place)),
            charts=[each for each in drawn if each is not None],
            fresh=next((each for each in answer["freshness"] if each["kind"] == "province"), None),
            successor=_successor(places, spot.place), rounds=rounds, inspections=inspections,
        )  # fmt: skip

    _ = province
    return routes


def _keys(places: Places, place: PlaceRef) -> tuple[str, ...]:
    """The place and what it is on the other list: a change is told under the keys of both."""
    if place.list == "34":
        return (place.key, *(each.key for each in places.predecessors(place)))
    return (place.key, places.successor(place).key)


def _successor(places: Places, place: PlaceRef) -> Json | None:
    """Of an old province: the one of today, and which others went into it."""
    if place.list == "34":
        return None
    new = places.successor(place)
    beside = [(each.key, places.name(each)) for each in places.predecessors(new) if each != place]
    return {"key": new.key, "name": places.name(new), "beside": beside}


async def _parts(found: Snapshot, places: Places, spot: Spot, whole: Json) -> Parts | None:
    """The numbers of the old provinces that a merged one was made of; None of one that never merged."""
    olds = places.predecessors(spot.place) if spot.map == "34" else ()
    if len(olds) < 2:
        return None
    answers = [
        await progress(found, places, areas.ask_for(spot.reading.of(places, area=old.key, map="63"), COLUMNS)) for old in olds
    ]
    rows = [
        Row(old.key, places.name(old), f"/tinh/{old.key}", areas.picked(answer["numbers"], COLUMNS))
        for old, answer in zip(olds, answers, strict=True)
    ]
    totals = areas.picked(whole["numbers"], COLUMNS)
    rest = areas.rest_of(rows, totals, COLUMNS)
    rows = [*areas.ordered(rows, places, None, down=False), *([] if rest is None else [rest])]
    return Parts(rows, areas.sums_agree(rows, totals, COLUMNS), answers)


async def _latest(site: Site, visitor: Visitor, spot: Spot, service: str, name: str) -> Json:
    """The latest of another service's subjects in the province; or why they are not there."""
    try:
        answer = await site.ask(service, LISTS[service], visitor, place=spot.key, limit=LATEST)
    except Refused as refused:
        return {"found": [], "refused": {"vi": refused.vi, "en": refused.en}}
    return {"found": answer[name], "refused": None}
