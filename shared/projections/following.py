"""A runner follows each of its views in whichever of its builds is live; one that is given as a build stays with that one."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from shared.kernel.database import Connection
from shared.projections import builds, words
from shared.projections.builds import Built
from shared.projections.progress import Progress
from shared.projections.view import View

log = logging.getLogger(__name__)


async def follow(connection: Connection, views: Mapping[str, View], progress: Mapping[str, Progress]) -> bool:
    """Go over to the live build of each view; whether one has changed, or reads anew."""
    moved = False
    for name, view in views.items():
        mine = progress[name]
        if isinstance(view, Built):
            continue
        live = await builds.live(connection, name)
        if live is not None and live.code != view.version:
            mine.broken = words.other_version(live.number, live.code, view.version)
        elif live is not None and mine.view.version != live.number:
            log.info("View %s: build %d is live", name, live.number)
            mine.move_to(Built(view, live.number))
            mine.restarts, moved = live.restarts, True
        elif live is not None and mine.restarts != live.restarts:
            if mine.restarts is not None:
                log.warning("%s reads anew: what it had taken was ruled out", name)
                moved = True
            mine.restarts = live.restarts
    return moved
