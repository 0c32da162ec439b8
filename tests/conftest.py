"""One real Kafka and one real PostgreSQL a test session, started when the first test asks, stopped at the end."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.local.databases import DatabaseUrls, create_database
from shared.local.kafka import Kafka
from shared.local.postgres import Postgres, new_password
from shared.local.process import free_port


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
    folder = Path(tempfile.mkdtemp(prefix="lien-the-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def kafka_bootstrap(server_dir: Path) -> AsyncIterator[str]:
    """The address of a real broker: `KAFKA_BOOTSTRAP` if set, else one of our own."""
    if given := os.environ.get("KAFKA_BOOTSTRAP"):
        yield given
        return
    kafka = Kafka(server_dir / "kafka", port=free_port(), controller_port=free_port(), heap_mb=384, short_lived=True)
    await kafka.start()
    yield kafka.bootstrap
    await kafka.stop()


@pytest.fixture(scope="session")
async def postgres(server_dir: Path) -> AsyncIterator[PostgresServer]:
    """A real server: that of `TEST_POSTGRES_URL` (a superuser's) if set, else one of our own."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield PostgresServer(given)
        return
    server = Postgres(server_dir / "postgres", port=free_port(), password=new_password(), options={"shared_buffers": "64MB"})
    await server.start()
    yield PostgresServer(server.admin_url)
    await server.stop()
