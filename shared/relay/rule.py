"""Rules which record is the log's at a position where readers have two that follow: the store's own, if the store is whole.

Guarantees that a ruling is signed once a position and never twice differently, and that it is signed only of a row that the
last signed head before it leads to by an unbroken chain, and that leads to the next signed head where there is one. Refuses
(answers None, and logs why) to rule about a position that the store does not have, or from a store that was changed.
"""

from __future__ import annotations

import asyncio
import logging
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


async def rule(pool: Pool, source: str, key: SigningKey, file: Path, lane: int, position: int, by: str) -> Ruling | None:
    """Sign that the store's row is the one at this position, and keep it in the file; the ruling of before if there is one.

    None if the store cannot vouch for it. Publishing it is the caller's (`signer.mirror`). May raise `BadCheckpoint` for a file
    that is damaged, and what asyncpg raises.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1, 0)", LOCK)
        identity = await identity_of(connection)
        signed = await asyncio.to_thread(_signed, file, source, identity, key.public, lane, position)
        digest = await connection.fetchval("select hash from log.events where lane = $1 and position = $2", lane, position)
        if digest is None:
            log.warning("No ruling about lane %d, position %d of %s: the store has no such row", lane, position, source)
            return None
        if signed.ruling is not None:
            if signed.ruling.hash == digest:
                return signed.ruling
            log.critical(
                "No second ruling about lane %d, position %d of %s: the store's row is not the one that was ruled to stand",
                lane, position, source,
            )  # fmt: skip
            return None
        try:
            await _lead(connection, identity, lane, signed.below, signed.above or (position, digest))
        except ChainBroken as broken:
            log.critical("No ruling from the log of %s, it was changed: %s; run clb verify", source, broken)
            return None
        ruling = Ruling(source, identity, lane, position, digest, datetime.now(UTC), by)
        await asyncio.to_thread(append_line, file, ruling.line(key))
    log.warning("Ruled that lane %d, position %d of %s is %s, for %s", lane, position, source, digest.hex()[:16], by)
    return ruling


class _Signed:
    """What the file says of a position: a ruling, and the nearest signed heads at or below and at or above it."""

    def __init__(self) -> None:
        self.ruling: Ruling | None = None
        self.below: Head | None = None
        self.above: Head | None = None


def _signed(file: Path, source: str, identity: LogIdentity, public: PublicKey, lane: int, position: int) -> _Signed:
    found = _Signed()
    for line in read_file(file) if file.exists() else ():
        one = read_statement(line, public)
        if one.source != source or one.identity != identity:
            continue
        if isinstance(one, Checkpoint):
            head = one.heads[lane]
            if head[0] <= position and (found.below is None or head[0] >= found.below[0]):
                found.below = head
            if head[0] >= position and (found.above is None or head[0] < found.above[0]):
                found.above = head
        elif (one.lane, one.position) == (lane, position):
            if found.ruling is not None and found.ruling.hash != one.hash:
                raise BadCheckpoint(f"two rulings about lane {lane}, position {position}")
            found.ruling = one
    return found


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
