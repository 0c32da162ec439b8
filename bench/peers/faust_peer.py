"""Faust (faust-streaming) with tables in RocksDB and changelog topics: partial sums a partition. At least once: its transactions are
said to be unfinished by its own documentation."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.peers.task import Clock, Task, answer, header, orders


def main() -> None:
    import faust

    asked = orders()
    task, clock = Task(asked["places"]), Clock()
    app = faust.App(
        asked["group"], broker=f"kafka://{asked['bootstrap']}", store="rocksdb://", datadir=asked["folder"], topic_partitions=6,
        consumer_auto_offset_reset="earliest", web_enabled=False, value_serializer="raw", key_serializer="raw", topic_replication_factor=1,
    )  # fmt: skip
    clubs = app.Table("clubs", partitions=6)
    sums = app.Table("sums", default=int, partitions=6)
    topic = app.topic(*asked["topics"], key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    seen = 0

    @app.agent(topic)
    async def fold(stream):
        nonlocal seen
        async for event in stream.events():
            clock.first()
            headers = event.headers.items() if hasattr(event.headers, "items") else event.headers
            for name, amount in task.deltas(header(headers, "ce_type"), event.key.decode(), event.value, clubs.get, clubs.__setitem__):
                sums[name] += amount
            seen += 1
            if seen == asked["events"]:
                asyncio.get_running_loop().call_later(0.05, finish)

    def finish() -> None:
        spent = clock.read()
        rows: dict[str, int] = {}
        for name, amount in sums.items():
            rows[name] = rows.get(name, 0) + amount
        answer(seen, spent, rows)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = faust.Worker(app, loop=loop, loglevel="error")
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
