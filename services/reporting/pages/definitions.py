"""Indicators and how they are computed (chỉ tiêu và cách tính): every definition with its number of the nation."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.requests import Request

from services.reporting.indicators import ALL
from services.reporting.pages import areas
from services.reporting.pages.reading import Chosen
from services.reporting.pages.site import Site
from services.reporting.questions import render
from services.reporting.questions.progress import progress
from shared.web.sessions import Visiting


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()

    @routes.get("/chi-tieu", response_class=Response)
    async def definitions(request: Request, visitor: Visiting, reading: Chosen) -> Response:
        """Every indicator."""
        live = await site.live(reading, "VN")
        async with site.desk.open(visitor.principal, reading.ask) as found:
            answer = await progress(found, site.desk.places, areas.ask_for(reading, [each.slug for each in ALL]))
        rows = [
            {**render.definition(each), "of_clubs": each.of_clubs, "number": number}
            for each, number in zip(ALL, answer["numbers"], strict=True)
        ]
        return site.page(request, visitor, reading, "definitions.html", live=live, answer=answer, rows=rows)

    _ = definitions
    return routes
