"""Places to work in: a database with log, relay, projections and feeds installed, a source of its own and its topic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.eventlog import schema as eventlog
from shared.eventlog.postgres import PostgresLog, open_pool
from shared.feeds import schema as feeds
from shared.kafka import topics
from shared.local.databases import connect
from shared.projections import schema as projections
from shared.relay import schema as relay
from shared.testing.folding import IDENTITY
from tests.shared.flow import Place, Purses, new_source


async def known_log(owner: Any) -> None:
    """The log of this database is that of `IDENTITY`, so that a test can make records without it which follow."""
    await owner.execute("update log.meta set deployment = $1, log_id = $2", IDENTITY.deployment, IDENTITY.log_id)
    await owner.execute("update log.lanes set hash = log.genesis((select log_id from log.meta), lane)")


@pytest.fixture
async def place(postgres: Any) -> AsyncIterator[Place]:
    """Without a topic: for what needs no Kafka."""
    source = new_source()
    urls = await postgres.database("flow")
    owner = await connect(urls.owner)
    await eventlog.install(owner, urls.app_role)
    await known_log(owner)
    await relay.install(owner, urls.app_role)
    await projections.install(owner, urls.app_role, [Purses(source)], source)
    await feeds.install(owner, urls.app_role)
    await owner.close()
    pool = await open_pool(urls.app, max_size=10)
    yield Place(urls, pool, PostgresLog(pool, source), source, "")
    await asyncio.wait_for(pool.close(), 10)


@pytest.fixture
async def flow(place: Place, kafka_bootstrap: str) -> Place:
    """With a topic on a real broker."""
    await asyncio.to_thread(topics.apply, kafka_bootstrap, (place.source,))
    return Place(place.urls, place.pool, place.log, place.source, kafka_bootstrap)


@pytest.fixture
async def connection(place: Place) -> AsyncIterator[Any]:
    async with place.pool.acquire() as found:
        yield found
