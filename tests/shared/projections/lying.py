"""What liars put on a topic, and what a log says against it: for tests of readers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shared.eventlog.chain import link
from shared.eventlog.checkpoints import Checkpoint
from shared.eventlog.rulings import Ruling
from shared.eventlog.signing import SigningKey
from shared.kafka.headers import to_kafka
from shared.kafka.producer import Producer
from shared.kafka.record import Outgoing
from shared.kafka.topics import PARTITIONS, checkpoints_topic
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES, partition_of
from shared.projections.progress import Limits
from shared.projections.runner import Runner
from shared.testing.folding import IDENTITY
from tests.shared.flow import CoinPut, Place, Purses, expected, purses

LIMITS = Limits(gap_seconds=0.3)


def reader(flow: Place, key: SigningKey | None = None, *sources: str) -> Runner:
    view = Purses(*(sources or (flow.source,)))
    return Runner(flow.pool, flow.bootstrap, [view], flow.source, limits=LIMITS, public=None if key is None else key.public)


async def send(flow: Place, events: Sequence[Recorded], deployment: str = IDENTITY.deployment) -> None:
    """Put records on the topic as anybody could who reaches the broker."""
    producer = Producer(flow.bootstrap)
    records: list[Outgoing] = []
    for event in events:
        who, value, headers = to_kafka(event, deployment)
        records.append(Outgoing(f"{flow.source}.events", partition_of(event.lane, PARTITIONS), who, value, [*headers]))
    await producer.publish(records)
    await producer.close()


async def say(flow: Place, line: str) -> None:
    """Put a statement on the topic of checkpoints."""
    producer = Producer(flow.bootstrap)
    await producer.publish([Outgoing(checkpoints_topic(flow.source), 0, flow.source.encode(), line.encode(), [])])
    await producer.close()


def forged(like: Recorded, before: bytes | None, number: int = 0) -> Recorded:
    """A record at the position of another: with a link that follows `before`, or with none."""
    data = CoinPut(amount=1_000_000).to_json()
    false = replace(like, event_id=f"00000000-0000-4000-8000-00000000f0{number:02d}", data=data)
    return replace(false, hash=bytes(32) if before is None else link(before, false, IDENTITY.deployment))


def checkpoint(flow: Place, events: Sequence[Recorded], *, at: float | None = None) -> Checkpoint:
    """What the log would sign that holds these events."""
    last = {event.lane: (event.position, event.hash) for event in events}
    heads = tuple(last.get(lane, (0, IDENTITY.genesis(lane))) for lane in range(LANES))
    return Checkpoint(flow.source, IDENTITY, datetime.fromtimestamp(at or time.time(), UTC), heads, bytes(32))


def ruling(flow: Place, event: Recorded) -> Ruling:
    return Ruling(flow.source, IDENTITY, event.lane, event.position, event.hash, datetime.now(UTC), "a test")


async def shown(flow: Place) -> dict[str, tuple[int, list[int]]]:
    async with flow.pool.acquire() as connection:
        return await purses(connection)


async def aside(flow: Place) -> list[Any]:
    async with flow.pool.acquire() as connection:
        return await connection.fetch("select * from projection.set_aside order by topic, kafka_offset")


async def shows(flow: Place, events: Sequence[Recorded]) -> bool:
    return await shown(flow) == expected(events)


async def kinds(flow: Place) -> list[str]:
    return sorted(row["kind"] for row in await aside(flow))
