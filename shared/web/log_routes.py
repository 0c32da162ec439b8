"""What a service's log says of itself: the head of each lane, and the hash at any position. So that whoever has read its topic
can hold what it took against the log.

Seen by anyone: positions and hashes name no club, and a hash tells nothing of its event. Refuses (422) a lane that there is
not.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel

from shared.eventlog.links import At, links_at
from shared.eventlog.log import Log
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.kernel.lanes import LANES
from shared.web.access import Anyone

MOST: Final = 128
_AT: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,18})")


class HeadAnswer(BaseModel):
    """The last event of a lane (đầu làn): its position and hash; position 0 with the lane's beginning if it has none."""

    lane: int
    position: int
    hash: str
    last_at: datetime


class HeadsAnswer(BaseModel):
    """Every lane of the log now. `log`: the id that it has for ever, `deployment`: whose it is."""

    source: str
    deployment: str
    log: str
    heads: list[HeadAnswer]


class HashAnswer(BaseModel):
    """The hash at a position; null where the log has no event there."""

    lane: int
    position: int
    hash: str | None


class LinksAnswer(BaseModel):
    """The positions that were asked for, in that order."""

    source: str
    deployment: str
    log: str
    links: list[HashAnswer]


Asked = Annotated[
    str, Query(max_length=MOST * 22, description=f"`LANE:POSITION`, several with commas, at most {MOST}: `3:17,5:9`")
]


def router(pool: Pool, log: Log) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/log", tags=["log"])

    @routes.get("/heads")
    async def heads(principal: Anyone) -> HeadsAnswer:
        """How far each lane of the log is, and the hash that proves everything up to there."""
        del principal
        identity, found = await log.identity(), await log.heads()
        return HeadsAnswer(
            source=log.source,
            deployment=identity.deployment,
            log=identity.log_id,
            heads=[
                HeadAnswer(lane=lane, position=head.position, hash=head.hash.hex(), last_at=head.last_at)
                for lane, head in sorted(found.items())
            ],
        )

    @routes.get("/links")
    async def links(principal: Anyone, at: Asked) -> LinksAnswer:
        """The hash of the log at some positions."""
        del principal
        places = _places(at)
        async with pool.acquire() as connection:
            found = await links_at(connection, places)
        return LinksAnswer(
            source=log.source,
            deployment=found.identity.deployment,
            log=found.identity.log_id,
            links=[
                HashAnswer(lane=lane, position=position, hash=None if digest is None else digest.hex())
                for lane, position in places
                for digest in (found.hashes.get((lane, position)),)
            ],
        )

    _ = (heads, links)
    return routes


def _places(text: str) -> list[At]:
    """The positions that an address asks for. May raise `Refused` (`not-a-position`)."""
    named = [_AT.fullmatch(part) for part in text.split(",")]
    places = [(int(each[1]), int(each[2])) for each in named if each is not None]
    if len(places) != len(named) or len(places) > MOST or any(lane >= LANES for lane, _ in places):
        raise Refused(
            "not-a-position",
            f"Hãy ghi làn:vị-trí, ví dụ 3:17,5:9; làn từ 0 đến {LANES - 1}, không quá {MOST} vị trí một lần.",
            f"Write lane:position, such as 3:17,5:9; lanes are 0 to {LANES - 1}, at most {MOST} positions at once.",
            status=422,
            field="at",
        )
    return places
