"""How far a service is, from its own database: events stored, events published, events that each view has passed.

The three are sums over the lanes, so the distance between two of them is an exact number of events. Changes nothing.
"""

from __future__ import annotations

from shared.kernel.database import Pool
from shared.web.app import Part


async def standing(pool: Pool) -> Part:
    """`position`, `published`, and `read`: for each view's live build and each source the number of events passed."""
    async with pool.acquire() as connection:
        stored = int(await connection.fetchval("select sum(position) from log.lanes"))
        published = int(await connection.fetchval("select sum(position) from relay.lanes"))
        rows = await connection.fetch(
            """select view || '_v' || version as view, source, sum(position)::bigint as passed from projection.checkpoints
            join projection.builds b using (view) where b.build = version and b.state = 'live' group by 1, 2"""
        )
    read: dict[str, dict[str, int]] = {}
    for row in rows:
        read.setdefault(row["view"], {})[row["source"]] = row["passed"]
    return {"ok": True, "position": stored, "published": published, "read": read}
