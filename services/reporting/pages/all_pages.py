"""Every page, in one list: a new page is a module with a `router` and a line here."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from services.reporting.pages import (
    commune,
    compare,
    definitions,
    feeds,
    national,
    province,
    region,
    search,
    sign_in,
    static_files,
    story_clubs,
    story_events,
    story_inspections,
    story_rounds,
    todo,
    trace_page,
)
from services.reporting.pages.entry import routes as entry
from services.reporting.pages.site import Site


def routers(site: Site) -> Sequence[APIRouter]:
    """The routers of all pages."""
    return [
        static_files.router(),
        national.router(site),
        todo.router(site),
        feeds.router(site),
        region.router(site),
        province.router(site),
        commune.router(site),
        search.router(site),
        definitions.router(site),
        sign_in.router(site),
        trace_page.router(site),
        compare.router(site),
        story_clubs.router(site),
        story_rounds.router(site),
        story_inspections.router(site),
        story_events.router(site),
        entry.router(site),
    ]
