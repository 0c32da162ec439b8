"""The builds of a service's views, and the certificate of the live one: that it was rebuilt from the logs and came out equal.

Seen by anyone: a certificate holds positions and hashes, and names no club. Refuses (404) views that are not here, and says so
when a view was never rebuilt.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.projections import builds
from shared.web.access import Anyone


class BuildAnswer(BaseModel):
    """One build (bản dựng) of a view. `code`: the version of its fold. `certified`: equal to the build before it."""

    view: str
    build: int
    code: int
    state: builds.State
    made_at: datetime
    live_since: datetime | None
    certified: bool


class BuildsAnswer(BaseModel):
    """Every build that there is."""

    builds: list[BuildAnswer]


def router(pool: Pool) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/projections", tags=["projections"])

    @routes.get("")
    async def every(principal: Anyone) -> BuildsAnswer:
        """The builds of all views of the service, and which of them is live."""
        del principal
        async with pool.acquire() as connection:
            rows: list[Any] = await connection.fetch(
                """select view, build, code, state, made_at, live_since,
                    state <> 'building' and coalesce((certificate::jsonb -> 'compared' -> 'equal')::boolean, false) as certified
                from projection.builds order by view, build"""
            )
        return BuildsAnswer(builds=[BuildAnswer(**row) for row in rows])

    @routes.get("/{name}/certificate")
    async def certificate(principal: Anyone, name: str) -> dict[str, Any]:
        """Up to where the live build had read each lane when it was compared, its hash, and that of the build before it."""
        del principal
        async with pool.acquire() as connection:
            live = await builds.live(connection, name)
        if live is None:
            raise Refused("unknown-view", "Không có bảng tổng hợp này.", "There is no such view.", status=404)
        if live.certificate is None:
            raise Refused(
                "no-certificate",
                f"Bảng {name} chưa được dựng lại lần nào; người vận hành làm bằng clb views rebuild {name}.",
                f"The view {name} was never rebuilt; the operator does it by clb views rebuild {name}.",
                status=404,
            )
        found: dict[str, Any] = json.loads(live.certificate)
        return found

    _ = (every, certificate)
    return routes
