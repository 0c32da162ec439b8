"""A toy service whose events are coins put into purses, its topic, and a view that adds the coins up.

The view is naive on purpose: it adds. Any event that is applied twice, lost, or applied out of order shows in its rows.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from kafka import KafkaConsumer, TopicPartition

from shared.eventlog.chain import link
from shared.eventlog.postgres import PostgresLog
from shared.eventlog.records import Append, NewEvent
from shared.kafka import topics
from shared.kafka.headers import link_of, to_kafka
from shared.kafka.producer import Producer
from shared.kafka.record import Outgoing, Received
from shared.kernel.envelope import Recorded
from shared.kernel.event import Event, EventCodec
from shared.kernel.lanes import LANES, lane_of, partition_of
from shared.local.databases import DatabaseUrls
from shared.projections.view import Delivered
from shared.testing.folding import IDENTITY


class CoinPut(Event, type="toy.coin-put", version=1):
    amount: int


class PurseEmptied(Event, type="toy.purse-emptied", version=1):
    why: Literal["spent", "stolen"]


CODEC = EventCodec(CoinPut | PurseEmptied)


class Purses:
    """Total and number of events of each stream, and its versions in the order in which they came."""

    name = "purses"
    version = 1
    codec = CODEC

    def __init__(self, *sources: str, breaks: Callable[[Delivered], bool] = lambda _: False) -> None:
        self.sources = sources
        self.breaks = breaks
        self.adds = 1
        """How often each coin is added: a wrong fold adds it twice."""

    def tables(self) -> str:
        return """create table if not exists purses (
            stream text primary key, total bigint not null, versions int[] not null)"""

    async def apply(self, connection: Any, events: Sequence[Delivered]) -> None:
        for one in events:
            if self.breaks(one):
                raise ValueError(f"cannot add up {one.recorded.stream} v{one.recorded.version}")
            amount = one.event.amount * self.adds if isinstance(one.event, CoinPut) else 0
            await connection.execute(
                """insert into purses values ($1, $2, array[$3::int]) on conflict (stream) do update
                set total = purses.total + $2, versions = purses.versions || $3::int""",
                one.recorded.stream,
                amount,
                one.recorded.version,
            )


async def purses(connection: Any) -> dict[str, tuple[int, list[int]]]:
    """What the view shows."""
    rows = await connection.fetch("select stream, total, versions from purses_v1.purses")
    return {row["stream"]: (row["total"], list(row["versions"])) for row in rows}


def expected(events: Iterable[Recorded]) -> dict[str, tuple[int, list[int]]]:
    """What the view must show, added up without it."""
    seen: dict[str, tuple[int, list[int]]] = {}
    for event in events:
        total, versions = seen.get(event.stream, (0, []))
        amount = CoinPut.model_validate_json(event.data).amount if event.type == CoinPut.TYPE else 0
        seen[event.stream] = (total + amount, [*versions, event.version])
    return seen


class Book:
    """Makes recorded events without a store: dense positions a lane, dense versions a stream."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.events: list[Recorded] = []
        self._positions: dict[int, int] = {}
        self._versions: dict[str, int] = {}
        self._heads: dict[int, bytes] = {}

    def put(
        self, stream: str, amount: int, *, type: str = CoinPut.TYPE, data: str | None = None, schema_version: int = 1
    ) -> Recorded:
        """`data` may be what no coin is: then the log has recorded that."""
        lane = lane_of(stream)
        self._positions[lane] = self._positions.get(lane, 0) + 1
        self._versions[stream] = self._versions.get(stream, 0) + 1
        recorded = Recorded(
            self.source,
            lane,
            self._positions[lane],
            stream,
            self._versions[stream],
            str(uuid4()),
            type,
            schema_version,
            datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=len(self.events)),
            str(uuid4()),
            "centre/state/VN/t-1",
            data if data is not None else CoinPut(amount=amount).to_json(),
            bytes(32),
            bytes(32),
        )
        before = self._heads.get(lane, IDENTITY.genesis(lane))
        self._heads[lane] = link(before, recorded, IDENTITY.deployment)
        recorded = replace(recorded, hash=self._heads[lane])
        self.events.append(recorded)
        return recorded


