"""Fresh logs: in memory and in a database of their own, with a real and with a simulated clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.eventlog.log import Log
from shared.eventlog.memory import MemoryLog
from shared.eventlog.postgres import PostgresLog, open_pool
from shared.eventlog.schema import install
from shared.kernel.clock import system_clock
from shared.local.databases import DatabaseUrls, connect
from tests.shared.eventlog.jars import Database, OpenDatabase


@pytest.fixture
async def open_database(postgres: Any) -> AsyncIterator[OpenDatabase]:
    pools: list[Any] = []

    async def open_one(*, simulated: bool = False, max_size: int = 8) -> Database:
        urls: DatabaseUrls = await postgres.database("log")
        owner = await connect(urls.owner)
        await install(owner, urls.app_role, simulated=simulated)
        await owner.close()
        pool = await open_pool(urls.app, max_size=max_size)
        pools.append(pool)
        return Database(PostgresLog(pool, "toy"), pool, urls)

    yield open_one
    for pool in pools:
        pool.terminate()


@pytest.fixture
async def database(open_database: OpenDatabase) -> Database:
    return await open_database()


@pytest.fixture(params=["memory", "postgres"])
async def log(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Log:
    return MemoryLog("toy", system_clock) if request.param == "memory" else (await open_database()).log


@pytest.fixture(params=["memory", "postgres"])
async def simulated_log(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Log:
    if request.param == "memory":
        return MemoryLog("toy", system_clock, simulated=True)
    return (await open_database(simulated=True)).log
