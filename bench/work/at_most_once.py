"""The product's projector without what makes its effect happen exactly once: the same reading, decoding, folding and writing.

No checkpoint is locked or moved, no dead letters are looked up, there is no savepoint, nobody checks that a record follows,
and a commit does not wait for the disk. One transaction a batch remains, since one statement each would cost more. The figure
against which R16 holds the product.
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
from shared.kafka.consumer import BatchConsumer
from shared.kafka.headers import from_kafka
from shared.kafka.record import Partition, Received
from shared.kafka.topics import topic_of
from shared.projections.view import Delivered, schema_of
from shared.reference.book import load
from shared.runtime import collector


async def main(orders: dict[str, Any]) -> None:
    """Work as ordered."""
    view = FiguresView(load())
    schema = schema_of(view)
    pool: Any = await open_pool(orders["database"], min_size=2, max_size=4, synchronous_commit="off")
    done = asyncio.Event()
    began: list[tuple[float, float, float]] = []
    ended: list[tuple[float, float, float]] = []
    applied = 0

    def now() -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), cpu_of(orders["postgres"])

    async def assigned(_: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        if not began:
            began.append(now())
        return {}

    async def handle(records: Sequence[Received]) -> None:
        nonlocal applied
        codec = view.codec
        events: list[Delivered] = []
        for record in records:
            recorded = from_kafka(record.value, record.headers)
            events.append(Delivered(recorded, codec.decode(recorded.type, recorded.schema_version, recorded.data)))
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(f'set local search_path to "{schema}"')
            await view.apply(connection, events)
        applied += len(events)
        if applied >= orders["events"]:
            ended.append(now())
            done.set()

    topics = [topic_of(source) for source in view.sources]
    consumer = BatchConsumer(orders["bootstrap"], topics, orders["group"], handle, assigned)
    collector.spare()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await consumer.start()
    await done.wait()
    wall, own, postgres = (end - start for start, end in zip(began[0], ended[0], strict=True))
    said = {"seconds": wall, "cpu": own, "cpu_postgres": postgres, "events": applied, "peak_rss_mb": peak_rss_mb(os.getpid())}
    print(json.dumps(said), flush=True)
    await consumer.stop()
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
