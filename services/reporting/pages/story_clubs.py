"""The page of one club: its story. Facts, numbers that open, what is missing, the trend, and the timeline of its events.

For those who are signed in with a right to the club's area; others get the refusal of the clubs service. When that service does
not answer, the numbers of the ledger are shown alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from services.reporting.indicators import indicator
from services.reporting.pages.filters import day, number
from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.site import Named, Site
from services.reporting.pages.story_missing import missing_of
from services.reporting.pages.story_parts import (
    Block,
    actor_of,
    allowed,
    block,
    down_to,
    live_places,
    may_write,
    of_now,
    recorder,
)
from services.reporting.pages.story_words import Line, club_sentence, lines_of_changes
from services.reporting.pages.words import Language, say
from services.reporting.questions.progress import progress
from shared.charts.chart import Amount, Chart
from shared.charts.spark import Moment as Point
from shared.charts.spark import Spark
from shared.kernel.clock import day_of
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.reference.book import Places
from shared.web.sessions import SignedIn, Visitor

Json = dict[str, Any]

NUMBERS: Final = ("members", "older-members", "women", "income-fund", "operating-fund")
PAGE: Final = 20
_POINTS: Final = 12


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the timeline in words. `step` is the membership before and after, where it moved."""

    event: str
    version: int
    sentence: str
    by: str
    recorded_at: str
    corrects: bool
    lines: list[Line]
    step: tuple[str, str] | None


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()

    @routes.get("/clb/{stream}", response_class=Response)
    async def club(
        request: Request,
        visitor: SignedIn,
        reading: Chosen,
        stream: Named,
        before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    ) -> Response:
        """A club's story."""
        places, language = site.desk.places, reading.language
        now = of_now(reading, places)
        story = await block(site.ask("clubs", f"/v1/clubs/{stream}", visitor, limit=PAGE, before=before))
        figures = await _figures(site, visitor, now, stream)
        if story.found is None:
            if figures is None:
                raise story.missing or _unknown()
            return site.page(request, visitor, now, "club.html", story=None, why=story.missing, stream=stream,
                             figures=figures, crumbs=[("/", say(language, "Cả nước")), (None, stream)])  # fmt: skip
        found = story.found
        commune = PlaceRef.model_validate(found["founding"]["commune"])
        live, todos = await asyncio.gather(site.live(now, *live_places(places, commune)), _todos(site, visitor, commune))
        return site.page(
            request, visitor, now, "club.html",
            live=live, story=found, why=None, stream=stream, figures=figures,
            crumbs=[*down_to(places, commune, language), (None, found["founding"]["name"])],
            missing=missing_of(found, todos, day_of(now.now), language), todos=todos,
            trend=trend_of(found["memberships"], language), told=told_of(found, places, language),
            writes=may_write(visitor, commune, places) and found["status"] != "dissolved", before=before,
        )  # fmt: skip

    _ = club
    return routes


async def _figures(site: Site, visitor: Visitor, now: Reading, stream: str) -> Json | None:
    """The club's numbers from the ledger; None where it does not know the club yet, or its id is in no number's."""
    try:
        asked = now.of(site.desk.places, area=f"club:{stream}", as_of=None, known_at=None, map=None, basis=None)
        ask = replace(asked.ask, definitions=tuple(indicator(slug) for slug in NUMBERS))
        async with site.desk.open(visitor.principal, ask) as found:
            return await progress(found, site.desk.places, ask)
    except Refused as refused:
        if refused.status in (404, 422):
            return None
        raise


async def _todos(site: Site, visitor: Visitor, commune: PlaceRef) -> Block:
    return await allowed(site.ask("trainings", "/v1/board-todos", visitor, place=commune.key, limit=500))


def told_of(story: Json, places: Places, language: Language) -> list[Told]:
    """The timeline in words, the newest first."""
    totals = {each["as_of"]: each["total"] for each in story["memberships"]}
    here = PlaceRef.model_validate(story["founding"]["commune"])
    return [_told(moment, totals, places, here, language) for moment in story["timeline"]]


def _told(moment: Json, totals: dict[str, int], places: Places, here: PlaceRef, language: Language) -> Told:
    changes: Sequence[Json] = moment["changes"]
    facts = {change["field"]: change["after"] for change in changes}
    corrects = moment["type"] == "clubs.founding-corrected" or (
        moment["type"].endswith("-reported") and not facts.keys() & {"as_of", "month"}
    )
    return Told(
        event=moment["event_id"],
        version=moment["version"],
        sentence=club_sentence(moment["type"], facts, moment["day"], language, corrects=corrects),
        by=recorder(actor_of(moment), places, language),
        recorded_at=moment["recorded_at"],
        corrects=corrects,
        lines=lines_of_changes(changes, places, here, language),
        step=_step(moment, changes, totals, language),
    )


def _step(moment: Json, changes: Sequence[Json], totals: dict[str, int], language: Language) -> tuple[str, str] | None:
    """How the membership moved: by a correction against what stood there, else against the report of the day before it."""
    if moment["type"] != "clubs.members-reported":
        return None
    total = next((change for change in changes if change["field"] == "total"), None)
    if total is None:
        return None
    earlier = max((day for day in totals if day < moment["day"]), default=None)
    before = total["before"] if total["before"] is not None else totals[earlier] if earlier is not None else None
    if before is None or before == total["after"]:
        return None
    return number(before, language), number(total["after"], language)


def trend_of(memberships: Sequence[Json], language: Language) -> Chart | None:
    """The members of the last reports; None of fewer than two."""
    if len(memberships) < 2:
        return None
    last = memberships[-_POINTS:]
    first, newest = last[0], last[-1]
    return Spark(
        id="club-members",
        title=say(language, "Số thành viên qua các báo cáo"),
        sentence=say(
            language,
            "Từ %(before)s người ngày %(first)s đến %(after)s người ngày %(last)s.",
            before=number(first["total"], language),
            first=day(first["as_of"], language),
            after=number(newest["total"], language),
            last=day(newest["as_of"], language),
        ),
        header=(say(language, "Ngày"), say(language, "Thành viên")),
        moments=tuple(
            Point(day(each["as_of"], language), Amount(each["total"], number(each["total"], language))) for each in last
        ),
        unknown=say(language, "chưa có số liệu"),
    ).draw()


def _unknown() -> Refused:
    return Refused("unknown-club", "Không có câu lạc bộ này.", "There is no such club.", status=404)
