"""Gives up what was signed and is gone for good: the log's next checkpoint says so, and whoever reads signed lines goes by it.

Guarantees that only what the log does not keep is given up. A person decides it (`clb recover --accept-loss`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.eventlog.checkpoints import Checkpoint, append_line, checkpoint_of, last_of
from shared.eventlog.postgres import heads_of
from shared.eventlog.signing import SigningKey
from shared.kernel.database import Pool
from shared.relay.compared import lanes_without, signed_anywhere
from shared.relay.recovery.branches import Wanted
from shared.relay.signer import LOCK


async def give_up(pool: Pool, wanted: Wanted, bootstrap: str, key: SigningKey, file: Path) -> Checkpoint:
    """Sign the log as it is, without what earlier checkpoints sign of it and it does not keep. It stands in the file, and
    publishing it is the caller's. May raise what the broker and the database raise."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1, 0)", LOCK)
        signed, _ = await asyncio.to_thread(signed_anywhere, bootstrap, wanted, key.public, file)
        given_up = await _given_up(pool, signed)
        heads = await heads_of(connection)
        after = max((one.time for one in signed), default=datetime.min.replace(tzinfo=UTC)) + timedelta(microseconds=1)
        made = checkpoint_of(wanted.source, wanted.identity, heads, max(datetime.now(UTC), after), last_of(file))
        made = replace(made, given_up=given_up)
        await asyncio.to_thread(append_line, file, made.line(key))
    return made


async def _given_up(pool: Pool, signed: Iterable[Checkpoint]) -> tuple[tuple[int, int], ...]:
    """Of each lane that lost something, the last signed position that it keeps. From the newest checkpoint back, until one is
    kept whole: what is behind it is kept too, since hashes are chained."""
    kept: dict[int, int] = {}
    for checkpoint in sorted(signed, key=lambda one: one.time, reverse=True):
        lost = await lanes_without(pool, checkpoint)
        if not lost:
            for lane in kept:
                kept[lane] = checkpoint.heads[lane][0]
            break
        for lane in lost:
            kept[lane] = 0
    return tuple(sorted(kept.items()))
