"""The toy view in Postgres and in memory."""

from __future__ import annotations

import pytest

from shared.projections.memory import MemoryDatabase, MemoryStores
from shared.projections.postgres_store import PostgresStores
from tests.shared.flow import Place, Purses
from tests.shared.projections.stages import MemoryPurses, Stage


@pytest.fixture
def stages(place: Place) -> dict[str, Stage]:
    return {
        "memory": Stage(MemoryStores(MemoryDatabase()), MemoryPurses(place.source), place.source, None),
        "postgres": Stage(PostgresStores(place.pool), Purses(place.source), place.source, place),
    }


@pytest.fixture(params=["memory", "postgres"])
def stage(request: pytest.FixtureRequest, stages: dict[str, Stage]) -> Stage:
    return stages[request.param]
