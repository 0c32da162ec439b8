"""Việc cần xử lý: late provinces, overdue recommendations, untrained boards, divided communes, sources that disagree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from services.reporting.indicators import indicator
from services.reporting.pages import drawings, filters
from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.reasoned import disagreements, reasoned
from services.reporting.pages.site import Site
from services.reporting.pages.stamps import due_month, stamp_of
from services.reporting.pages.todo_list import contradictions, late_provinces
from services.reporting.pages.words import say
from services.reporting.questions.progress import progress, spoken_of
from services.reporting.questions.snapshot import Snapshot
from shared.kernel.errors import Refused
from shared.kernel.place import MapName
from shared.web.sessions import Visiting, Visitor

Json = dict[str, Any]
COUNTS: Final = ("recommendations-overdue", "boards-untrained", "communes-with-clubs")
CLAIMED: Final = (
    "clubs-founded",
    "clubs-new-1336",
    "members",
    "older-members",
    "provinces-with-clubs",
    "share-clubs-all-areas",
)
_MOST: Final = 50


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()

    @routes.get("/viec", response_class=Response)
    async def todo(request: Request, visitor: Visiting, reading: Chosen) -> Response:
        """Everything that somebody should do next."""
        live = await site.live(reading, "VN")
        async with site.desk.open(visitor.principal, reading.ask) as found:
            answer = await _counts(found, site, reading)
            claimed = await claims_of(found, site, reading)
            told = contradictions(claimed)
            reasons = await reasoned(found, site.desk.places, [each.number for each in told])
        overdue, unseen = await _overdue(site, visitor)
        return site.page(
            request,
            visitor,
            reading,
            "todo.html",
            live=live,
            stamp=stamp_of(answer),
            generated=answer["generated"],
            due=due_month(reading.ask.clocks.as_of),
            late=late_provinces(answer, reading.language),
            boards=_rows(answer, "boards-untrained"),
            boards_number=drawings.number_of(answer, "boards-untrained"),
            overdue=overdue,
            unseen=unseen,
            overdue_number=drawings.number_of(answer, "recommendations-overdue"),
            undecided=drawings.number_of(answer, "communes-with-clubs"),
            undecided_rows=[
                each for each in answer["groups"] if each["kind"] == "province" and each["numbers"][2]["undecided"]
            ],
            disagreeing=disagreements(told, reasons, site.desk.places, reading.language),
            reminders=_reminders(overdue, reading),
        )

    _ = todo
    return routes


async def _counts(found: Snapshot, site: Site, reading: Reading) -> Json:
    definitions = tuple(indicator(slug) for slug in COUNTS)
    return await progress(found, site.desk.places, replace(reading.ask, definitions=definitions, group_by="province"))


async def claims_of(found: Snapshot, site: Site, reading: Reading) -> list[Json]:
    """What sources speak of, in the nation and its provinces on both maps: what `contradictions` looks through."""
    return [await _claimed(found, site, reading, map_) for map_ in ("34", "63")]


async def _claimed(found: Snapshot, site: Site, reading: Reading, map_: MapName) -> Json:
    definitions = tuple(indicator(slug) for slug in CLAIMED)
    clocks = replace(reading.ask.clocks, map=map_)
    return await spoken_of(found, site.desk.places, replace(reading.ask, definitions=definitions, clocks=clocks))


async def _overdue(site: Site, visitor: Visitor) -> tuple[list[Json], Refused | None]:
    """The overdue recommendations that the visitor may see, the longest overdue first; or why they cannot be seen now."""
    try:
        answer = await site.ask("monitoring", "/v1/recommendations", visitor, status="overdue", limit=_MOST)
    except Refused as refused:
        return [], refused
    return sorted(answer["recommendations"], key=lambda each: each["finding"]["recommendation"]["deadline"]), None


def _rows(answer: Json, slug: str) -> list[Json]:
    """The provinces with something to do, the most first."""
    rows = [
        {"key": group["key"], "name": group["name"], "number": drawings.number_of(group, slug)}
        for group in answer["groups"]
        if group["kind"] == "province"
    ]
    return sorted((row for row in rows if row["number"]["value"]), key=lambda row: -row["number"]["value"])


def _reminders(overdue: list[Json], reading: Reading) -> dict[str, str]:
    """One reminder a place, with everything that is overdue there."""
    lines: dict[str, list[str]] = {}
    for each in overdue:
        wanted = each["finding"]["recommendation"]
        day = filters.day(wanted["deadline"], reading.language)
        text = say(reading.language, "- %(what)s (hạn %(day)s)", what=wanted["text"], day=day)
        lines.setdefault(each["place_name"], []).append(text)
    return {place: "\n".join([_head(place, reading), *texts]) for place, texts in lines.items()}


def _head(place: str, reading: Reading) -> str:
    return say(
        reading.language,
        "Kính gửi %(place)s: đề nghị báo cáo kết quả khắc phục các kiến nghị đã quá hạn sau đây.",
        place=place,
    )
