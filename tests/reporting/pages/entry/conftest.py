"""The services behind the forms, with empty logs, once a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.reporting.pages.entry.entry_world import EntryWorld, entry_world


@pytest.fixture(scope="module")
async def world(postgres: Any) -> AsyncIterator[EntryWorld]:
    async with entry_world(postgres) as found:
        yield found
