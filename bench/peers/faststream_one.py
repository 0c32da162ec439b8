"""FastStream as its first page shows it: one message a call, acknowledged one by one, each upserting what it changes.

One statement and one commit a message. The clubs are kept in memory, which a restart would lose: generous.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import asyncpg
from faststream import AckPolicy
from faststream.confluent import KafkaBroker, KafkaMessage

from bench.meter import cpu_of
from bench.peers.task import Clock, Task, header
from shared.events.language import codec_of

UPSERT = """insert into sums (key, amount) select * from unnest($1::text[], $2::bigint[])
on conflict (key) do update set amount = sums.amount + excluded.amount"""


async def main() -> None:
    from bench.peers.task import orders

    asked = orders()
    codecs = {source: codec_of(source) for source in ("clubs", "trainings", "monitoring")}
    task, clock, clubs = Task(asked["places"]), Clock(), {}
    pool = await asyncpg.create_pool(asked["database"], min_size=1, max_size=2)
    broker = KafkaBroker(asked["bootstrap"], logger=logging.getLogger("quiet"), config={"fetch.queue.backoff.ms": 1, "log_level": 3})
    done = asyncio.Event()
    seen = 0
    postgres = 0.0

    @broker.subscriber(*asked["topics"], group_id=asked["group"], auto_offset_reset="earliest", ack_policy=AckPolicy.ACK, decoder=lambda m: m.body)
    async def handle(body: bytes, message: KafkaMessage) -> None:
        nonlocal seen, postgres
        if not seen:
            clock.first()
            postgres = cpu_of(asked["postgres"])
        raw = message.raw_message
        type = header(raw.headers(), "ce_type")
        codecs[type.partition(".")[0]].decode(type, 1, body)  # the same validation as in the product
        changes: dict[str, int] = {}
        for key, amount in task.deltas(type, raw.key().decode(), body, clubs.get, clubs.__setitem__):
            changes[key] = changes.get(key, 0) + amount
        ordered = sorted(changes.items())
        await pool.execute(UPSERT, [key for key, _ in ordered], [amount for _, amount in ordered])
        seen += 1
        if seen == asked["events"]:
            done.set()

    await broker.start()
    await done.wait()
    spent = clock.read() | {"cpu_postgres": cpu_of(asked["postgres"]) - postgres}
    rows = {row["key"]: row["amount"] for row in await pool.fetch("select key, amount from sums")}
    from bench.peers.task import answer

    answer(seen, spent, rows)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    asyncio.run(main())
