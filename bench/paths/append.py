"""R6, R7: appending a command with its answer, against inserting the same row, with 1 and with 32 clients.

The peers insert the row and nothing else: no version check, no stored answer, no hash, no lane. All of them go over TCP to one
durable PostgreSQL.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import Any
from urllib.parse import urlsplit

from bench.core import Bench, Goal, Path, Result, Wrong, rate
from bench.meter import Meter
from bench.paths.load import ACTOR, TYPE, commands, data_of, empty_log, require_count, timed
from shared.eventlog.postgres import PostgresLog
from shared.eventlog.records import Append, Appended
from shared.eventlog.writer import AppendWriter
from shared.local.databases import DatabaseUrls, connect
from shared.local.folders import unprivileged
from shared.local.postgres import bundled_binaries

PLAIN = """create table events (
    position bigint generated always as identity primary key, stream text not null, version integer not null,
    event_id uuid not null, command_id uuid not null, type text not null, schema_version smallint not null,
    recorded_at timestamptz not null default clock_timestamp(), source text not null, actor text not null, data text not null,
    unique (stream, version))"""
_INSERT = (
    "insert into events (stream, version, event_id, command_id, type, schema_version, source, actor, data) "
    "values ({}, 1, {}, {}, {}, 1, 'bench', {}, {})"
)


@dataclass
class Writer:
    """Ours: clients call the process's append writer and await their own answer."""

    clients: int
    full: int
    name: str = "append writer"
    _urls: DatabaseUrls | None = None
    _pool: Any = None
    _work: list[Append] = field(default_factory=list[Append])

    async def prepare(self, bench: Bench) -> None:
        self._urls = await bench.servers.database("append")
        self._pool = await empty_log(self._urls)
        self._work = commands(max(200, round(self.full * bench.scale)))

    async def run(self, bench: Bench) -> Result:
        assert self._urls is not None
        writer = AppendWriter(PostgresLog(self._pool, "bench"))
        writer.start()

        async def send(_client: int, command: Append) -> None:
            if not isinstance(await writer.append(command), Appended):
                raise Wrong(f"{command.command_id} was not appended")

        count = "select sum(position)::bigint from log.lanes"
        try:
            return await timed(bench, self._work, self.clients, send, self._urls.owner, count)
        finally:
            await writer.stop()

    async def cleanup(self, bench: Bench) -> None:
        if self._pool is not None:
            await self._pool.close()
        if self._urls is not None:
            await bench.servers.drop(self._urls)
        self._pool = self._urls = None


@dataclass
class Asyncpg:
    """asyncpg inserting the same row, one statement and one commit each, a connection a client."""

    clients: int
    full: int
    name: str = "asyncpg insert"
    _urls: DatabaseUrls | None = None
    _connections: list[Any] = field(default_factory=list[Any])
    _work: list[Append] = field(default_factory=list[Append])

    async def prepare(self, bench: Bench) -> None:
        self._urls = await plain_table(bench)
        self._connections = [await connect(self._urls.owner) for _ in range(self.clients)]
        self._work = commands(max(200, round(self.full * bench.scale)))

    async def run(self, bench: Bench) -> Result:
        assert self._urls is not None
        text = _INSERT.format(*(f"${number}" for number in range(1, 7)))
        statements = [await connection.prepare(text) for connection in self._connections]

        async def send(client: int, command: Append) -> None:
            (event,) = command.events
            await statements[client].fetch(
                command.stream, event.event_id, command.command_id, event.type, command.actor, event.data
            )

        return await timed(bench, self._work, self.clients, send, self._urls.owner, "select count(*) from events")

    async def cleanup(self, bench: Bench) -> None:
        for connection in self._connections:
            await connection.close()
        if self._urls is not None:
            await bench.servers.drop(self._urls)
        self._connections, self._urls = [], None


@dataclass
class Pgbench:
    """pgbench inserting the same row: a client in C that only counts, prepared statements."""

    clients: int
    full: int
    name: str = "pgbench insert"
    _urls: DatabaseUrls | None = None

    async def prepare(self, bench: Bench) -> None:
        self._urls = await plain_table(bench)

    async def run(self, bench: Bench) -> Result:
        assert self._urls is not None
        each = max(20, round(self.full * bench.scale) // self.clients)
        script = _script(bench.folder)
        parts = urlsplit(self._urls.owner)
        argv = [str(bundled_binaries(unprivileged()) / "pgbench"), "-n", "-M", "prepared", "-f", str(script), "-t", str(each)]
        argv += ["-c", str(self.clients), "-j", str(min(2, self.clients)), "-h", "127.0.0.1", "-p", str(parts.port)]
        argv += ["-U", str(parts.username), parts.path.strip("/")]
        meter = Meter(postgres=await bench.servers.postgres_pid())
        meter.start()
        process = await asyncio.create_subprocess_exec(
            *argv, env={"PGPASSWORD": parts.password or ""}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output = (await process.communicate())[0].decode()
        meter.stop()
        found = re.search(r"tps = ([0-9.]+)", output)
        if process.returncode != 0 or found is None:
            raise Wrong(output[-300:])
        count = each * self.clients
        await require_count(self._urls.owner, "select count(*) from events", count)
        return Result(count / float(found[1]), count, meter.cpu_own, meter.cpu_postgres)

    async def cleanup(self, bench: Bench) -> None:
        if self._urls is not None:
            await bench.servers.drop(self._urls)
        self._urls = None


async def plain_table(bench: Bench) -> DatabaseUrls:
    """A database with a table of the same row."""
    urls = await bench.servers.database("plain")
    owner = await connect(urls.owner)
    try:
        await owner.execute(PLAIN)
    finally:
        await owner.close()
    return urls


def _script(folder: Folder) -> Folder:
    """The insert as pgbench's script; the ids are made by the server, which costs it little."""
    text = _INSERT.format(
        "'club-' || gen_random_uuid()", "gen_random_uuid()", "gen_random_uuid()", f"'{TYPE}'", f"'{ACTOR}'", f"'{data_of(7)}'"
    )
    script = folder / "insert.sql"
    script.write_text(text + ";\n")
    script.chmod(0o644)
    return script


_NOTE = (
    "One event of about 350 bytes a command, a stream each. Ours also checks the version and the command id, keeps the answer, "
    "numbers the lane and chains the hash; the peers insert the row. All over TCP, one connection a client, ours four for all."
)
PATHS = (
    Path(
        "R6",
        "Append, one client",
        (Writer(1, 12_000), Asyncpg(1, 12_000), Pgbench(1, 12_000)),
        (Goal("asyncpg inserting the same row", "append writer", "asyncpg insert", rate, at_least=0.7),),
        note=_NOTE,
    ),
    Path(
        "R7",
        "Append, 32 clients",
        (Writer(32, 120_000), Asyncpg(32, 120_000), Pgbench(32, 120_000)),
        (
            Goal("asyncpg inserting the same row", "append writer", "asyncpg insert", rate, at_least=1.5),
            Goal("pgbench inserting the same row", "append writer", "pgbench insert", rate, at_least=0.9),
        ),
        note=_NOTE,
    ),
)
