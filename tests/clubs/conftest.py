"""A clubs service a test, on one database a session."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.clubs.world import ClubWorld, close_world, open_pool_of_view, open_world


@pytest.fixture(scope="session")
async def clubs_pool(postgres: Any) -> AsyncIterator[Any]:
    pool = await open_pool_of_view(postgres)
    yield pool
    await pool.close()


@pytest.fixture
async def world(clubs_pool: Any) -> AsyncIterator[ClubWorld]:
    opened = await open_world(clubs_pool)
    yield opened
    await close_world(opened)
