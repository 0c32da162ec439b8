"""Opening the database of a service: waits for one that is still starting, and says in a sentence when it never comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

from shared.eventlog.postgres import open_pool
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused

PATIENCE = 30.0
_COMING = (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError)

T = TypeVar("T")
log = logging.getLogger(__name__)


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Connection]:
    """One connection, closed at the end."""
    driver: Any = asyncpg
    connection = await _waiting(url, lambda: driver.connect(url, timeout=10))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def pooled(url: str, *, max_size: int, name: str, on_connect: Callable[[], None] | None = None) -> AsyncGenerator[Pool]:
    """A pool, closed at the end even if somebody still holds a connection. `on_connect` is told of each new connection."""
    pool: Any = await _waiting(url, lambda: open_pool(url, max_size=max_size, on_connect=on_connect, application_name=name))
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()


async def _waiting(url: str, opening: Callable[[], Awaitable[T]]) -> T:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    pause = 0.1
    while True:
        try:
            return await opening()
        except _COMING as failure:
            if asyncio.get_running_loop().time() > deadline:
                raise _unreachable(url, failure) from failure
            log.info("The database does not answer yet (%s)", type(failure).__name__)
        except asyncpg.PostgresError as failure:
            raise _unreachable(url, failure) from failure
        await asyncio.sleep(pause)
        pause = min(pause * 2, 2.0)


def _unreachable(url: str, failure: BaseException) -> Refused:
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or 5432}{parts.path}"
    reason = type(failure).__name__
    return Refused(
        "database-unreachable",
        f"Không vào được cơ sở dữ liệu {where} với người dùng {parts.username} ({reason}).",
        f"The database {where} cannot be opened as {parts.username} ({reason}).",
        status=503,
    )
