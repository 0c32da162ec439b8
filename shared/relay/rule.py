"""Rules which record is the log's at a position where readers have two that follow, or one that the log has not.

Guarantees that a ruling is signed once a position and never twice differently; that the store's row is ruled to stand only if
the last signed head before it leads to it by an unbroken chain, and it leads to the next signed head where there is one; and
that a reader's record is ruled out only where the log has nothing, has signed nothing and has published nothing. Refuses
(answers None, and logs why) in every other case: then it is the log that a person has to look at.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from shared.eventlog.chain import ChainBroken, verify
from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint, Head, append_line, read_file
from shared.eventlog.postgres import identity_of
from shared.eventlog.records import RECORDED, LaneHead, LogIdentity
from shared.eventlog.rulings import Ruling, read_statement
from shared.eventlog.signing import PublicKey, SigningKey
from shared.kernel.database import Connection, Pool
from shared.kernel.envelope import Recorded
from shared.relay.signer import LOCK

log = logging.getLogger(__name__)

_PAGE = 1000


async def rule(
    pool: Pool, source: str, key: SigningKey, file: Path, lane: int, position: int, by: str, *, taken: bytes | None = None
) -> Ruling | None:
    """Sign what stands at this position, and keep it in the file; the ruling of before if there is one.

    The store's row stands. If it has none there, `taken` (the hash of the record that a reader took) is ruled out. None if the
    log cannot vouch for it. Publishing it is the caller's (`signer.mirror`), and so is asking only a log that is not behind.
    May raise `BadCheckpoint` for a file that is damaged, and what asyncpg raises.
    """
    about = f"lane {lane}, position {position} of {source}"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1, 0)", LOCK)
        identity = await identity_of(connection)
        signed = await asyncio.to_thread(_signed, file, source, identity, key.public, lane, position)
        digest = await connection.fetchval("select hash from log.events where lane = $1 and position = $2", lane, position)
        if digest is not None and signed.stands is not None and signed.stands.hash == digest:
            return signed.stands
        if digest is None and taken in signed.ruled_out:
            return signed.ruled_out[taken]
        try:
            if digest is None:
                await _has_nothing(connection, lane, position, signed)
            else:
                _not_ruled_otherwise(lane, position, digest, signed)
                await _lead(connection, identity, lane, signed.below, signed.above or (position, digest))
        except ChainBroken as broken:
            log.critical("No ruling about %s, the log is not what it was: %s; run clb verify", about, broken)
            return None
        wanted = taken if digest is None else digest
        if wanted is None:
            log.warning("No ruling about %s: the log has nothing there, and nobody says what was taken", about)
            return None
        ruling = Ruling(source, identity, lane, position, wanted, datetime.now(UTC), by, stands=digest is not None)
        await asyncio.to_thread(append_line, file, ruling.line(key))
    log.warning("Ruled about %s: %s %s; %s", about, wanted.hex()[:16], "stands" if ruling.stands else "is not the log's", by)
    return ruling


@dataclass(slots=True)
class _Signed:
    """What the file says of a position: rulings, and the nearest signed heads at or below and at or above it."""

    stands: Ruling | None = None
    ruled_out: dict[bytes | None, Ruling] = field(default_factory=dict[bytes | None, Ruling])
    below: Head | None = None
    above: Head | None = None


def _signed(file: Path, source: str, identity: LogIdentity, public: PublicKey, lane: int, position: int) -> _Signed:
    found, heads = _Signed(), list[Head]()
    for line in read_file(file) if file.exists() else ():
        one = read_statement(line, public)
        if one.source != source or one.identity != identity:
            continue
        if isinstance(one, Checkpoint):
            kept = dict(one.given_up).get(lane)
            if kept is not None:
                heads = [head for head in heads if head[0] <= kept]
                found.stands = None if position > kept else found.stands
            if one.heads[lane] not in heads[-1:]:
                heads.append(one.heads[lane])
        elif (one.lane, one.position) == (lane, position):
            if not one.stands:
                found.ruled_out[one.hash] = one
            elif found.stands is not None and found.stands.hash != one.hash:
                raise BadCheckpoint(f"two rulings about lane {lane}, position {position}")
            else:
                found.stands = found.stands or one
    found.below = max((head for head in heads if head[0] <= position), default=None)
    found.above = min((head for head in heads if head[0] >= position), default=None)
    return found


def _not_ruled_otherwise(lane: int, position: int, digest: bytes, signed: _Signed) -> None:
    """May raise `ChainBroken`."""
    if signed.stands is not None or digest in signed.ruled_out:
        raise ChainBroken(lane, position, "the log's row is not the one that was ruled to stand here")


async def _has_nothing(connection: Connection, lane: int, position: int, signed: _Signed) -> None:
    """Whether the log never had this position. May raise `ChainBroken`: it was signed, ruled to stand, or published."""
    if signed.above is not None or signed.stands is not None:
        raise ChainBroken(lane, position, "the log has no such row, and once signed that it has")
    if await connection.fetchval("select position from relay.lanes where lane = $1", lane) >= position:
        raise ChainBroken(lane, position, "the log has no such row, and its relay has published it")


async def _lead(connection: Connection, identity: LogIdentity, lane: int, below: Head | None, above: Head) -> None:
    """Whether the store's events lead to the one signed head and on to the other. May raise `ChainBroken`."""
    reached: LaneHead | None = None
    if below is not None and below[0] > 1:  # from one before it, so that its own row is computed too
        row = await connection.fetchrow(
            "select hash, recorded_at from log.events where lane = $1 and position = $2", lane, below[0] - 1
        )
        if row is None:
            raise ChainBroken(lane, below[0] - 1, "missing")
        reached = LaneHead(lane, below[0] - 1, row["hash"], row["recorded_at"])
    for head in (below, above):
        if head is None or head[0] == 0:
            continue
        reached = await _follow(connection, identity, lane, reached, head[0])
        if reached.hash != head[1]:
            raise ChainBroken(lane, head[0], "the event is not the one that was signed")


async def _follow(connection: Connection, identity: LogIdentity, lane: int, after: LaneHead | None, end: int) -> LaneHead:
    """Compute the chain after a head up to a position. May raise `ChainBroken`."""
    reached = after
    while reached is None or reached.position < end:
        rows = await connection.fetch(
            f"""select {RECORDED} from log.events
            where lane = $1 and position > $2 and position <= $3 order by position limit $4""",  # noqa: S608  constants
            lane, reached.position if reached else 0, end, _PAGE,
        )  # fmt: skip
        if not rows:
            raise ChainBroken(lane, reached.position + 1 if reached else 1, "missing")
        reached = verify((Recorded(*row) for row in rows), identity, after=reached)
    return reached