def relinked(records: Iterable[Received]) -> list[Received]:
    """The same records under the hashes that their own bytes give them, lane by lane: hashes have no key, so whoever can
    write on a topic can do that."""
    heads: dict[tuple[str, int], bytes] = {}
    found: list[Received] = []
    for record in records:
        headers = dict(record.headers)
        lane = (record.topic, int(headers["ce_lane"] or b""))
        heads[lane] = link_of(heads.get(lane, IDENTITY.genesis(lane[1])), record.value, headers)
        found.append(record._replace(headers=[*record.headers, ("ce_hash", heads[lane].hex().encode())]))
    return found


def streams_of_one_lane(count: int, prefix: str = "purse") -> list[str]:
    """Names that share a lane."""
    lane = lane_of(f"{prefix}-0")
    return [name for n in range(count * LANES * 4) if lane_of(name := f"{prefix}-{n}") == lane][:count]


def streams_of_lanes(count: int, prefix: str = "purse") -> list[str]:
    """Names of which no two share a lane."""
    found: dict[int, str] = {}
    for n in range(4000):
        found.setdefault(lane_of(f"{prefix}-{n}"), f"{prefix}-{n}")
    return list(found.values())[:count]


@dataclass(frozen=True)
class Place:
    """A database with everything installed, a source of its own, and its topic."""

    urls: DatabaseUrls
    pool: Any
    log: PostgresLog
    source: str
    bootstrap: str

    async def put(self, stream: str, *amounts: int, expected: int = 0) -> None:
        """Append coins, one command each."""
        for n, amount in enumerate(amounts):
            event = NewEvent(str(uuid4()), CoinPut.TYPE, 1, CoinPut(amount=amount).to_json())
            command = Append(str(uuid4()), bytes(32), stream, expected + n, (event,), "centre/state/VN/t-1")
            (outcome,) = await self.log.append([command])
            assert type(outcome).__name__ == "Appended", outcome

    async def stored(self) -> list[Recorded]:
        """Everything in the store, lane by lane."""
        return [event for lane in range(LANES) for event in await self.log.read_lane(lane, 0, 100_000)]


def new_source() -> str:
    return f"toy{secrets.token_hex(4)}"


def published(bootstrap: str, source: str) -> dict[int, list[tuple[int, int, str]]]:
    """What is on the topic, by kafka-python, which shares no code with the product: partition to (lane, position, id)."""
    topic = f"{source}.events"
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        found: dict[int, list[tuple[int, int, str]]] = {p.partition: [] for p in partitions}
        while any(consumer.position(p) < ends[p] for p in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    headers = dict(record.headers)
                    assert headers["ce_subject"] == record.key
                    where = (int(headers["ce_lane"]), int(headers["ce_position"]), headers["ce_id"].decode())
                    found[record.partition].append(where)
        return found
    finally:
        consumer.close()


async def publish(bootstrap: str, events: Sequence[Recorded], *, edit: Callable[[Outgoing], Outgoing] = lambda r: r) -> None:
    """Put events on their topic as given, without a relay."""
    records: list[Outgoing] = []
    for event in events:
        key, value, headers = to_kafka(event, IDENTITY.deployment)
        partition = partition_of(event.lane, topics.PARTITIONS)
        records.append(edit(Outgoing(f"{event.source}.events", partition, key, value, [*headers])))
    await publish_records(bootstrap, records)


async def publish_records(bootstrap: str, records: Sequence[Outgoing | Received]) -> None:
    """Put records on their topics as they are, whatever they hold."""
    producer = Producer(bootstrap)
    await producer.publish([Outgoing(r.topic, r.partition, r.key, r.value, [*r.headers]) for r in records])
    await producer.close()


@asynccontextmanager
async def running(*services: Any) -> AsyncIterator[None]:
    """Relays and runners at work, stopped in the end."""
    tasks = [asyncio.create_task(service.run()) for service in services]
    try:
        yield
    finally:
        for service in services:
            await service.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until something holds, or fail."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        answer = condition()
        if await answer if asyncio.iscoroutine(answer) else answer:
            return
        assert asyncio.get_running_loop().time() < deadline, "it did not come to pass in time"
        await asyncio.sleep(0.05)


async def passed(pool: Any) -> int:
    """How many events the toy view has passed, of all lanes."""
    async with pool.acquire() as connection:
        return int(
            await connection.fetchval("select coalesce(sum(position), 0) from projection.checkpoints where view = 'purses'")
        )


async def all_there(place: Place, events: int) -> bool:
    """Whether the toy view has passed exactly so many events."""
    return await passed(place.pool) == events
