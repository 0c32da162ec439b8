"""How far the ledger has read each log, and waiting until it has read a given event: whoever must see their own write."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.kernel.lanes import LANES
from shared.projections.builds import LIVE
from shared.projections.view import View

Json = dict[str, Any]
_PAUSE = 0.03


@dataclass(frozen=True, slots=True)
class Wanted:
    """The event to wait for: its log, lane and position, as the answer of a command names them."""

    source: str
    lane: int
    position: int

    @classmethod
    def parse(cls, text: str) -> Wanted:
        """From `clubs:12:345`. May raise `Refused`."""
        parts = text.split(":")
        if len(parts) == 3 and parts[1].isascii() and parts[1].isdigit() and parts[2].isascii() and parts[2].isdigit():
            wanted = cls(parts[0], int(parts[1][:4]), int(parts[2][:18]))
            if wanted.lane < LANES:
                return wanted
        raise Refused(
            "bad-position",
            "Vị trí viết nguồn:làn:số, ví dụ clubs:12:345.",
            "Write a position as source:lane:number, such as clubs:12:345.",
            field="wait",
        )


async def positions(pool: Pool, view: View) -> Json:
    """By log: the number of events read, and the position of every lane that has any."""
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            f"""select version, source, lane, position, parked from projection.checkpoints
            where view = $1 and version = {LIVE} and position > 0 order by source, lane""",  # noqa: S608  no value in it
            view.name,
        )
    sources: dict[str, Json] = {source: {"events": 0, "parked": 0, "lanes": {}} for source in view.sources}
    for row in rows:
        found = sources.setdefault(row["source"], {"events": 0, "parked": 0, "lanes": {}})
        found["events"] += row["position"]
        found["parked"] += row["parked"]
        found["lanes"][str(row["lane"])] = row["position"]
    return {"view": view.name, "build": rows[0]["version"] if rows else None, "sources": sources}


async def wait_for(pool: Pool, view: View, wanted: Wanted, seconds: float) -> bool:
    """Whether the ledger has read the event, waiting for it at most that long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        async with pool.acquire() as connection:
            at: int | None = await connection.fetchval(
                f"""select position from projection.checkpoints
                where view = $1 and version = {LIVE} and source = $2 and lane = $3""",  # noqa: S608  no value in it
                view.name,
                wanted.source,
                wanted.lane,
            )
        if at is not None and at >= wanted.position:
            return True
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(_PAUSE)
