"""What a recovery would do: which published branches the log lacks, where it is forked, what nobody can bring back.

Reads only. It reads what was published since the relay last marked anything, and the whole topic where that does not tell all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.eventlog.checkpoints import Checkpoint
from shared.eventlog.signing import PublicKey
from shared.kafka.since import Stretch
from shared.kafka.topics import topic_of
from shared.kernel.database import Pool
from shared.relay.compared import CLOCKS, hashes, signed_anywhere, take_in
from shared.relay.looks import Look
from shared.relay.recovery.branches import Node, Published, Rulings, Tail, Wanted

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Missed:
    """What a process was answered, or has seen, and the log no longer has."""

    lane: int
    position: int
    by: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What was found. `since`: from when on the topic must be read to take the branches back; None is from its beginning."""

    wanted: Wanted
    look: Look
    tails: Mapping[int, Tail]
    contested: Sequence[Node]
    loose: int
    """How many records follow nothing: junk, or another log's."""
    since: datetime | None
    reached: Mapping[int, int]
    signed: Checkpoint | None
    """The newest checkpoint."""
    readers: Mapping[int, int] = field(default_factory=dict[int, int])
    """How far the views of this database have read each lane."""
    missed: Sequence[Missed] = ()

    @property
    def forked(self) -> dict[int, Tail]:
        """The lanes in which the log has other events than were published."""
        return {lane: tail for lane, tail in self.tails.items() if tail.forked}

    @property
    def ends(self) -> dict[int, int]:
        """The last position of each lane that is published, once everything is taken back."""
        return {
            lane: self.tails[lane].end if lane in self.tails else min(head.position, self.reached.get(lane, 0))
            for lane, head in self.look.heads.items()
        }

    def heads(self) -> dict[int, int]:
        """The least that each lane holds once everything is taken back."""
        return {lane: self.tails[lane].end if lane in self.tails else head.position for lane, head in self.look.heads.items()}

    @property
    def gone(self) -> dict[int, int]:
        """By lane the last position that somebody knows of, where it is more than can be taken back."""
        after, found = self.heads(), dict[int, int]()
        known = [(one.lane, one.position) for one in self.missed]
        known += [(lane, position) for lane, position in self.readers.items()]
        if self.signed is not None:
            known += [(lane, position) for lane, (position, _) in enumerate(self.signed.heads)]
        for lane, position in known:
            if position > after[lane]:
                found[lane] = max(position, found.get(lane, 0))
        return found


async def make_plan(
    pool: Pool,
    wanted: Wanted,
    look: Look,
    bootstrap: str,
    *,
    file: Path | None = None,
    public: PublicKey | None = None,
    say: Say = lambda _: None,
) -> Plan:
    """Read what is needed. May raise what a broker or a database that is away raises."""
    checkpoints, ruled = await _signed(bootstrap, wanted, file, public)
    signed = {(lane, position, digest) for one in checkpoints for lane, (position, digest) in enumerate(one.heads) if position}
    heads = {lane: head.position for lane, head in look.heads.items()}
    since = None if look.relayed_at is None else look.relayed_at - CLOCKS
    published = await _read(pool, wanted, look, bootstrap, since)
    tails = published.tails(heads, ruled, signed)
    if since is not None and (published.loose or not tails):
        say(f"Đọc cả {topic_of(wanted.source)} / reading all of {topic_of(wanted.source)}")
        since = None
        published = await _read(pool, wanted, look, bootstrap, since)
        tails = published.tails(heads, ruled, signed)
    async with pool.acquire() as connection:
        readers: list[Any] = await connection.fetch(
            """select c.lane, max(c.position) as position from projection.checkpoints c
            join projection.builds b on b.view = c.view and b.build = c.version
            where c.source = $1 and b.state = 'live' group by c.lane""",
            wanted.source,
        )
        missed: list[Any] = await connection.fetch(
            "select lane, position, by from recovery.missed where run is null order by lane, position"
        )
    return Plan(
        wanted,
        look,
        tails,
        published.contested(ruled),
        len(published.loose),
        since,
        published.reached,
        max(checkpoints, key=lambda one: one.time, default=None),
        {row["lane"]: row["position"] for row in readers},
        [Missed(*row) for row in missed],
    )


async def lost_of(pool: Pool, plan: Plan) -> Checkpoint | None:
    """The newest checkpoint, if neither the log nor what is taken back keeps it."""
    signed = plan.signed
    if signed is None:
        return None
    wanted = {(lane, position): digest for lane, (position, digest) in enumerate(signed.heads) if position}
    kept = await hashes(pool, wanted)
    for lane, tail in plan.tails.items():
        for at in [at for at in kept if at[0] == lane and at[1] > tail.after]:
            del kept[at]
        kept.update({(lane, node.position): node.hash for node in tail.nodes})
    return None if all(kept.get(at) == digest for at, digest in wanted.items()) else signed


async def _read(pool: Pool, wanted: Wanted, look: Look, bootstrap: str, since: datetime | None) -> Published:
    published = Published(wanted, look.relayed)
    batches = Stretch(bootstrap, topic_of(wanted.source), since=since).batches()
    try:
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            await take_in(pool, published, batch)
    finally:
        await asyncio.to_thread(batches.close)
    return published


async def _signed(
    bootstrap: str, wanted: Wanted, file: Path | None, public: PublicKey | None
) -> tuple[list[Checkpoint], Rulings]:
    """Every checkpoint and ruling of the topic and of the file. Without the key none counts."""
    if public is None:
        return [], Rulings()
    checkpoints, rulings = await asyncio.to_thread(signed_anywhere, bootstrap, wanted, public, file)
    return checkpoints, Rulings.of(rulings, [one for one in checkpoints if one.given_up])
