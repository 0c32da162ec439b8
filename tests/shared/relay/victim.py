"""A process that relays until all is published, or until a crash point kills it; started by tests."""

from __future__ import annotations

import asyncio
import sys

from shared.eventlog.postgres import open_pool
from shared.relay.lanes import backlog
from shared.relay.relay import Relay


async def main(url: str, source: str, bootstrap: str) -> None:
    pool = await open_pool(url)
    relay = Relay(pool, source, bootstrap)
    task = asyncio.create_task(relay.run())
    while await backlog(pool):
        await asyncio.sleep(0.02)
    await relay.stop()
    await task
    await pool.close()


asyncio.run(main(*sys.argv[1:]))
