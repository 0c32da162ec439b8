"""A view's place in Postgres: one connection inside a transaction that the caller opened.

Guarantees what `Store` promises with one statement a call, whatever the size of the batch.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from shared.kafka.headers import Coordinates
from shared.kafka.record import Partition, Received
from shared.kernel.database import Connection, Pool
from shared.projections import checkpoints
from shared.projections.checkpoints import Claim, Lane, Moved, Stands
from shared.projections.links import Link
from shared.projections.store import Kept, Parked, SetAside
from shared.projections.view import Delivered, View, schema_of

MOST_ASIDE = 10_000
"""So many records of a topic are kept aside; somebody who writes more is to be stopped at the broker."""


class PostgresStores:
    """The transactions of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self, view: View) -> AsyncGenerator[PostgresStore]:
        """See `Stores.transaction`."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield PostgresStore(connection, view)

    async def claim(self, view: View, partitions: Sequence[Partition]) -> Claim:
        """See `Stores.claim`."""
        async with self._pool.acquire() as connection:
            return await checkpoints.claim(connection, view.name, view.version, partitions)


class PostgresStore:
    """One transaction of one view."""

    def __init__(self, connection: Connection, view: View) -> None:
        self._connection = connection
        self._view = view
        self._key = (view.name, view.version)

    async def ensure(self, lanes: Sequence[Lane]) -> None:
        """See `Store.ensure`."""
        await checkpoints.ensure(self._connection, *self._key, lanes)

    async def lock(self, lanes: Sequence[Lane]) -> dict[Lane, Stands]:
        """See `Store.lock`."""
        return await checkpoints.stands(self._connection, *self._key, lanes)

    async def waiting(self) -> dict[str, int]:
        """See `Store.waiting`."""
        rows = await self._connection.fetch(
            """select stream, min(position) as position from projection.parked
            where view = $1 and version = $2 group by stream""",
            *self._key,
        )
        return {row["stream"]: row["position"] for row in rows}

    async def enter(self) -> None:
        """See `Store.enter`."""
        await self._connection.execute(f'set local search_path to "{schema_of(self._view)}"')

    def savepoint(self) -> AbstractAsyncContextManager[Any]:
        """See `Store.savepoint`."""
        return self._connection.transaction()

    async def apply(self, events: Sequence[Delivered]) -> None:
        """See `Store.apply`."""
        await self._view.apply(self._connection, events)

    async def park(self, parked: Sequence[Parked]) -> None:
        """See `Store.park`."""
        await self._connection.executemany(
            """insert into projection.parked (view, version, source, lane, position, stream, poison, reason,
                topic, partition, kafka_offset, key, value, header_names, header_values)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
            [(*self._key, *p.at, _storable(p.stream), p.poison, _storable(p.reason), *_raw(p.record)) for p in parked],
        )

    async def set_aside(self, records: Sequence[SetAside]) -> int:
        """See `Store.set_aside`."""
        return await keep_aside(self._connection, records)

    async def move(self, moved: Mapping[Lane, Moved], links: Mapping[Lane, Sequence[Link]]) -> None:
        """See `Store.move`."""
        await checkpoints.move(self._connection, *self._key, moved, links)

    async def move_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """See `Store.move_offsets`."""
        await checkpoints.move_offsets(self._connection, *self._key, offsets)

    async def lanes_of(self, stream: str) -> list[Lane]:
        """See `Store.lanes_of`."""
        rows = await self._connection.fetch(
            "select distinct source, lane from projection.parked where view = $1 and version = $2 and stream = $3",
            *self._key,
            stream,
        )
        return [(row["source"], row["lane"]) for row in rows]

    async def kept(self, stream: str) -> list[Kept]:
        """See `Store.kept`."""
        rows = await self._connection.fetch(
            """select source, lane, position, value, header_names, header_values from projection.parked
            where view = $1 and version = $2 and stream = $3 order by source, lane, position""",
            *self._key,
            stream,
        )
        return [
            Kept(
                Coordinates(row["source"], row["lane"], row["position"]),
                row["value"],
                dict(zip(row["header_names"], row["header_values"], strict=True)),
            )
            for row in rows
        ]

    async def unpark(self, at: Coordinates) -> None:
        """See `Store.unpark`."""
        await self._connection.execute(
            """delete from projection.parked
            where view = $1 and version = $2 and source = $3 and lane = $4 and position = $5""",
            *self._key,
            *at,
        )

    async def still(self, at: Coordinates, reason: str) -> None:
        """See `Store.still`."""
        await self._connection.execute(
            """update projection.parked set reason = $6, poison = true
            where view = $1 and version = $2 and source = $3 and lane = $4 and position = $5""",
            *self._key,
            *at,
            _storable(reason),
        )


async def keep_aside(connection: Connection, records: Sequence[SetAside]) -> int:
    """Keep records that are not believed; answers how many are new. Of a topic that is flooded the first are kept."""
    new = 0
    for one in records:
        at, stands = one.at, one.stands
        done: str = await connection.execute(
            """insert into projection.set_aside as old (kind, reason, source, lane, position, hash, stands_hash, stands_offset,
                topic, partition, kafka_offset, key, value, header_names, header_values)
            select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
            where (select count(*) from projection.set_aside where topic = $9) < $16
            on conflict (topic, partition, kafka_offset) do update set kind = excluded.kind, reason = excluded.reason,
                source = excluded.source, lane = excluded.lane, position = excluded.position, hash = excluded.hash,
                stands_hash = excluded.stands_hash, stands_offset = excluded.stands_offset, key = excluded.key,
                value = excluded.value, header_names = excluded.header_names, header_values = excluded.header_values,
                seen_at = clock_timestamp()
            where (old.value, old.header_values) is distinct from (excluded.value, excluded.header_values)""",
            one.kind,
            _storable(one.reason),
            *(at if at is not None else (None, None, None)),
            one.digest,
            None if stands is None else stands.hash,
            None if stands is None or stands.offset < 0 else stands.offset,
            *_raw(one.record),
            MOST_ASIDE,
        )
        new += done.endswith(" 1")
    return new


def _raw(record: Received) -> tuple[object, ...]:
    names = [_storable(name) for name, _ in record.headers]
    values = [value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value for _, value in record.headers]
    return (record.topic, record.partition, record.offset, record.key, record.value, names, values)


def _storable(text: str) -> str:
    """Postgres keeps no NUL in a text."""
    return text.replace("\0", "\ufffd")
