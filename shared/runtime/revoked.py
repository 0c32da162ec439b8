"""Revocations are made again when a process starts: a restored database, or a replica that took over, may lack the last.

Refuses nothing: without a folder there is no list, and revocations are in the database alone.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from shared.kernel.database import Pool
from shared.web.revocations import read_revocations, revocations_file, revoke_again

log = logging.getLogger(__name__)


async def revoked_again(pool: Pool, folder: Path | None) -> Path | None:
    """Where the list is, once everything on it is revoked in the database too."""
    if folder is None:
        return None
    file = revocations_file(folder)
    known = await asyncio.to_thread(read_revocations, file)
    if known:
        async with pool.acquire() as connection:
            for token in await revoke_again(connection, known):
                log.warning("The token %s was revoked before this database was brought back: revoked again", token)
    return file
