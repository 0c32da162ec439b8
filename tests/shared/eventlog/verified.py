"""A log held against its own chain, lane by lane, through its port alone."""

from __future__ import annotations

from shared.eventlog.chain import ChainBroken, verify
from shared.eventlog.log import Log
from shared.eventlog.records import LaneHead
from shared.kernel.lanes import LANES


async def verify_log(log: Log, *, page: int = 1000) -> int:
    """Check every lane of a log up to the heads it has now; returns the number of events. May raise `ChainBroken`."""
    count = 0
    identity, heads = await log.identity(), await log.heads()
    for lane in range(LANES):
        head = heads[lane]
        reached: LaneHead | None = None
        while (position := reached.position if reached else 0) < head.position:
            events = await log.read_lane(lane, position, min(page, head.position - position))
            if not events:
                raise ChainBroken(lane, position + 1, "missing, and nothing comes after it")
            reached = verify(events, identity, after=reached)
        verify((), identity, head, after=reached)
        count += head.position
    return count
