"""A clubs service a test."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.clubs.world import ClubWorld, close_world, open_world


@pytest.fixture
async def world(postgres: Any) -> AsyncIterator[ClubWorld]:
    opened = await open_world(postgres)
    yield opened
    await close_world(opened)
