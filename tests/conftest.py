"""One real Kafka and one real PostgreSQL a test session, started when the first test asks, stopped at the end."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.local.databases import DatabaseUrls, create_database
from shared.local.postgres import Postgres, new_password
from shared.local.process import free_port
from tests.servers import broker, memory_folder, thrown_away
from tests.sharing import Sharing, rank


def pytest_configure() -> None:
    """A run that is told to end still removes what it put into memory."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Sharing:
    """A file is one process's, the longest first."""
    config.option.loadscopereorder = False
    return Sharing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))


class PostgresServer:
    """Hands out fresh databases, each with roles of its own."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._numbers = itertools.count(1)

    async def database(self, name: str | None = None) -> DatabaseUrls:
        """A database that nobody has used."""
        fresh = f"{name or 'test'}_{os.getpid()}_{next(self._numbers)}"
        return await create_database(self.admin_url, fresh, fresh, owner_password=new_password(), app_password=new_password())


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """A folder that an unprivileged user can reach, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="lien-the-test-", dir=memory_folder()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def kafka_bootstrap(server_dir: Path) -> AsyncIterator[str]:
    """The address of a real broker: `KAFKA_BOOTSTRAP` if set, else one of our own."""
    if given := os.environ.get("KAFKA_BOOTSTRAP"):
        yield given
        return
    async with broker(server_dir / "kafka", heap_mb=384) as kafka:
        yield kafka.bootstrap


@pytest.fixture(scope="session")
async def postgres(server_dir: Path) -> AsyncIterator[PostgresServer]:
    """A real server: that of `TEST_POSTGRES_URL` (a superuser's) if set, else one of our own."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield PostgresServer(given)
        return
    server = Postgres(server_dir / "postgres", port=free_port(), password=new_password(), options={"shared_buffers": "64MB"})
    child = await server.start()
    yield PostgresServer(server.admin_url)
    await thrown_away(child)
