"""Holds a log against what was published and signed of it. Reads only what was published since the relay last marked anything.

What a restored database says of its relay is as old as its log: so everything that it lost was published after that. Guarantees
to stop at the first proof that the log is behind. May raise what a broker or a database that is away raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint, last_lines, read_file
from shared.eventlog.links import At, hashes_at
from shared.eventlog.rulings import Ruling, read_statement
from shared.eventlog.signing import PublicKey
from shared.kafka.record import Received
from shared.kafka.since import Stretch
from shared.kafka.topics import checkpoints_topic, topic_of
from shared.kernel.database import Pool
from shared.relay.looks import Look
from shared.relay.recovery.branches import Published, Rulings, Tail, Wanted

CLOCKS = timedelta(minutes=2)
"""By so much the clocks of a database and of its relay may differ."""
_LINES = 64
"""So many signed lines at the end of their topic are looked at."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found. `ends`: how far the topic was read, by partition."""

    tails: Mapping[int, Tail] = field(default_factory=dict[int, Tail])
    signed: Checkpoint | None = None
    """A checkpoint that the log does not keep: of more than it holds, or of something else."""
    ends: Mapping[int, int] = field(default_factory=dict[int, int])

    @property
    def forked(self) -> bool:
        """Whether the log has other events where some were published."""
        return any(tail.forked for tail in self.tails.values())


async def hashes(pool: Pool, wanted: Iterable[At]) -> dict[At, bytes]:
    """The log's own hashes at these positions, where it has them. One query."""
    async with pool.acquire() as connection:
        return await hashes_at(connection, sorted(wanted))


async def take_in(pool: Pool, published: Published, batch: Sequence[Received]) -> None:
    """Let a batch of records into what was published, with the log's own hashes beside it."""
    ours = list(published.wanted.of(batch))
    if ours:
        published.take(ours, await hashes(pool, published.needed(ours)))


async def compare(
    pool: Pool,
    wanted: Wanted,
    bootstrap: str,
    seen: Look,
    *,
    starts: Mapping[int, int] | None = None,
    ruled: Callable[[], Awaitable[Rulings]] | None = None,
) -> Compared:
    """Read what was published since, or from `starts` on, until the first proof that the log lacks some of it, or the end.
    `ruled` is asked once something seems to be missing: it may be a forgery on which was ruled."""
    published = Published(wanted, seen.relayed)
    since = None if seen.relayed_at is None else seen.relayed_at - CLOCKS
    stretch = Stretch(bootstrap, topic_of(wanted.source), since=since, starts=starts)
    batches = stretch.batches()
    heads = {lane: head.position for lane, head in seen.heads.items()}
    decided: Rulings | None = None
    try:
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            await take_in(pool, published, batch)
            tails = published.tails(heads, decided)
            if tails and decided is None:
                decided = Rulings() if ruled is None else await ruled()
                tails = published.tails(heads, decided)
            if tails:
                return Compared(tails)
    finally:
        await asyncio.to_thread(batches.close)
    return Compared(ends=stretch.ends)


async def not_kept(pool: Pool, checkpoints: Iterable[Checkpoint]) -> Checkpoint | None:
    """The newest of these checkpoints, if the log does not keep it."""
    newest = max(checkpoints, key=lambda checkpoint: checkpoint.time, default=None)
    return None if newest is None or not await lanes_without(pool, newest) else newest


async def lanes_without(pool: Pool, checkpoint: Checkpoint) -> list[int]:
    """The lanes in which the log does not keep what was signed."""
    wanted = {(lane, position): digest for lane, (position, digest) in enumerate(checkpoint.heads) if position}
    found = await hashes(pool, wanted)
    return [at[0] for at, digest in wanted.items() if found.get(at) != digest]


def read_lines(lines: Iterable[str], wanted: Wanted, public: PublicKey) -> tuple[list[Checkpoint], list[Ruling]]:
    """The checkpoints and rulings of this log among signed lines; what is malformed or signed by another is passed over."""
    checkpoints: list[Checkpoint] = []
    rulings: list[Ruling] = []
    for line in lines:
        try:
            found = read_statement(line, public)
        except BadCheckpoint:
            continue
        if (found.source, found.identity) != (wanted.source, wanted.identity):
            continue
        if isinstance(found, Checkpoint):
            checkpoints.append(found)
        else:
            rulings.append(found)
    return checkpoints, rulings


def signed_in_file(file: Path | None, wanted: Wanted, public: PublicKey) -> list[Checkpoint]:
    """The last checkpoints of a file. Blocks."""
    if file is None or not file.exists():
        return []
    return read_lines(last_lines(file), wanted, public)[0]


def signed_anywhere(
    bootstrap: str, wanted: Wanted, public: PublicKey, file: Path | None
) -> tuple[list[Checkpoint], list[Ruling]]:
    """Every signed line of the log's topic of checkpoints and of its file. Blocks."""
    checkpoints, rulings = signed_on_topic(bootstrap, wanted, public, last=None)
    more, ruled = read_lines(read_file(file) if file is not None and file.exists() else (), wanted, public)
    return [*checkpoints, *more], [*rulings, *ruled]


def signed_on_topic(
    bootstrap: str, wanted: Wanted, public: PublicKey, *, last: int | None = _LINES
) -> tuple[list[Checkpoint], list[Ruling]]:
    """The last signed lines of the log's topic of checkpoints, or all of them (None). Blocks."""
    stretch = Stretch(bootstrap, checkpoints_topic(wanted.source), last=last)
    return read_lines(
        (record.value.decode("utf-8", "replace") for batch in stretch.batches() for record in batch if record.value),
        wanted,
        public,
    )
