"""How far each view is: one row a view, version, source and lane. The row is the truth, Kafka's offsets are a hint.

Whoever takes over a lane raises its epoch; a transaction that began under an older epoch is refused (`Fenced`), so a
projector that lost its lanes while it was away can change nothing any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.kafka.record import Partition
from shared.kernel.database import Connection, Pool
from shared.kernel.lanes import LANES, partition_of

Lane = tuple[str, int]
"""Source and lane."""


class Fenced(Exception):
    """Somebody else has taken over these lanes: nothing was changed."""

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self.lanes = frozenset(lanes)
        super().__init__(f"lanes taken over by another projector: {sorted(self.lanes)}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What taking over found: where each lane stands, under which epoch, and where in Kafka to read on."""

    positions: dict[Lane, int]
    epochs: dict[Lane, int]
    offsets: dict[tuple[str, int], int]


async def claim(connection: Connection, view: str, version: int, partitions: Sequence[Partition]) -> Claim:
    """Take over the lanes of these partitions: from now on earlier owners are refused. Own transaction."""
    lanes = sorted(
        (p.topic.removesuffix(".events"), lane)
        for p in partitions
        for lane in range(LANES)
        if partition_of(lane, p.of) == p.partition
    )
    sources, numbers = [source for source, _ in lanes], [lane for _, lane in lanes]
    async with connection.transaction():
        await _ensure(connection, view, version, sources, numbers)
        rows = await connection.fetch(
            """with mine as (
                select c.source, c.lane from projection.checkpoints c
                join unnest($3::text[], $4::int[]) as w (source, lane) on w.source = c.source and w.lane = c.lane
                where c.view = $1 and c.version = $2 order by c.source, c.lane for update of c)
            update projection.checkpoints c set epoch = c.epoch + 1 from mine
            where c.view = $1 and c.version = $2 and c.source = mine.source and c.lane = mine.lane
            returning c.source, c.lane, c.position, c.epoch""",
            view,
            version,
            sources,
            numbers,
        )
        offsets = await connection.fetch(
            "select topic, partition, next_offset from projection.offsets where view = $1 and version = $2", view, version
        )
    return Claim(
        {(row["source"], row["lane"]): row["position"] for row in rows},
        {(row["source"], row["lane"]): row["epoch"] for row in rows},
        {(row["topic"], row["partition"]): row["next_offset"] for row in offsets},
    )


async def lock(
    connection: Connection, view: str, version: int, lanes: Iterable[Lane], epochs: Mapping[Lane, int] | None
) -> dict[Lane, int]:
    """Lock the rows of these lanes to the end of the transaction and answer their positions. May raise `Fenced`.

    `epochs` None: no ownership is asked for (tests, replay), and missing rows are created.
    """
    wanted = sorted(lanes)
    sources, numbers = [source for source, _ in wanted], [lane for _, lane in wanted]
    if epochs is None:
        await _ensure(connection, view, version, sources, numbers)
    rows = await connection.fetch(
        """select c.source, c.lane, c.position, c.epoch from projection.checkpoints c
        join unnest($3::text[], $4::int[]) as w (source, lane) on w.source = c.source and w.lane = c.lane
        where c.view = $1 and c.version = $2 order by c.source, c.lane for update of c""",
        view,
        version,
        sources,
        numbers,
    )
    found = {(row["source"], row["lane"]): row for row in rows}
    if epochs is not None:
        lost = [lane for lane in wanted if lane not in found or epochs.get(lane) != found[lane]["epoch"]]
        if lost:
            raise Fenced(lost)
    return {lane: row["position"] for lane, row in found.items()}


async def _ensure(connection: Connection, view: str, version: int, sources: list[str], lanes: list[int]) -> None:
    await connection.execute(
        """insert into projection.checkpoints (view, version, source, lane)
        select $1, $2, source, lane from unnest($3::text[], $4::int[]) as w (source, lane) order by source, lane
        on conflict do nothing""",
        view,
        version,
        sources,
        lanes,
    )


async def move_offsets(connection: Connection, view: str, version: int, offsets: Mapping[tuple[str, int], int]) -> None:
    """Remember from which offset of each partition a restarted projector reads on."""
    ordered = sorted(offsets.items())
    await connection.execute(
        """insert into projection.offsets (view, version, topic, partition, next_offset)
        select $1, $2, * from unnest($3::text[], $4::int[], $5::bigint[])
        on conflict (view, version, topic, partition) do update set next_offset = excluded.next_offset
        where projection.offsets.next_offset is distinct from excluded.next_offset""",
        view,
        version,
        [topic for (topic, _), _ in ordered],
        [partition for (_, partition), _ in ordered],
        [offset for _, offset in ordered],
    )


async def positions(pool: Pool, view: str, version: int) -> dict[Lane, int]:
    """Where each lane of a view stands; lanes at 0 may be missing."""
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            "select source, lane, position from projection.checkpoints where view = $1 and version = $2 order by 1, 2",
            view,
            version,
        )
    return {(row["source"], row["lane"]): row["position"] for row in rows}


async def wait_for(pool: Pool, view: str, version: int, lane: Lane, position: int, *, seconds: float) -> bool:
    """Wait until the view has passed a position; False if it has not in time. For processes that do not run the view."""
    deadline = asyncio.get_running_loop().time() + seconds
    pause = 0.005
    while True:
        async with pool.acquire() as connection:
            found: int | None = await connection.fetchval(
                """select position from projection.checkpoints
                where view = $1 and version = $2 and source = $3 and lane = $4""",
                view,
                version,
                *lane,
            )
        if (found or 0) >= position:
            return True
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.1)
