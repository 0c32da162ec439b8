"""A ledger a test; and the whole service, with a small country in it, a session."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.reporting.app import SERVICE
from shared.testing.apps import Running, running
from shared.testing.folding import apply_batch
from tests.reporting.country import NOW, VIEW, small_country
from tests.reporting.world import ReportingWorld, close_world, open_world


@pytest.fixture
async def world(postgres: Any) -> AsyncIterator[ReportingWorld]:
    opened = await open_world(postgres)
    yield opened
    await close_world(opened)


@pytest.fixture(scope="session")
async def country(postgres: Any) -> AsyncIterator[Running]:
    """The reporting service over `small_country`. Tests only ask; nothing is written after the beginning."""
    async with running(SERVICE, postgres, clock=lambda: NOW) as service:
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in small_country()])
        yield service
