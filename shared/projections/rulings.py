"""What a service's database keeps of what the logs said (`Decisions`), and what a ruling does to it.

A view that folded a record which is ruled out must be rebuilt, and waits until then; a policy forgets everything and reads
anew, since its own tables are only its memory. The record itself is listed with what policies did because of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.eventlog.checkpoints import Checkpoint
from shared.eventlog.records import NONE, LogIdentity
from shared.eventlog.rulings import Ruling
from shared.kafka.identity import Where
from shared.kafka.record import Received
from shared.kernel.database import Connection, Pool
from shared.projections.checkpoints import Lane
from shared.projections.decisions import RULED_OUT, Ruled, aside_of
from shared.projections.links import RING, Link, Overruled
from shared.projections.policy import POLICY, commands_because_of, read_anew
from shared.projections.postgres_store import keep_aside
from shared.projections.store import SetAside

_HASH = len(NONE)


class PostgresDecisions:
    """The decisions that a pool's database keeps."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def logs(self) -> dict[str, LogIdentity]:
        """See `Decisions.logs`."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch("select source, deployment, log_id::text from projection.logs")
        return {row["source"]: LogIdentity(row["deployment"], row["log_id"]) for row in rows}

    async def meet(self, source: str, identity: LogIdentity) -> None:
        """See `Decisions.meet`."""
        async with self._pool.acquire() as connection:
            await connection.execute(
                "insert into projection.logs (source, deployment, log_id) values ($1, $2, $3) on conflict do nothing",
                source,
                identity.deployment,
                identity.log_id,
            )

    async def statements(self) -> dict[str, int]:
        """See `Decisions.statements`."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch("select source, statements from projection.logs")
        return {row["source"]: row["statements"] for row in rows}

    async def heard(self, statements: Mapping[str, int], aside: Sequence[SetAside]) -> None:
        """See `Decisions.heard`."""
        async with self._pool.acquire() as connection, connection.transaction():
            await keep_aside(connection, aside)
            await connection.execute(
                """update projection.logs l set statements = greatest(l.statements, w.statements)
                from unnest($1::text[], $2::bigint[]) as w (source, statements) where l.source = w.source""",
                list(statements),
                list(statements.values()),
            )

    async def rulings(self) -> list[Ruled]:
        """See `Decisions.rulings`."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch("select source, lane, position, hash, stands from projection.rulings")
        return [Ruled((row["source"], row["lane"]), row["position"], row["hash"], row["stands"]) for row in rows]

    async def keep(self, ruling: Ruling) -> None:
        """See `Decisions.keep`."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "insert into projection.rulings (source, lane, position, hash, stands, by, ruled_at) "
                "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
                ruling.source, ruling.lane, ruling.position, ruling.hash, ruling.stands, ruling.by, ruling.time,
            )  # fmt: skip
            if not ruling.stands:
                return
            where = (ruling.source, ruling.lane, ruling.position, ruling.hash)
            await connection.execute(
                """delete from projection.set_aside
                where kind = 'fork' and source = $1 and lane = $2 and position = $3 and hash = $4""",
                *where,
            )
            await connection.execute(
                """update projection.set_aside set kind = 'ruled-out', reason = reason || $5, stands_hash = $4
                where kind = 'fork' and source = $1 and lane = $2 and position = $3""",
                *where,
                RULED_OUT,
            )

    async def give_up(self, checkpoint: Checkpoint) -> None:
        """See `Decisions.give_up`."""
        async with self._pool.acquire() as connection:
            await connection.execute(
                """delete from projection.rulings r using unnest($2::smallint[], $3::bigint[]) as w (lane, kept)
                where r.source = $1 and r.lane = w.lane and r.position > w.kept and r.stands and r.ruled_at < $4""",
                checkpoint.source,
                [lane for lane, _ in checkpoint.given_up],
                [kept for _, kept in checkpoint.given_up],
                checkpoint.time,
            )

    async def overrule(self, overruled: Overruled, records: Sequence[Received]) -> None:
        """See `Decisions.overrule`."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await _stands(connection, overruled):
                await _take_back(connection, overruled, records)

    async def spoil(self, view: str, version: int, overruled: Overruled) -> None:
        """See `Decisions.spoil`."""
        async with self._pool.acquire() as connection:
            await _spoil(connection, overruled, [], only=(view, version))

    async def forks(self, lanes: Iterable[Lane]) -> list[tuple[Lane, int]]:
        """See `Decisions.forks`."""
        wanted = sorted(lanes)
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                """select distinct a.source, a.lane, a.position from projection.set_aside a
                join unnest($1::text[], $2::smallint[]) as w (source, lane) on w.source = a.source and w.lane = a.lane
                where a.kind = 'fork' and not exists (select from projection.rulings r
                    where r.source = a.source and r.lane = a.lane and r.position = a.position and r.stands)""",
                [source for source, _ in wanted],
                [lane for _, lane in wanted],
            )
        return [((row["source"], row["lane"]), row["position"]) for row in rows]

    async def spoiled(self, view: str, version: int) -> dict[Lane, int]:
        """See `Decisions.spoiled`."""
        async with self._pool.acquire() as connection:
            return await spoiled(connection, view, version)

    async def links(self, lanes: Iterable[Lane]) -> dict[Lane, tuple[list[Link], float]]:
        """See `Decisions.links`."""
        wanted = sorted(lanes)
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                """select l.source, l.lane, l.first, l.hashes, l.offsets, (select extract(epoch from max(c.moved_at))::float8
                    from projection.checkpoints c where c.source = l.source and c.lane = l.lane) as moved_at
                from projection.links l join unnest($1::text[], $2::smallint[]) as w (source, lane) using (source, lane)
                order by l.source, l.lane, l.first""",
                [source for source, _ in wanted],
                [lane for _, lane in wanted],
            )
        found: dict[Lane, tuple[list[Link], float]] = {}
        for row in rows:
            links, _ = found.setdefault((row["source"], row["lane"]), ([], row["moved_at"] or 0.0))
            links += (
                Link(row["first"] + at, row["hashes"][at * _HASH : (at + 1) * _HASH], offset)
                for at, offset in enumerate(array("q", row["offsets"]))
            )
        return found

    async def replaced(self, reader: str, found: Mapping[Where, str]) -> list[Where]:
        """See `Decisions.replaced`."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                """with now as (
                    select $4::text as reader, w.*
                    from unnest($1::text[], $2::int[], $3::text[]) as w (topic, partition, identity)),
                before as (
                    select t.* from projection.topic_identities t join now using (reader, topic, partition) for update of t),
                kept as (
                    insert into projection.topic_identities select * from now
                    on conflict (reader, topic, partition) do update set identity = excluded.identity
                    where projection.topic_identities.identity <> excluded.identity)
                select now.topic, now.partition from now join before using (topic, partition)
                where now.identity <> before.identity""",
                [topic for topic, _ in found],
                [partition for _, partition in found],
                list(found.values()),
                reader,
            )
            fresh = [(row["topic"], row["partition"]) for row in rows]
            if fresh:
                await connection.execute(
                    """delete from projection.offsets o using unnest($1::text[], $2::int[]) as w (topic, partition)
                    where o.topic = w.topic and o.partition = w.partition""",
                    [topic for topic, _ in fresh],
                    [partition for _, partition in fresh],
                )
        return fresh

    async def prune(self) -> None:
        """See `Decisions.prune`."""
        async with self._pool.acquire() as connection:
            await connection.execute(
                """delete from projection.links l using (
                    select source, lane, max(first) as newest from projection.links group by source, lane) as n
                where l.source = n.source and l.lane = n.lane and l.first + length(l.hashes) / 32 < n.newest - $1""",
                RING,
            )


async def _stands(connection: Connection, overruled: Overruled) -> bool:
    """Whether what was taken stands in the links still; nobody who folds the lane can commit meanwhile."""
    source, lane = overruled.lane
    await connection.execute(
        """select from projection.checkpoints where source = $1 and lane = $2
        order by view, version, source, lane for update""",
        source,
        lane,
    )
    first = overruled.taken[0]
    kept: Any = await connection.fetchrow(
        """select min(first) as oldest, min(substring(hashes from ($3 - first)::int * 32 + 1 for 32))
            filter (where first <= $3 and first + length(hashes) / 32 > $3) as hash
        from projection.links where source = $1 and lane = $2""",
        source,
        lane,
        first.position,
    )
    forgotten = kept["oldest"] is not None and kept["oldest"] > first.position
    return forgotten or kept["hash"] == first.hash


async def _take_back(connection: Connection, overruled: Overruled, records: Sequence[Received]) -> None:
    """Name the builds that have passed the position, let policies that have read anew, list the records that were taken."""
    where = (*overruled.lane, overruled.position)
    rows = await connection.fetch(
        """select view, version from projection.checkpoints
        where source = $1 and lane = $2 and position >= $3 and starts_with(view, $4) order by view, version""",
        *where,
        POLICY,
    )
    policies = [(row["view"], row["version"]) for row in rows]
    events = [event_id for record in records if (event_id := _event_id(record)) is not None]
    effects = [command for command, _ in await commands_because_of(connection, events)]
    await _spoil(connection, overruled, effects)
    for policy in policies:
        await read_anew(connection, *policy)
    await connection.execute("delete from projection.links where source = $1 and lane = $2 and first >= $3", *where)
    await connection.execute(
        """update projection.links set hashes = substring(hashes for ($3 - first)::int * 32),
            offsets = substring(offsets for ($3 - first)::int * 8)
        where source = $1 and lane = $2 and first + length(hashes) / 32 > $3""",
        *where,
    )
    await keep_aside(connection, aside_of(overruled, records, effects))


async def _spoil(
    connection: Connection, overruled: Overruled, effects: Sequence[str], only: tuple[str, int] | None = None
) -> None:
    await connection.execute(
        """insert into projection.spoiled (view, version, source, lane, position, hash, kafka_offset, effects)
        select view, version, $1, $2, $3, $4, $5, $6 from projection.checkpoints
        where source = $1 and lane = $2 and position >= $3 and not starts_with(view, $7)
            and ($8::text is null or (view, version) = ($8, $9::int)) on conflict do nothing""",
        *overruled.lane,
        overruled.position,
        overruled.taken[0].hash,
        overruled.taken[0].offset,
        effects,
        POLICY,
        *(only or (None, None)),
    )


async def spoiled(connection: Connection, view: str, version: int) -> dict[tuple[str, int], int]:
    """The lanes in which a build has taken a record that was ruled out, and at which position."""
    rows = await connection.fetch(
        "select source, lane, position from projection.spoiled where view = $1 and version = $2 order by position desc",
        view,
        version,
    )
    return {(row["source"], row["lane"]): row["position"] for row in rows}


def _event_id(record: Received) -> UUID | None:
    found = dict(record.headers).get("ce_id")
    try:
        return UUID(found.decode() if isinstance(found, bytes) else str(found))
    except ValueError:
        return None
