"""The questions that the reporting service answers over HTTP.

Anyone may read figures down to the commune. A cut by club, and what the trace says of clubs and actors, needs a token of the
area. Bad parameters are refused with a slug and a sentence; nothing here writes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from services.reporting.indicators import ALL
from services.reporting.ledger.keys import Keys
from services.reporting.ledger.view import FiguresView
from services.reporting.questions import number_id, render
from services.reporting.questions.area import Area
from services.reporting.questions.ask import Ask, Asked, as_of, understand
from services.reporting.questions.positions import Wanted, positions, wait_for
from services.reporting.questions.preview import preview
from services.reporting.questions.preview_body import deliver
from services.reporting.questions.progress import progress, whole
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.series import months_of
from services.reporting.questions.small import place_of_club
from services.reporting.questions.snapshot import Snapshot, snapshot, stamp
from services.reporting.questions.trace import Reader, trace
from shared.feeds.sse import sse_response
from shared.kernel.authority import require_area
from shared.kernel.clock import day_of
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.kernel.place import NATION
from shared.kernel.principal import Principal
from shared.reference.book import Places
from shared.runtime.service import Reads
from shared.web.access import Anyone, Holder
from shared.web.body import json_body

Json = dict[str, Any]
Text = Annotated[str | None, Query(max_length=2000)]
PageNumber = Annotated[int, Query(ge=1, le=100_000)]


async def asked(
    *,
    indicator: Text = None,
    area: Text = None,
    as_of: Text = None,
    known_at: Text = None,
    map: Text = None,
    basis: Text = None,
) -> Asked:
    """The parameters that most questions share: indicators by slug (comma between), area, both clocks, map, basis."""
    return Asked(indicator, area, as_of, known_at, map, basis)


Parameters = Annotated[Asked, Depends(asked)]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    reads: Reads
    places: Places
    view: FiguresView

    @property
    def pool(self) -> Pool:
        """The service's database."""
        return self.reads.pool

    @asynccontextmanager
    async def open(self, principal: Principal | None, ask: Ask | Question) -> AsyncGenerator[Snapshot]:
        """The snapshot to answer a question from, for whoever may ask it: clubs need a token of their area."""
        async with snapshot(self.pool, self.view.name) as connection:
            if ask.area.kind == "club" or (isinstance(ask, Ask) and ask.group_by == "club"):
                await _require(connection, principal, ask.area, self.places)
            yield connection


def router(desk: Desk) -> APIRouter:
    """Every route."""
    routes = APIRouter(tags=["figures"])
    _add_progress(routes, desk)
    _add_numbers(routes, desk)
    _add_rest(routes, desk)
    return routes


def _add_progress(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/v1/progress")
    async def progress_of(principal: Anyone, what: Parameters, group_by: Text = None) -> Json:
        """How far: numbers of an area, cut by `province`, `region`, `commune`, `club` or `month` if asked."""
        ask = understand(replace(what, group_by=group_by), desk.places, desk.reads.clock())
        async with desk.open(principal, ask) as connection:
            return await progress(connection, desk.places, ask)

    @routes.get("/v1/progress/series")
    async def series(principal: Anyone, what: Parameters, first: Annotated[Text, Query(alias="from")] = None) -> Json:
        """Month by month, from a month on (24 months back if none is named)."""
        now = desk.reads.clock()
        ask = understand(what, desk.places, now)
        start: date | None = None if first is None else as_of(first if len(first) > 7 else f"{first}-01", now)
        async with desk.open(principal, ask) as connection:
            mark = await stamp(connection, ask.clocks.known_at)
            return {
                **render.head(mark, ask.clocks, desk.places),
                "area": render.area(ask.area, desk.places),
                "months": await months_of(connection, desk.places, ask, start),
            }

    _ = (progress_of, series)


def _add_numbers(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/v1/numbers/{id}")
    async def number(principal: Anyone, id: str) -> Json:
        """The number of an id: exactly the question that the id means, answered now."""
        question = _decoded(id, desk.places)
        async with desk.open(principal, question) as connection:
            mark = await stamp(connection, question.clocks.known_at)
            (figure,) = await whole(connection, desk.places, question.area, [question])
        return {
            **render.head(mark, question.clocks, desk.places),
            "area": render.area(question.area, desk.places),
            "definition": render.definition(question.definition),
            "generated": bool(figure.generated),
            "number": render.figure(figure),
        }

    @routes.get("/v1/numbers/{id}/trace")
    async def traced(
        principal: Anyone, id: str, page: PageNumber = 1, component: Annotated[Literal["part", "whole"], Query()] = "part"
    ) -> Json:
        """Everything behind a number, 100 entries a page, with subtotals and the server's own check of the sum."""
        question = _decoded(id, desk.places)
        async with desk.open(principal, question) as connection:
            return await trace(connection, desk.places, question, Reader(principal, page, component))

    @routes.get("/v1/indicators")
    async def indicators(principal: Anyone) -> Json:
        """Every definition: formula, version, worked example."""
        del principal
        return {"indicators": [render.definition(each) for each in ALL]}

    _ = (number, traced, indicators)


def _add_rest(routes: APIRouter, desk: Desk) -> None:
    keys = Keys(desk.places)

    @routes.get("/v1/stream", response_class=Response)
    async def stream(
        principal: Anyone,
        last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=40)] = None,
        after: Annotated[str | None, Query(max_length=40)] = None,
    ) -> Response:
        """What changes, as server-sent events: which places' figures may have moved.

        Resumable by `Last-Event-ID`; `after` says the same where a browser cannot set the header: at the first connection.
        """
        del principal
        return sse_response(desk.reads.feed, last_event_id or after)

    @routes.get("/v1/positions")
    async def where(principal: Anyone, wait: Text = None, seconds: Annotated[float, Query(ge=0, le=30)] = 10) -> Json:
        """How far the ledger has read each lane. `wait=clubs:12:345` answers once that event is in, or after `seconds`."""
        del principal
        reached = None if wait is None else await wait_for(desk.pool, desk.view, Wanted.parse(wait), seconds)
        return {"reached": reached, **await positions(desk.pool, desk.view)}

    @routes.post("/v1/figures:preview")
    async def previewed(principal: Holder, request: Request) -> Json:
        """Which figures would move if these events were recorded. Stores nothing."""
        now = desk.reads.clock()
        events = deliver(await json_body(request), desk.view.codec, now)
        ask = understand(Asked(), desk.places, now)
        clocks = Clocks(day_of(now), ask.clocks.known_at, ask.clocks.map)
        async with snapshot(desk.pool, desk.view.name) as connection:
            return await preview(connection, desk.places, keys, events, clocks, principal=principal)

    _ = (stream, where, previewed)


def _decoded(id: str, places: Places) -> Question:
    question = number_id.decode(id)
    place = question.area.place
    if place is not None and not places.exists(place):
        raise number_id.mistyped()
    return question


async def _require(connection: Snapshot, principal: Principal | None, area: Area, places: Places) -> None:
    """Clubs are seen with a token of their area."""
    if principal is None:
        raise Refused(
            "token-missing",
            "Số liệu từng câu lạc bộ cần mã truy cập của địa bàn: gửi tiêu đề `Authorization: Bearer <mã>`.",
            "Figures of single clubs need a token of the area: send the header `Authorization: Bearer <token>`.",
            status=401,
        )
    place = await place_of_club(connection, area.code) if area.kind == "club" else area.place
    require_area(principal, place or NATION, places)
