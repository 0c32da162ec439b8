"""R9: from the log to acknowledged by the broker, against an idempotent librdkafka producing the same records, linger 1.

The relay reads the log, holds claims, builds the records and moves checkpoints; the peer has all records in memory beforehand.
Both publish every event once, and the set of (partition, key, value) that is on the topic is the answer. Checked after the
clock has stopped, by kafka-python.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from confluent_kafka import KafkaError, Message
from confluent_kafka import Producer as Client
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from bench.core import Bench, Goal, Path, Result, Wrong, per_cpu_second, rate
from bench.meter import Meter
from bench.paths.load import commands, empty_log
from shared.eventlog.postgres import PostgresLog, open_pool
from shared.kafka import topics
from shared.kafka.headers import to_kafka
from shared.kernel.lanes import LANES, partition_of
from shared.local.databases import DatabaseUrls, connect
from shared.relay import schema
from shared.relay.lanes import backlog
from shared.relay.relay import Relay

FULL = 300_000
_NUMBERS = itertools.count(1)


@dataclass
class Filled:
    """A log with events, filled once for all rounds of a path."""

    urls: DatabaseUrls | None = None
    count: int = 0
    owner: str = ""

    async def fill(self, bench: Bench) -> None:
        """Fill it, unless that is done on this server."""
        admin = await bench.servers.admin_url()
        if self.owner == admin:
            return
        self.owner, self.count = admin, max(2_000, round(FULL * bench.scale))
        self.urls = await bench.servers.database("relay")
        pool = await empty_log(self.urls)
        log = PostgresLog(pool, "bench")
        work = commands(self.count)
        for start in range(0, self.count, 512):
            await log.append(work[start : start + 512])
        await pool.close()

    async def pool(self) -> Any:
        """A pool on it, nothing of it published."""
        assert self.urls is not None
        owner = await connect(self.urls.owner)
        try:
            await owner.execute("drop schema if exists relay cascade")
            await schema.install(owner, self.urls.app_role)
            await owner.execute("vacuum analyze")
        finally:
            await owner.close()
        return await open_pool(self.urls.app, max_size=4)


async def new_topic(bench: Bench) -> str:
    """The source of a topic that nobody has used."""
    source = f"relay{os.getpid()}x{next(_NUMBERS)}"
    await asyncio.to_thread(topics.apply, await bench.servers.kafka(), (source,))
    return source


def on_topic(bootstrap: str, topic: str) -> tuple[int, str]:
    """How many records a topic holds, and a hash of them that does not mind their order."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_bytes=20_000_000)
    total, count = 0, 0
    try:
        partitions = [TopicPartition(topic, number) for number in range(topics.PARTITIONS)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(each) < ends[each] for each in partitions):
            for records in consumer.poll(timeout_ms=500, max_records=5000).values():
                for record in records:
                    digest = sha256(b"%d\0%s\0%s" % (record.partition, record.key or b"", record.value or b"")).digest()
                    total = (total + int.from_bytes(digest)) % 2**256
                    count += 1
    finally:
        consumer.close()
    return count, f"{total:064x}"


