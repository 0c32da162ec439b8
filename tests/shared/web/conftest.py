"""The real clubs service on a real database, shared by the tests of the web edge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from services.clubs.app import SERVICE
from services.monitoring.app import SERVICE as MONITORING
from services.reporting.app import SERVICE as REPORTING
from services.trainings.app import SERVICE as TRAININGS
from shared.kernel.place import NATION, PlaceRef
from shared.reference.book import load
from shared.testing.apps import THANH_HOA, Running, running
from shared.web.tokens import Tokens, TokenWish, hash_of
from tests.shared.web.four import OPERATOR, System

THIEU_TRUNG = PlaceRef(code="15835", list="34")


@pytest.fixture(scope="session")
async def clubs(postgres: Any) -> AsyncIterator[Running]:
    async with running(SERVICE, postgres) as service:
        yield service


@pytest.fixture(scope="session")
async def province(clubs: Running) -> dict[str, str]:
    """The header of a token of the province of Thanh Hóa."""
    return await clubs.token("province", THANH_HOA)


@pytest.fixture(scope="session")
async def centre(clubs: Running) -> dict[str, str]:
    return await clubs.token("centre")


@pytest.fixture(scope="session")
async def operator(clubs: Running) -> dict[str, str]:
    return await clubs.token("operator", side="state")


@pytest.fixture(scope="session")
async def system(postgres: Any) -> AsyncIterator[System]:
    async with AsyncExitStack() as stack:
        found: dict[str, Running] = {}
        for service in (SERVICE, TRAININGS, MONITORING, REPORTING):
            found[service.name] = await stack.enter_async_context(running(service, postgres))
            wish = TokenWish(role="operator", area=NATION, side="state", id="t-firstoperator", hash=hash_of(OPERATOR).hex())
            await Tokens(found[service.name].pool, load()).issue(wish)
        yield System(found, {"Authorization": f"Bearer {OPERATOR}"})
