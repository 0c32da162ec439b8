"""Views and policies in tests, without Kafka: an event as it would be delivered, and one batch folded into a view.

What the runner guarantees (order, checkpoints, exactly once) is not here; `tests/shared/projections` proves that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shared.kafka.headers import to_kafka
from shared.kafka.record import Received
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.kernel.event import Event
from shared.kernel.lanes import lane_of, partition_of
from shared.projections.fold import Folded
from shared.projections.fold import fold as fold_records
from shared.projections.view import Delivered, View, schema_of

RECORDED_AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


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
    )
    return Delivered(recorded, event)


async def fold(pool: Any, view: View, events: Iterable[Delivered]) -> None:
    """One batch into an installed view, in one transaction, with the rights of the pool's role."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f'set local search_path to "{schema_of(view)}"')
        await view.apply(connection, list(events))


async def apply_batch(connection: Connection, view: View, records: Sequence[Recorded]) -> Folded:
    """Recorded events through the real fold with its checkpoints, in a transaction of its own, as if Kafka had brought them."""
    received: list[Received] = []
    for recorded in records:
        key, value, headers = to_kafka(recorded)
        partition = partition_of(recorded.lane, PARTITIONS)
        received.append(Received(topic_of(recorded.source), partition, recorded.position, key, value, [*headers]))
    async with connection.transaction():
        return await fold_records(connection, view, received, known={}, epochs=None, holds={})
