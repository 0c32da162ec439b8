"""The page that people open every morning: tiến độ toàn quốc."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from services.reporting.indicators import indicator
from services.reporting.pages import drawings, overview
from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.site import Site
from services.reporting.pages.stamps import stamp_of
from services.reporting.pages.todo import claims_of
from services.reporting.pages.todo_list import contradictions
from services.reporting.questions.area import WHOLE_COUNTRY, Area
from services.reporting.questions.ask import Ask
from services.reporting.questions.progress import progress
from services.reporting.questions.series import quarters_of
from services.reporting.questions.snapshot import Snapshot
from shared.web.sessions import Visiting

Json = dict[str, Any]
Shown = Literal["clubs-founded", "clubs-new-1648", "clubs-active", "members", "older-members", "share-clubs-all-areas"]
Sort = Literal["name", "clubs-founded", "clubs-new-1648", "clubs-active", "members", "older-members", "share-clubs-all-areas"]
_QUARTERS: Final = 12


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()

    @routes.get("/", response_class=Response)
    async def national(
        request: Request,
        visitor: Visiting,
        reading: Chosen,
        show: Annotated[Shown, Query()] = "clubs-active",
        sort: Annotated[Sort, Query()] = "name",
        dir: Annotated[Literal["asc", "desc"], Query()] = "asc",
    ) -> Response:
        """The nation on one page."""
        live = await site.live(reading, "VN")
        places = site.desk.places
        async with site.desk.open(visitor.principal, reading.ask) as found:
            answer = await progress(found, places, _asking(reading, overview.SHOWN))
            groups = await progress(found, places, replace(_asking(reading, overview.COLUMNS), group_by="province"))
            claimed = await claims_of(found, site, reading)
            trend = await _trends(found, site, reading, overview.TRENDS, [WHOLE_COUNTRY])
            provinces = [Area("province", each["key"]) for each in groups["groups"] if each["kind"] == "province"]
            trends = await _trends(found, site, reading, (show,), provinces)
        language = reading.language
        return site.page(
            request,
            visitor,
            reading,
            "national.html",
            live=live,
            answer=answer,
            stamp=stamp_of(answer),
            rows=overview.rows_of(answer, trend["VN"], language),
            duties=overview.duties_of(answer, len(contradictions(claimed)), language),
            quality=[drawings.number_of(answer, slug) for slug in overview.QUALITY],
            money=overview.money_of(answer, language),
            funding=[drawings.number_of(answer, slug) for slug in (*overview.FUNDING, *overview.RAISED)],
            groups=groups,
            shown=drawings.number_of(groups, show),
            tiles=drawings.tiles_of(groups, show, overview.province_links(groups, reading), language),
            multiples=drawings.multiples_of(
                drawings.number_of(groups, show), overview.trends_of(show, groups, trends, reading), language
            ),
            table=overview.sorted_groups(groups, places, sort, descending=dir == "desc"),
            sort=sort,
            dir=dir,
        )

    _ = national
    return routes


def _asking(reading: Reading, slugs: tuple[str, ...]) -> Ask:
    return replace(reading.ask, definitions=tuple(indicator(slug) for slug in slugs))


async def _trends(
    found: Snapshot, site: Site, reading: Reading, slugs: tuple[str, ...], areas: list[Area]
) -> dict[str, list[Json]]:
    definitions = [indicator(slug) for slug in slugs]
    return await quarters_of(found, site.desk.places, definitions, areas, reading.ask.clocks, _QUARTERS)
