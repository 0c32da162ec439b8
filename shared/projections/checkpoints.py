"""How far each view is: one row a view, version, source and lane. The row is the truth, Kafka's offsets are a hint.

Whoever takes over a lane raises its epoch; a transaction that began under an older epoch is refused (`Fenced`), so a
projector that lost its lanes while it was away can change nothing any more.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from shared.kafka.record import Partition
from shared.kernel.database import Connection
from shared.kernel.lanes import LANES, partition_of

if TYPE_CHECKING:
    from shared.projections.links import Link

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


class Stands(NamedTuple):
    """Where a lane stands, under which epoch, and the hash of its last event; None before the first."""

    position: int
    epoch: int
    head: bytes | None


@dataclass(frozen=True, slots=True)
class Moved:
    """How a lane's checkpoint moves. `recorded_at` None: as it was."""

    position: int
    unknown: int
    parked: int
    recorded_at: datetime | None
    head: bytes | None


def owned(found: Mapping[Lane, Stands], wanted: Iterable[Lane], epochs: Mapping[Lane, int] | None) -> dict[Lane, Stands]:
    """Where the locked lanes stand, if they are owned under these epochs. May raise `Fenced`; `epochs` None asks for none."""
    if epochs is not None:
        lost = [lane for lane in wanted if lane not in found or epochs.get(lane) != found[lane].epoch]
        if lost:
            raise Fenced(lost)
    return dict(found)


def lanes_of(partitions: Sequence[Partition]) -> list[Lane]:
    """The lanes that these partitions carry, in the order in which they are locked."""
    return sorted((p.topic.removesuffix(".events"), lane) for p in partitions for lane in _carried(p.partition, p.of))


@lru_cache(maxsize=256)
def _carried(partition: int, partitions: int) -> tuple[int, ...]:
    return tuple(lane for lane in range(LANES) if partition_of(lane, partitions) == partition)


async def claim(connection: Connection, view: str, version: int, partitions: Sequence[Partition]) -> Claim:
    """Take over the lanes of these partitions: from now on earlier owners are refused. Own transaction."""
    lanes = lanes_of(partitions)
    sources, numbers = [source for source, _ in lanes], [lane for _, lane in lanes]
    async with connection.transaction():
        await ensure(connection, view, version, lanes)
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


async def stands(connection: Connection, view: str, version: int, lanes: Sequence[Lane]) -> dict[Lane, Stands]:
    """Lock the rows of these lanes, given in order, and answer those that there are."""
    rows = await connection.fetch(
        """select c.source, c.lane, c.position, c.epoch, c.head from projection.checkpoints c
        join unnest($3::text[], $4::int[]) as w (source, lane) on w.source = c.source and w.lane = c.lane
        where c.view = $1 and c.version = $2 order by c.source, c.lane for update of c""",
        view,
        version,
        [source for source, _ in lanes],
        [lane for _, lane in lanes],
    )
    return {(row["source"], row["lane"]): Stands(row["position"], row["epoch"], row["head"]) for row in rows}


async def ensure(connection: Connection, view: str, version: int, lanes: Sequence[Lane]) -> None:
    """Create the rows of these lanes where they are missing."""
    await connection.execute(
        """insert into projection.checkpoints (view, version, source, lane)
        select $1, $2, source, lane from unnest($3::text[], $4::int[]) as w (source, lane) order by source, lane
        on conflict do nothing""",
        view,
        version,
        [source for source, _ in lanes],
        [lane for _, lane in lanes],
    )


async def move(
    connection: Connection, view: str, version: int, moved: Mapping[Lane, Moved], links: Mapping[Lane, Sequence[Link]]
) -> None:
    """Move the checkpoints of lanes that are locked, and keep the links that were added. One statement."""
    await connection.execute(
        """with kept as (
            insert into projection.links (source, lane, first, hashes, offsets)
            select * from unnest($10::text[], $11::smallint[], $12::bigint[], $13::bytea[], $14::bytea[])
            on conflict do nothing)
        update projection.checkpoints c set position = w.position, unknown = c.unknown + w.unknown,
            parked = c.parked + w.parked, moved_at = now(), head = w.head,
            recorded_at = coalesce(w.recorded_at, c.recorded_at)
        from unnest($3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[], $9::bytea[])
            as w (source, lane, position, unknown, parked, recorded_at, head)
        where c.view = $1 and c.version = $2 and c.source = w.source and c.lane = w.lane""",
        view,
        version,
        [source for source, _ in moved],
        [lane for _, lane in moved],
        [one.position for one in moved.values()],
        [one.unknown for one in moved.values()],
        [one.parked for one in moved.values()],
        [one.recorded_at for one in moved.values()],
        [one.head for one in moved.values()],
        [source for source, _ in links],
        [lane for _, lane in links],
        [added[0].position for added in links.values()],
        [b"".join(link.hash for link in added) for added in links.values()],
        [array("q", [link.offset for link in added]).tobytes() for added in links.values()],
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
