"""The servers of a run: a real Kafka and a real PostgreSQL, each started when first asked for, both gone at the end.

Guarantees durable settings (fsync on), ports of their own, and a folder that is removed. Given servers are never used: a
measured one is known from its first byte on.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.local.databases import DatabaseUrls, connect, create_database
from shared.local.kafka import Kafka
from shared.local.postgres import Postgres, new_password
from shared.local.process import free_port


class Servers:
    """`async with Servers() as servers`."""

    def __init__(self, *, heap_mb: int = 1024, options: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lien-the-bench-"))
        self.folder.chmod(0o755)
        self._heap_mb = heap_mb
        self._options = {"shared_buffers": "512MB", "max_wal_size": "4GB", **(options or {})}
        self._kafka: Kafka | None = None
        self._postgres: Postgres | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Servers:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._kafka is not None:
            await self._kafka.stop()
        if self._postgres is not None:
            await self._postgres.stop()
            shutil.rmtree(self._postgres.folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    async def kafka(self) -> str:
        """The address of the broker."""
        async with self._starting:
            if self._kafka is None:
                kafka = Kafka(self.folder / "kafka", port=free_port(), controller_port=free_port(), heap_mb=self._heap_mb)
                await kafka.start()
                self._kafka = kafka
        return self._kafka.bootstrap

    async def admin_url(self) -> str:
        """The superuser's URL of PostgreSQL, to the database `postgres`."""
        async with self._starting:
            if self._postgres is None:
                server = Postgres(
                    self.folder / "postgres", port=free_port(), password=new_password(), options=dict(self._options)
                )
                await server.start()
                self._postgres = server
        return self._postgres.admin_url

    async def postgres_pid(self) -> int:
        """The postmaster: `bench.meter.cpu_of` of it is the CPU of all of PostgreSQL."""
        await self.admin_url()
        child = self._postgres.child if self._postgres is not None else None
        if child is None:
            raise RuntimeError("PostgreSQL is not running")
        return child.pid

    async def database(self, name: str) -> DatabaseUrls:
        """A database that nobody has used, with an owner and an app role of its own."""
        fresh = f"bench_{name}_{next(self._numbers)}"
        return await create_database(
            await self.admin_url(), fresh, fresh, owner_password=new_password(), app_password=new_password()
        )

    async def drop(self, urls: DatabaseUrls) -> None:
        """Remove a database and its roles, whoever is connected."""
        admin: Any = await connect(await self.admin_url())
        try:
            await admin.execute(f"drop database if exists {urls.name} with (force)")
            for role in (urls.app_role, f"{urls.app_role}_owner"):
                await admin.execute(f"drop role if exists {role}")
        finally:
            await admin.close()

    async def settle(self) -> None:
        """A checkpoint between runs, so that no run pays for the writes of the one before."""
        if self._postgres is None:
            return
        admin: Any = await connect(await self.admin_url())
        try:
            await admin.execute("checkpoint")
        finally:
            await admin.close()

    async def versions(self) -> dict[str, str]:
        """What the started servers say they are."""
        found: dict[str, str] = {}
        if self._postgres is not None:
            admin: Any = await connect(await self.admin_url())
            try:
                found["PostgreSQL"] = await admin.fetchval("show server_version")
            finally:
                await admin.close()
        return found
