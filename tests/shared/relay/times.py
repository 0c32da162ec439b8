"""A database that goes back in time, as an operator makes it: dumped and restored in place by PostgreSQL's own tools."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from shared.kafka.headers import to_kafka
from shared.kafka.producer import Producer
from shared.kafka.record import Outgoing
from shared.kafka.topics import PARTITIONS
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import partition_of
from shared.local.databases import DatabaseUrls
from shared.local.folders import make_private, unprivileged
from shared.local.postgres import Postgres, bundled_binaries
from shared.local.process import identity


async def dumped(urls: DatabaseUrls, to: Path) -> Path:
    """The whole database in a file."""
    await _run("pg_dump", "--format=custom", f"--file={to}", urls.owner)
    return to


async def restored(urls: DatabaseUrls, dump: Path) -> None:
    """The database as it was, in place, while its services are connected: again if it met them in a deadlock."""
    for left in range(5, -1, -1):
        try:
            await _run("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={urls.owner}", str(dump))
        except AssertionError as failure:
            if "deadlock" not in str(failure) or left == 0:
                raise
            continue
        return


async def _run(program: str, *arguments: str) -> None:
    def run() -> None:
        done = subprocess.run(
            [str(bundled_binaries(unprivileged()) / program), *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    await asyncio.to_thread(run)


async def replica_of(primary: Postgres, folder: Path, port: int, password: str) -> Postgres:
    """A streaming standby of a running server, not started yet."""
    standby = Postgres(folder, port=port, password=password, options={"shared_buffers": "32MB"})
    account = unprivileged()

    def copy() -> None:
        standby.folder.mkdir(parents=True, exist_ok=True)
        data = make_private(standby.folder / "data", account)
        done = subprocess.run(
            [
                str(bundled_binaries(account) / "pg_basebackup"), "--write-recovery-conf", "--checkpoint=fast",
                f"--pgdata={data}", f"--dbname={primary.admin_url}",
            ],
            capture_output=True, text=True, check=False, cwd=standby.folder, **identity(account),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    await asyncio.to_thread(copy)
    return standby


class Address:
    """An address of this machine that leads to one server, and later to another: what a service's URL names."""

    def __init__(self, to: int) -> None:
        self.to = to
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Address]:
        server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_carry(reader, back), _carry(there, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    writer.close()


async def put_on_topic(bootstrap: str, deployment: str, *events: Recorded) -> None:
    """Records without a relay, as a stranger would: with the hash that each event claims."""
    producer = Producer(bootstrap)
    records: list[Outgoing] = []
    for event in events:
        key, value, headers = to_kafka(event, deployment)
        records.append(Outgoing(f"{event.source}.events", partition_of(event.lane, PARTITIONS), key, value, [*headers]))
    await producer.publish(records)
    await producer.close()
