"""The real clubs service on a real database, shared by the tests of the web edge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.clubs.app import SERVICE
from shared.kernel.place import PlaceRef
from shared.testing.apps import THANH_HOA, Running, running

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
