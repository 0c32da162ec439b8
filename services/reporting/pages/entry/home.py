"""What I can enter: the clubs of my area with what is due, those that owe something first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.reporting.pages.entry.desk import RIGHTS, Desk
from services.reporting.pages.entry.due import due_of
from services.reporting.pages.reading import Chosen
from shared.kernel.errors import Refused
from shared.kernel.place import NATION
from shared.web.questions import asked_place
from shared.web.sessions import SignedIn

A_PAGE = 60


def router(desk: Desk) -> APIRouter:
    """The one route."""
    routes = APIRouter(include_in_schema=False)
    places = desk.site.desk.places

    @routes.get("/nhap", response_class=Response)
    async def home(
        request: Request,
        visitor: SignedIn,
        reading: Chosen,
        xa: Annotated[str | None, Query(max_length=16)] = None,
        q: Annotated[str, Query(max_length=200)] = "",
        after: Annotated[str | None, Query(max_length=120)] = None,
    ) -> Response:
        """The clubs that the visitor may enter figures for."""
        area = visitor.principal.area if visitor.principal else NATION
        place = area if xa is None else asked_place(xa, places)
        try:
            desk.may(visitor, place)
            answer = await desk.site.ask(
                "clubs", "/v1/clubs", visitor, place=place.key, q=q or None, after=after or None, limit=A_PAGE
            )
        except Refused as refused:
            if refused.slug in RIGHTS:
                return desk.not_yours(request, visitor, reading, refused, place if place.level == "commune" else None)
            raise
        today = desk.today(reading)
        clubs = [due_of(club, today) for club in answer["clubs"]]
        return desk.site.page(
            request, visitor, reading, "entry/home.html",
            place=place, name=places.name(place), q=q, whole=after is None and answer["next"] is None, next=answer["next"],
            clubs=sorted(clubs, key=lambda club: (club.status == "dissolved", not club.owes)),
            owing=sum(club.owes for club in clubs),
        )  # fmt: skip

    _ = home
    return routes
