"""A process that projects until a view shows so many events, or until a crash point kills it; started by tests."""

from __future__ import annotations

import asyncio
import sys

from shared.eventlog.postgres import open_pool
from shared.projections.runner import Runner
from tests.shared.flow import Purses, passed


async def main(url: str, source: str, bootstrap: str, wanted: str) -> None:
    pool = await open_pool(url)
    runner = Runner(pool, bootstrap, [Purses(source)], source, max_records=40)
    task = asyncio.create_task(runner.run())
    while await passed(pool) < int(wanted):
        await asyncio.sleep(0.05)
    await runner.stop()
    await task
    await pool.close()


asyncio.run(main(*sys.argv[1:]))
