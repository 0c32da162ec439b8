"""The page of a region (vùng): its numbers, and its provinces that sum to them.

A region is one of a map. One that the chosen map does not have is shown on its own, and the page says so.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from services.reporting.pages import areas, drawings
from services.reporting.pages.reading import Chosen
from services.reporting.pages.reasoned import reasoned
from services.reporting.pages.site import Site
from services.reporting.pages.sorting import COLUMNS, Direction, Order, sorting_of
from services.reporting.pages.stamps import stamp_of
from services.reporting.questions.progress import progress
from services.reporting.questions.series import months_of
from shared.reference.regions import RESOLUTIONS, Region
from shared.web.sessions import Visiting

HEADLINES: Final = (
    "clubs-founded", "clubs-new-1648", "clubs-active", "members", "older-members", "provinces-with-clubs",
    "communes-with-clubs", "training-rounds-all", "inspections", "recommendations-open", "share-women", "share-older",
)  # fmt: skip
TRENDS: Final = ("clubs-existing", "members")


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()
    places = site.desk.places

    @routes.get("/vung/{slug}", response_class=Response)
    async def region(
        request: Request,
        visitor: Visiting,
        chosen: Chosen,
        slug: str,
        sort: Annotated[Order, Query()] = "name",
        dir: Annotated[Direction | None, Query()] = None,
    ) -> Response:
        """One region, on the chosen map or on its own."""
        known = {each.slug: each for map_ in ("34", "63") for each in places.regions(map_)}
        found_region = known.get(slug)
        if found_region is None:
            raise areas.unknown()
        map_ = chosen.asked.map if chosen.asked.map in found_region.maps else _own_map(found_region)
        reading = chosen.of(places, area=f"region:{slug}", map=map_)
        sorting = sorting_of(sort, dir)
        provinces = [each for each in places.provinces(reading.ask.clocks.map) if places.region(each) == slug]
        live = await site.live(reading, *(each.key for each in provinces))
        async with site.desk.open(visitor.principal, reading.ask) as found:
            answer = await progress(found, places, areas.ask_for(reading, HEADLINES))
            cut = await progress(found, places, areas.ask_for(reading, COLUMNS, "province"))
            months = await months_of(found, places, areas.ask_for(reading, TRENDS))
            reasons = await reasoned(found, places, answer["numbers"])
        rows = areas.rows_of(cut["groups"], COLUMNS, places, reading.ask.clocks.map)
        totals = areas.picked(cut["numbers"], COLUMNS)
        fresh = {each["key"]: each for each in answer["freshness"]}
        name = found_region.vi if reading.language == "vi" else found_region.en
        drawn = [drawings.spark_of(each, months, reading.language, name) for each in months[-1]["numbers"]]
        return site.page(
            request, visitor, reading, "region.html",
            live=live, answer=answer, reasons=reasons, stamp=stamp_of(answer), name=name, region=found_region, sorting=sorting,
            moved=chosen.asked.map is not None and chosen.asked.map not in found_region.maps,
            resolution=RESOLUTIONS[reading.ask.clocks.map], columns=COLUMNS,
            rows=areas.ordered(rows, places, sorting.column, down=sorting.down),
            totals=totals, heads=cut["numbers"], agree=areas.sums_agree(rows, totals, COLUMNS), fresh=fresh,
            charts=[each for each in drawn if each is not None],
        )  # fmt: skip

    _ = region
    return routes


def _own_map(region: Region) -> str | None:
    """What is asked for a region that only the old map has; None where the map of today has it."""
    return None if "34" in region.maps else "63"
