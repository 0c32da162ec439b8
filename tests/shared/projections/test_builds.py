"""Reading the live build: one transaction, one state, whatever the connection was used for before."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.eventlog.postgres import open_pool
from shared.projections import builds
from tests.shared.flow import Place


async def test_a_connection_on_which_a_cancelled_request_prepared_a_statement_reads_all_the_same(place: Place) -> None:
    """The request is cancelled when its statement has been prepared and not yet run. Seen to fail without the second try."""
    pool: Any = await open_pool(place.urls.app, max_size=1)
    async with pool.acquire() as connection:
        await connection._con._get_statement("select count(*) from pg_class", 5.0)
    async with builds.reading(pool, "purses") as connection:
        assert await connection.fetchval("select count(*) from purses") == 0
    await asyncio.wait_for(pool.close(), 10)
