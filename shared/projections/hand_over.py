"""Brings a build exactly as far as the live one, while that one waits: the moment for comparing two builds, or swapping them.

Guarantees that inside `level` both builds stand at the same position of every lane, and that neither can move before the
transaction ends. What the live build has read comes from the topics; nothing is read past it. Refuses (503) when that takes too
long: then nothing has happened and the live build goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.kafka.headers import coordinates
from shared.kafka.record import Received
from shared.kafka.tail import Tail
from shared.kafka.topics import topic_of
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.kernel.event import Undecodable
from shared.projections import checkpoints, rulings
from shared.projections.builds import Built
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane
from shared.projections.fold import fold

PATIENCE = 60.0
_PAUSE = 0.05


@dataclass(slots=True)
class _Held:
    """Records that must be read again later: from which offset on, of each partition."""

    offsets: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])

    def split(self, records: Sequence[Received], until: Mapping[Lane, int]) -> list[Received]:
        """Those up to the positions; the others are held."""
        taken: list[Received] = []
        for record in records:
            if _within(record, until):
                taken.append(record)
            else:
                where = (record.topic, record.partition)
                self.offsets[where] = min(record.offset, self.offsets.get(where, record.offset))
        return taken


def _within(record: Received, until: Mapping[Lane, int]) -> bool:
    try:
        at = coordinates(dict(record.headers))
    except Undecodable:
        return True
    return at.position <= until.get((at.source, at.lane), 0)


@asynccontextmanager
async def level(
    pool: Pool, bootstrap: str, live: Built, new: Built, chain: Chain, *, or_ahead: bool = False, seconds: float = PATIENCE
) -> AsyncGenerator[Connection]:
    """A transaction in which both builds are locked and at the same positions. May raise `Refused` (`builds-not-level`).

    `or_ahead`: a live build that does not get on is not waited for in the end; the new one is then ahead of it. Lanes in which
    the live build has taken a record that was ruled out are left out: it goes on there no more, and the new one goes by itself.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        async with pool.acquire() as connection, connection.transaction():
            spoiled = await rulings.spoiled(connection, live.name, live.version)
            until = {lane: at for lane, at in (await _locked(connection, live)).items() if lane not in spoiled}
            reached = {lane: at for lane, at in (await _locked(connection, new)).items() if lane not in spoiled}
            ahead = any(position > until.get(lane, 0) for lane, position in reached.items())
            if not ahead or (or_ahead and loop.time() > deadline):
                await _read_up_to(connection, bootstrap, new, reached, until, chain, deadline)
                yield connection
                return
        if loop.time() > deadline:
            raise _not_level("the live build does not get on", new.name)
        await asyncio.sleep(_PAUSE)


async def _locked(connection: Connection, built: Built) -> dict[Lane, int]:
    rows = await connection.fetch(
        """select source, lane, position from projection.checkpoints where view = $1 and version = $2
        order by source, lane for update""",
        built.name, built.version,
    )  # fmt: skip
    return {(row["source"], row["lane"]): row["position"] for row in rows}


async def _read_up_to(
    connection: Connection,
    bootstrap: str,
    new: Built,
    reached: dict[Lane, int],
    until: Mapping[Lane, int],
    chain: Chain,
    deadline: float,
) -> None:
    missing = {lane for lane, position in until.items() if reached.get(lane, 0) < position}
    if not missing:
        return
    starts = await connection.fetch(
        "select topic, partition, next_offset from projection.offsets where view = $1 and version = $2", new.name, new.version
    )
    held = _Held()
    topics = sorted({topic_of(source) for source in new.sources})
    async with Tail(bootstrap, topics, {(row["topic"], row["partition"]): row["next_offset"] for row in starts}) as tail:
        while missing:
            records = held.split(await tail.read(), until)
            if records:
                folded = await fold(connection, new, records, known=reached, epochs=None, holds={}, chain=chain)
                chain.took(folded.links)
                reached.update(folded.positions)
                missing = {lane for lane in missing if reached.get(lane, 0) < until[lane]}
                after = {(record.topic, record.partition): record.offset + 1 for record in records}
                kept = {where: min(offset, held.offsets.get(where, offset)) for where, offset in after.items()}
                await checkpoints.move_offsets(connection, new.name, new.version, kept)
            elif asyncio.get_running_loop().time() > deadline:
                raise _not_level(f"events of {sorted(missing)[:3]} do not come from Kafka", new.name)


def _not_level(reason: str, view: str) -> Refused:
    return Refused(
        "builds-not-level",
        f"Không đưa được hai bản dựng của {view} về cùng một vị trí ({reason}); bản đang dùng giữ nguyên. Xem clb doctor.",
        f"The two builds of {view} could not be brought to one position ({reason}); the live one stays. See clb doctor.",
        status=503,
    )
