"""The reporting service, put together: the ledger that it keeps, its one command, its questions and its pages."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from services.reporting import api, event_entries, indicators, revision_routes
from services.reporting.declarations import DECLARATIONS, DeclareFigure
from services.reporting.ledger.view import FiguresView
from services.reporting.pages import all_pages
from services.reporting.pages.kept import Kept
from services.reporting.pages.site import Site
from shared.events.language import codec_of
from shared.projections.builds import live
from shared.reference.book import load
from shared.runtime.service import Reads, Service
from shared.web import link_routes
from shared.web.links import Links
from shared.web.session_store import Sessions


def _routers(reads: Reads) -> Sequence[APIRouter]:
    desk = api.Desk(reads, load(), FiguresView(load()))

    async def state() -> tuple[int, int]:
        async with reads.pool.acquire() as connection:
            build = await live(connection, desk.view.name)
        return await reads.feed.head(), -1 if build is None else build.number

    return [
        api.router(desk),
        revision_routes.router(desk),
        event_entries.router(reads.pool, reads.places, desk.view),
        link_routes.router(Links(reads.pool, Sessions(reads.pool))),
        *all_pages.routers(Site(desk, Kept(state, reads.clock))),
    ]


SERVICE = Service(
    name="reporting",
    commands=DeclareFigure,
    deciders={DeclareFigure: DECLARATIONS},
    codec=codec_of("reporting"),
    views=lambda places: [FiguresView(places)],
    policies=lambda _places: [],
    routers=_routers,
    stands_on=lambda: {"definitions": indicators.fingerprint(), "maps": f"{load().version('63')}, {load().version('34')}"},
)
