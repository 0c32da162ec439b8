"""A ledger a test."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.reporting.world import ReportingWorld, close_world, open_world


@pytest.fixture
async def world(postgres: Any) -> AsyncIterator[ReportingWorld]:
    opened = await open_world(postgres)
    yield opened
    await close_world(opened)