def remove_topic(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.delete_topics([topic])
    finally:
        admin.close()


@dataclass
class Ours:
    """The relay as a service runs it, from an empty checkpoint until nothing is left to publish."""

    filled: Filled
    name: str = "relay"
    _pool: Any = None
    _source: str = ""

    async def prepare(self, bench: Bench) -> None:
        await self.filled.fill(bench)
        self._pool = await self.filled.pool()
        self._source = await new_topic(bench)

    async def run(self, bench: Bench) -> Result:
        bootstrap = await bench.servers.kafka()
        relay = Relay(self._pool, self._source, bootstrap)
        meter = Meter(postgres=await bench.servers.postgres_pid())
        meter.start()
        running = asyncio.create_task(relay.run())
        while relay.status().published < self.filled.count:
            await asyncio.sleep(0.005)
            if running.done():
                raise Wrong("the relay has ended by itself")
        meter.stop()
        left = await backlog(self._pool)
        await relay.stop()
        await running
        if left:
            raise Wrong(f"{left} events are not marked as published")
        return await _checked(bench, meter, bootstrap, self._source, self.filled.count)

    async def cleanup(self, bench: Bench) -> None:
        await _remove(bench, self._source)
        if self._pool is not None:
            await self._pool.close()
        self._pool, self._source = None, ""


@dataclass
class Raw:
    """librdkafka alone, from Python, in one thread: idempotent, all acknowledged, everything in memory beforehand."""

    filled: Filled
    name: str = "librdkafka"
    _records: Sequence[tuple[int, bytes, bytes, list[tuple[str, bytes]]]] = ()
    _source: str = ""

    async def prepare(self, bench: Bench) -> None:
        await self.filled.fill(bench)
        pool = await self.filled.pool()
        log = PostgresLog(pool, "bench")
        deployment = (await log.identity()).deployment
        records: list[Any] = []
        for lane in range(LANES):
            for event in await log.read_lane(lane, 0, self.filled.count):
                key, value, headers = to_kafka(event, deployment)
                records.append((partition_of(event.lane, topics.PARTITIONS), key, value, [*headers]))
        await pool.close()
        # lane by lane would fill one partition after the other: dealt out as the relay reads them
        self._records = [each for at in range(LANES) for each in records[at::LANES]]
        self._source = await new_topic(bench)

    async def run(self, bench: Bench) -> Result:
        bootstrap = await bench.servers.kafka()
        meter = Meter()
        await asyncio.to_thread(self._produce, bootstrap, meter)
        return await _checked(bench, meter, bootstrap, self._source, self.filled.count)

    def _produce(self, bootstrap: str, meter: Meter) -> None:
        client = Client(
            {
                "bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 1,
                "batch.num.messages": 10_000, "queue.buffering.max.messages": 1_000_000, "compression.type": "lz4",
                "queue.buffering.max.kbytes": 2_000_000,
            }
        )  # fmt: skip
        topic = topics.topic_of(self._source)
        acknowledged = 0

        def delivered(error: KafkaError | None, _message: Message) -> None:
            nonlocal acknowledged
            acknowledged += error is None

        client.list_topics(topic, timeout=10)
        meter.start()
        for number, (partition, key, value, headers) in enumerate(self._records):
            client.produce(topic, value, key, partition, on_delivery=delivered, headers=headers)
            if number % 1000 == 0:
                client.poll(0)
        client.flush(60)
        meter.stop()
        if acknowledged < len(self._records):
            raise Wrong(f"{acknowledged} of {len(self._records)} records were acknowledged")

    async def cleanup(self, bench: Bench) -> None:
        await _remove(bench, self._source)
        self._records, self._source = (), ""


async def _checked(bench: Bench, meter: Meter, bootstrap: str, source: str, expected: int) -> Result:
    count, answer = await asyncio.to_thread(on_topic, bootstrap, topics.topic_of(source))
    if count != expected:
        raise Wrong(f"{count} records are on the topic, not {expected}")
    return Result(meter.seconds, expected, meter.cpu_own, meter.cpu_postgres, answer)


async def _remove(bench: Bench, source: str) -> None:
    if source:
        await asyncio.to_thread(remove_topic, await bench.servers.kafka(), topics.topic_of(source))


_FILLED = Filled()
PATHS = (
    Path(
        "R9",
        "Relay: log to acknowledged by the broker",
        (Ours(_FILLED), Raw(_FILLED)),
        (
            Goal("idempotent librdkafka producing the same records", "relay", "librdkafka", rate, at_least=0.25),
            Goal("the same by CPU, PostgreSQL included", "relay", "librdkafka", per_cpu_second),
        ),
        note=(
            "Events of about 350 bytes with CloudEvents headers, six partitions, lz4, acks=all. The answer is a hash of all "
            "(partition, key, value) on the topic. The relay also reads the log, under claims, and moves checkpoints."
        ),
    ),
)
