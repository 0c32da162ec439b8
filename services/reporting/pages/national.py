"""The page that people open every morning: tiến độ toàn quốc."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Request, Response

from services.reporting.indicators import indicator
from services.reporting.pages.reading import Chosen
from services.reporting.pages.site import Site
from services.reporting.pages.stamps import stamp_of
from services.reporting.questions.progress import progress
from shared.web.sessions import Visiting

HEADLINES: Final = (
    "clubs-new-1648", "clubs-founded", "clubs-active", "members", "older-members", "training-rounds", "training-participants",
    "inspections", "recommendations-open", "recommendations-remedied", "recommendations-overdue", "provinces-with-clubs",
    "communes-with-clubs", "share-women", "share-older", "share-clubs-all-areas", "share-clubs-both-funds", "clubs-new-1336",
)  # fmt: skip
COLUMNS: Final = ("clubs-founded", "clubs-new-1648", "clubs-active", "members", "older-members", "share-clubs-all-areas")


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/", response_class=Response)
    async def national(request: Request, visitor: Visiting, reading: Chosen) -> Response:
        """The nation on one page."""
        live = await site.live(reading, "VN")
        ask = replace(reading.ask, definitions=tuple(indicator(slug) for slug in HEADLINES))
        cut = replace(reading.ask, definitions=tuple(indicator(slug) for slug in COLUMNS), group_by="province")
        async with site.desk.open(visitor.principal, ask) as connection:
            answer = await progress(connection, site.desk.places, ask)
            groups = await progress(connection, site.desk.places, cut)
        return site.page(
            request, visitor, reading, "national.html", live=live, answer=answer, groups=groups, stamp=stamp_of(answer)
        )

    _ = national
    return routes
