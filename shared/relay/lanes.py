"""Who may publish a lane: the session that holds its advisory lock, under the epoch that it raised when it took it.

All of a relay's reads and checkpoints go over the one session that holds the locks: when Postgres ends that session, the
next read fails and nothing more is published. A checkpoint moves only under the epoch of the claim (I10). Where a topic lost
records, all lanes of the partition go back to the beginning in one transaction that raises their epochs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager

from shared.eventlog.postgres import identity_of
from shared.eventlog.records import RECORDED, LogIdentity
from shared.kafka.identity import Standing
from shared.kernel.database import Connection, Pool
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES, partition_of
from shared.relay.ports import Held, Known, dense

_NOTHING: Mapping[int, Known] = {}
_LOCK_CLASS = 0x4C54_1000 & 0x7FFF_FFFF
"""The first key of the advisory locks; the second is the lane."""


class PostgresLanes:
    """The sessions of a pool, as a relay asks for them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[PostgresSession]:
        """One connection of the pool, kept until the context ends."""
        async with self._pool.acquire() as connection:
            yield PostgresSession(connection)


class PostgresSession:
    """One session with Postgres: its advisory locks are the claims."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def identity(self) -> LogIdentity:
        """See `Session.identity`."""
        return await identity_of(self._connection)

    async def claim(self, lanes: Iterable[int], holder: str) -> dict[int, Held]:
        """See `Session.claim`."""
        return await claim(self._connection, lanes, holder)

    async def read(self, held: Mapping[int, Held], limit: int) -> list[Recorded]:
        """See `Session.read`. One query."""
        return await read(self._connection, held, limit)

    async def mark(
        self, held: Mapping[int, Held], reached: Mapping[int, int], ends: Mapping[int, Known] = _NOTHING
    ) -> dict[int, Held]:
        """See `Session.mark`. One statement."""
        return await mark(self._connection, held, reached, ends)

    async def topics(self) -> dict[int, Known]:
        """See `Session.topics`."""
        rows = await self._connection.fetch("select partition, identity, next_offset, fills, last from relay.topics")
        return {partition: Known(*known) for partition, *known in rows}

    async def remember(self, found: Mapping[int, Standing]) -> None:
        """See `Session.remember`."""
        await remember(self._connection, found)

    async def begin_anew(
        self, found: Mapping[int, Standing], known: Mapping[int, Known], partitions: int, held: Mapping[int, Held]
    ) -> tuple[dict[int, Known], dict[int, Held]]:
        """See `Session.begin_anew`."""
        return await begin_anew(self._connection, found, known, partitions, held)

    async def release(self, lanes: Iterable[int]) -> None:
        """See `Session.release`."""
        await release(self._connection, lanes)


async def claim(connection: Connection, lanes: Iterable[int], holder: str) -> dict[int, Held]:
    """Take those lanes that nobody holds. From then on earlier holders can move nothing."""
    locked = await connection.fetch(
        "select lane from unnest($1::int[]) as lane where pg_try_advisory_lock($2, lane)", sorted(lanes), _LOCK_CLASS
    )
    rows = await connection.fetch(
        """update relay.lanes set epoch = epoch + 1, holder = $2, claimed_at = now()
        where lane = any($1::int[]) returning lane, position, epoch""",
        [row["lane"] for row in locked],
        holder,
    )
    return {row["lane"]: Held(row["position"], row["epoch"]) for row in rows}


async def release(connection: Connection, lanes: Iterable[int]) -> None:
    """Let go of lanes, so that another relay may take them."""
    await connection.execute("select pg_advisory_unlock($2, lane) from unnest($1::int[]) as lane", list(lanes), _LOCK_CLASS)


async def read(connection: Connection, held: Mapping[int, Held], limit: int) -> list[Recorded]:
    """What is new in the held lanes, at most `limit` events a lane: in order a lane, without a gap. One query."""
    rows = await connection.fetch(
        f"""select e.* from unnest($1::smallint[], $2::bigint[]) as w (lane, position)
        join log.lanes h on h.lane = w.lane and h.position > w.position
        cross join lateral (
            select {RECORDED} from log.events where lane = w.lane and position > w.position order by position limit $3
        ) e""",  # noqa: S608  constants
        list(held),
        [lane.position for lane in held.values()],
        limit,
    )
    return dense(held, (Recorded(*row) for row in rows))


async def mark(
    connection: Connection, held: Mapping[int, Held], reached: Mapping[int, int], ends: Mapping[int, Known] = _NOTHING
) -> dict[int, Held]:
    """Move the checkpoints, lane by lane, where claim and position are still as they were; answers those moved.

    How far the partitions reach is written in the same statement: after a power failure the one is as true as the other.
    """
    lanes = sorted(reached)
    rows = await connection.fetch(
        """with reaching as (
            update relay.topics t set next_offset = w.next_offset, last = w.last
            from unnest($5::int[], $6::bigint[], $7::bigint[], $8::text[]) as w (partition, next_offset, fills, last)
            where t.partition = w.partition and t.fills = w.fills and t.next_offset < w.next_offset)
        update relay.lanes l set position = w.reached, moved_at = now()
        from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[]) as w (lane, position, epoch, reached)
        where l.lane = w.lane and l.epoch = w.epoch and l.position = w.position
        returning l.lane, l.position, l.epoch""",
        lanes,
        [held[lane].position for lane in lanes],
        [held[lane].epoch for lane in lanes],
        [reached[lane] for lane in lanes],
        sorted(ends),
        [ends[partition].next_offset for partition in sorted(ends)],
        [ends[partition].fills for partition in sorted(ends)],
        [ends[partition].last for partition in sorted(ends)],
    )
    return {row["lane"]: Held(row["position"], row["epoch"]) for row in rows}


async def remember(connection: Connection, found: Mapping[int, Standing]) -> None:
    """Remember partitions of which nothing is known, all of them if nothing of the log was published yet, else none."""
    await connection.execute(
        """insert into relay.topics (partition, identity, next_offset, fills)
        select w.*, 1 from unnest($1::int[], $2::text[], $3::bigint[]) as w (partition, identity, next_offset)
        where not exists (select from relay.lanes where position > 0) on conflict do nothing""",
        sorted(found),
        [found[partition].identity for partition in sorted(found)],
        [found[partition].end for partition in sorted(found)],
    )


async def begin_anew(
    connection: Connection, found: Mapping[int, Standing], known: Mapping[int, Known], partitions: int, held: Mapping[int, Held]
) -> tuple[dict[int, Known], dict[int, Held]]:
    """Let the lanes of these partitions be published again from the first position, under a new epoch.

    The lock on the table lets marks that are under way end first, and later ones find the new epoch.
    """
    wanted = sorted(found)
    async with connection.transaction():
        await connection.execute("lock table relay.lanes in share row exclusive mode")
        rows = await connection.fetch(
            """insert into relay.topics as t (partition, identity, next_offset)
            select partition, identity, next_offset
            from unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[]) as w (partition, identity, next_offset, fills)
            where not exists (select from relay.topics o where o.partition = w.partition and o.fills <> w.fills)
            on conflict (partition) do update set identity = excluded.identity, next_offset = excluded.next_offset,
                fills = t.fills + 1, last = '', filled_at = now()
            returning partition, identity, next_offset, fills""",
            wanted,
            [found[partition].identity for partition in wanted],
            [found[partition].end for partition in wanted],
            [known[partition].fills if partition in known else 0 for partition in wanted],
        )
        anew = {partition: Known(identity, end, fills) for partition, identity, end, fills in rows}
        moved = await connection.fetch(
            """update relay.lanes set position = 0, epoch = epoch + 1, moved_at = now()
            where lane = any($1::int[]) returning lane, epoch""",
            [lane for lane in range(LANES) if partition_of(lane, partitions) in anew],
        )
    return anew, {lane: Held(0, epoch) for lane, epoch in moved if lane in held and held[lane].epoch + 1 == epoch}


async def held_by_anyone(pool: Pool) -> int:
    """How many lanes some relay holds now, of this process or of another: its session's lock is the proof."""
    async with pool.acquire() as connection:
        return int(
            await connection.fetchval(
                """select count(*) from pg_locks where locktype = 'advisory' and granted and classid = $1
                and database = (select oid from pg_database where datname = current_database())""",
                _LOCK_CLASS,
            )
        )


async def backlog(pool: Pool) -> int:
    """How many events are stored and not yet known to be published."""
    async with pool.acquire() as connection:
        return int(
            await connection.fetchval(
                "select coalesce(sum(h.position - l.position), 0)::bigint from log.lanes h join relay.lanes l using (lane)"
            )
        )
