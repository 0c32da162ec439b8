"""The routes of all forms, put together."""

from __future__ import annotations

from fastapi import APIRouter

from services.reporting.pages.entry import board, found, home, members, month, receipt, report
from services.reporting.pages.entry.desk import Desk
from services.reporting.pages.entry.signing import Signing
from services.reporting.pages.site import Site
from shared.web.attempts import Attempts
from shared.web.links import Links
from shared.web.session_store import Sessions
from shared.web.tokens import Tokens


def router(site: Site) -> APIRouter:
    """Every route under /nhap."""
    pool = site.desk.pool
    sessions = Sessions(pool)
    desk = Desk(site, Signing(Links(pool, sessions), sessions, Tokens(pool, site.desk.places), Attempts()))
    routes = APIRouter(include_in_schema=False)
    for module in (home, found, month, receipt):
        routes.include_router(module.router(desk))
    for kind in (members.KIND, board.KIND):
        routes.include_router(report.router(desk, kind))
    return routes
