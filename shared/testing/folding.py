"""Views and policies in tests, without Kafka: an event as it would be delivered, and one batch folded into a view.

What the runner guarantees (order, checkpoints, exactly once) is not here; `tests/shared/projections` proves that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shared.eventlog import schema as eventlog
from shared.eventlog.chain import link
from shared.eventlog.records import LogIdentity
from shared.kafka.headers import to_kafka
from shared.kafka.record import Received
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.kernel.event import Event
from shared.kernel.lanes import lane_of, partition_of
from shared.projections import schema as projections
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane
from shared.projections.fold import Folded
from shared.projections.fold import fold as fold_records
from shared.projections.view import Delivered, View, schema_of

RECORDED_AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
IDENTITY = LogIdentity("vn", "5eed5eed-0000-4000-8000-000000000000")
"""The identity of every log that exists only in a test."""


def delivered(event: Event, stream: str, version: int = 1, *, recorded_at: datetime = RECORDED_AT) -> Delivered:
    """An event of a stream as it comes from Kafka; its id follows from stream and version, its position is the version."""
    recorded = Recorded(
        source=event.TYPE.partition(".")[0],
        lane=lane_of(stream),
        position=version,
        stream=stream,
        version=version,
        event_id=str(uuid5(NAMESPACE_URL, f"{stream}/{version}")),
        type=event.TYPE,
        schema_version=event.VERSION,
        recorded_at=recorded_at,
        command_id=str(uuid5(NAMESPACE_URL, f"{stream}/{version}/command")),
        actor="centre/state/VN/t",
        data=event.to_json(),
        hash=bytes(32),
        fingerprint=bytes(32),
    )
    return Delivered(recorded, event)


def chained(records: Iterable[Recorded], heads: Mapping[Lane, bytes] | None = None) -> list[Recorded]:
    """The same events with the hashes that a log of `IDENTITY` would give them, lane by lane, after these heads."""
    reached, found = dict(heads or {}), list[Recorded]()
    for recorded in records:
        lane = (recorded.source, recorded.lane)
        before = reached.get(lane) or IDENTITY.genesis(recorded.lane)
        reached[lane] = link(before, recorded, IDENTITY.deployment)
        found.append(replace(recorded, hash=reached[lane]))
    return found


def received(recorded: Recorded, offset: int | None = None, deployment: str = IDENTITY.deployment) -> Received:
    """An event as it comes out of Kafka; its offset is its position if nothing else is said."""
    key, value, headers = to_kafka(recorded, deployment)
    partition = partition_of(recorded.lane, PARTITIONS)
    return Received(topic_of(recorded.source), partition, offset or recorded.position, key, value, [*headers])


def chain_for(*sources: str) -> Chain:
    """A chain that knows these sources as logs of `IDENTITY`."""
    return Chain(dict.fromkeys(sources, IDENTITY))


async def install_views(owner: Connection, app_role: str, views: Sequence[View], source: str) -> None:
    """The tables of views in an empty database, with those of the log of the service `source`, beside which they live."""
    await eventlog.install(owner, app_role)
    await projections.install(owner, app_role, views, source)


async def fold(pool: Any, view: View, events: Iterable[Delivered]) -> None:
    """One batch into an installed view, in one transaction, with the rights of the pool's role."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f'set local search_path to "{schema_of(view)}"')
        await view.apply(connection, list(events))


async def apply_batch(
    connection: Connection, view: View, records: Sequence[Recorded], *, identity: LogIdentity = IDENTITY
) -> Folded:
    """Events through the real fold with its checkpoints, in a transaction of its own, as if Kafka had brought them. Events
    without a hash are given those of a log of `IDENTITY`, after what the view has taken."""
    async with connection.transaction():
        if not all(any(one.hash) for one in records):
            records = chained(records, await _heads(connection, view))
        records_of = [received(one, deployment=identity.deployment) for one in records]
        chain = Chain(dict.fromkeys(view.sources, identity))
        return await fold_records(connection, view, records_of, known={}, epochs=None, holds={}, chain=chain)


async def _heads(connection: Connection, view: View) -> dict[Lane, bytes]:
    rows = await connection.fetch(
        "select source, lane, head from projection.checkpoints where view = $1 and version = $2", view.name, view.version
    )
    return {(row["source"], row["lane"]): row["head"] for row in rows if row["head"] is not None}
