"""One process of the product's projector: the real `Runner` with the real `FiguresView`, from the first event to the last.

The clock runs from the moment at which the group gives this process its partitions (it then asks the database for its
checkpoints) to the commit of the last event. `processes` > 1: it works until it is told to stop, and others share the work.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bench.meter import cpu_of, peak_rss_mb
from services.reporting.ledger.view import FiguresView
from shared.eventlog.postgres import open_pool
from shared.kafka.record import Partition
from shared.projections.runner import Runner
from shared.reference.book import load
from shared.runtime import collector


class Clocked(Runner):
    """A runner that starts the clock when it is given its partitions; what the logs have signed it has heard before."""

    postgres = 0
    began: tuple[float, float, float] | None = None

    def now(self) -> tuple[float, float, float]:
        """Wall, own CPU and PostgreSQL's CPU seconds."""
        return time.perf_counter(), time.process_time(), cpu_of(self.postgres)

    async def _assigned(self, partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        self.began = self.began or self.now()
        return await super()._assigned(partitions)


async def main(orders: dict[str, Any]) -> None:
    """Work as ordered."""
    view = FiguresView(load())
    pool = await open_pool(orders["database"], min_size=2, max_size=4)
    runner = Clocked(pool, orders["bootstrap"], [view], orders["group"], max_records=orders.get("max_records", 5000))
    runner.postgres = orders["postgres"]
    done = asyncio.Event()
    ended: list[tuple[float, float, float]] = []
    half: list[float] = []

    def committed() -> None:
        status = runner.status().views[view.name]
        passed = status.applied + status.parked
        if not half and 2 * passed >= orders["events"]:
            half.append(peak_rss_mb(os.getpid()))
        if passed >= orders["events"]:
            ended.append(runner.now())
            done.set()

    runner.on_commit.append(committed)
    collector.spare()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    running = asyncio.create_task(runner.run())
    if orders.get("processes", 1) > 1:
        await asyncio.to_thread(sys.stdin.readline)
        ended.append(runner.now())
    else:
        finished = asyncio.create_task(done.wait())
        await asyncio.wait([finished, running], return_when=asyncio.FIRST_COMPLETED)
    began = runner.began or ended[0]
    wall, own, postgres = (end - start for start, end in zip(began, ended[0], strict=True))
    print(
        json.dumps(
            {
                "seconds": wall,
                "cpu": own,
                "cpu_postgres": postgres,
                "events": runner.status().views[view.name].applied,
                "peak_rss_mb": (peak := peak_rss_mb(os.getpid())),
                "peak_since_half": peak / half[0] if half else 1.0,
            }
        ),
        flush=True,
    )
    await runner.stop()
    await running


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
