"""Services whose way to the database is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.counters.wire import OverWire, Wire


@pytest.fixture(scope="session")
async def wire(postgres: Any) -> AsyncIterator[Wire]:
    async with Wire(postgres.admin_url).listening() as listening:
        yield listening


@pytest.fixture(scope="session")
def counted_postgres(postgres: Any, wire: Wire) -> OverWire:
    return OverWire(postgres, wire)
