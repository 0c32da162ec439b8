"""A process that rebuilds the toy view, so that tests may kill it; the certificate goes to stdout."""

from __future__ import annotations

import asyncio
import json
import sys

import asyncpg

from shared.eventlog.postgres import open_pool
from shared.projections.rebuild import Place, rebuild
from tests.shared.flow import Purses


async def main(app: str, owner: str, role: str, source: str, bootstrap: str) -> None:
    pool, connection = await open_pool(app), await asyncpg.connect(owner)
    place = Place("toy", pool, connection, role, bootstrap, {})
    print(json.dumps(await rebuild(place, Purses(source), lambda line: print(line, file=sys.stderr))))
    await connection.close()
    await pool.close()


asyncio.run(main(*sys.argv[1:]))
