"""R8: appending with 32 clients, against two event stores for PostgreSQL: `eventsourcing` 9.5 and message-db 1.3.

Each at the best setting that was found: `eventsourcing` with its database functions, psycopg in C and more than one process, so
that the interpreter's lock is not what is measured; message-db through asyncpg, in one category (its write lock is one a
category) and in one category a client, the second being its best case.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import Any
from urllib.parse import urlsplit

from bench.core import Bench, Goal, Path, Result, Skipped, rate
from bench.meter import Meter
from bench.paths.append import Writer
from bench.paths.load import ACTOR, commands, data_of, require_count, timed
from shared.eventlog.records import Append
from shared.local.databases import DatabaseUrls, connect

CLIENTS = 32
_PEERS = Folder(__file__).parents[1] / "peers"
_MESSAGE_DB = "@eventide/message-db@1.3.1"
_FUNCTIONS = (
    "message-store-version", "hash-64", "acquire-lock", "category", "is-category", "id", "cardinal-id", "stream-version",
    "write-message",
)  # fmt: skip


@dataclass
class EventSourcing:
    """The library's own recorder, a thread a client."""

    name: str
    functions: bool
    processes: int
    full: int
    _urls: DatabaseUrls | None = None

    async def prepare(self, bench: Bench) -> None:
        self._urls = await bench.servers.database("eventsourcing")

    async def run(self, bench: Bench) -> Result:
        assert self._urls is not None
        parts = urlsplit(self._urls.owner)
        threads = CLIENTS // self.processes
        count = max(CLIENTS * 5, round(self.full * bench.scale) // CLIENTS * CLIENTS)
        orders = {
            "host": "127.0.0.1", "port": parts.port, "user": parts.username, "password": parts.password,
            "database": parts.path.strip("/"), "functions": self.functions, "processes": self.processes, "threads": threads,
            "count": count, "states": [data_of(number) for number in range(64)],
        }  # fmt: skip
        meter = Meter(postgres=await bench.servers.postgres_pid())
        meter.start()
        process = await asyncio.create_subprocess_exec(
            await peer_python(bench, "eventsourcing"), str(_PEERS / "eventsourcing_append.py"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            output, errors = await process.communicate(json.dumps(orders).encode())
        finally:
            if process.returncode is None:
                process.kill()
        meter.stop()
        if process.returncode != 0:
            raise RuntimeError(errors.decode()[-300:])
        found: dict[str, Any] = json.loads(output)
        await require_count(self._urls.owner, "select count(*) from bench_events", found["events"] + CLIENTS * 5)
        extra = {"p50_ms": found["p50_ms"], "p99_ms": found["p99_ms"]}
        return Result(found["seconds"], found["events"], meter.cpu_own, meter.cpu_postgres, extra=extra)

    async def cleanup(self, bench: Bench) -> None:
        if self._urls is not None:
            await bench.servers.drop(self._urls)
        self._urls = None


@dataclass
class MessageDb:
    """Its `write_message`, one call a command with the expected version, over prepared statements of asyncpg."""

    name: str
    categories: int
    full: int
    _urls: DatabaseUrls | None = None
    _connections: list[Any] = field(default_factory=list[Any])
    _work: list[Append] = field(default_factory=list[Append])

    async def prepare(self, bench: Bench) -> None:
        sources = await message_db(bench.cache)
        self._urls = await bench.servers.database("messagedb")
        owner = await connect(self._urls.owner)
        try:
            await owner.execute(f"alter database {self._urls.name} set search_path to message_store, public")
            await owner.execute("set search_path to message_store, public")
            for file in (
                "schema/message-store", "tables/messages", "types/message", *(f"functions/{name}" for name in _FUNCTIONS),
                "indexes/messages-id", "indexes/messages-stream", "indexes/messages-category",
            ):  # fmt: skip
                await owner.execute((sources / f"{file}.sql").read_text().replace(" CONCURRENTLY", ""))
        finally:
            await owner.close()
        self._connections = [await connect(self._urls.owner) for _ in range(CLIENTS)]
        self._work = commands(max(200, round(self.full * bench.scale)))

    async def run(self, bench: Bench) -> Result:
        assert self._urls is not None
        text = "select write_message($1, $2, $3, $4, $5, -1)"
        statements = [await connection.prepare(text) for connection in self._connections]
        metadata = json.dumps({"actor": ACTOR})

        async def send(client: int, command: Append) -> None:
            (event,) = command.events
            stream = f"club{client % self.categories}-{command.command_id}"
            await statements[client].fetch(event.event_id, stream, event.type, event.data, metadata)

        count = "select count(*) from message_store.messages"
        return await timed(bench, self._work, CLIENTS, send, self._urls.owner, count)

    async def cleanup(self, bench: Bench) -> None:
        for connection in self._connections:
            await connection.close()
        if self._urls is not None:
            await bench.servers.drop(self._urls)
        self._connections, self._urls = [], None


async def message_db(cache: Folder) -> Folder:
    """The folder of message-db's SQL, fetched by npm the first time. May raise `Skipped`."""
    folder = cache / "message-db"
    if not (folder / "package" / "database").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise Skipped("message-db comes by npm, which is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        await _call(folder, npm, "pack", "--silent", _MESSAGE_DB)
        await _call(folder, "tar", "xzf", next(file.name for file in folder.glob("*.tgz")))
    return folder / "package" / "database"


async def _call(folder: Folder, *argv: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output = (await process.communicate())[0].decode()
    if process.returncode != 0:
        raise Skipped(f"{argv[0]} failed: {output[-200:]}")


async def peer_python(bench: Bench, module: str) -> str:
    """The Python that has a peer's module: that of the peers' environment, or our own. May raise `Skipped`."""
    for python in (bench.cache.parent / "bench" / "bin" / "python", Folder(sys.executable)):
        if python.exists():
            process = await asyncio.create_subprocess_exec(
                str(python), "-c", f"import {module}", stderr=asyncio.subprocess.DEVNULL
            )
            if await process.wait() == 0:
                return str(python)
    raise Skipped(f"{module} is not installed: requirements/bench.in")


PATHS = (
    Path(
        "R8",
        "Append, 32 clients, against event stores",
        (
            Writer(CLIENTS, 120_000),
            EventSourcing("eventsourcing functions", functions=True, processes=2, full=30_000),
            EventSourcing("eventsourcing default", functions=False, processes=2, full=15_000),
            MessageDb("message-db one category", 1, 30_000),
            MessageDb("message-db a category each", CLIENTS, 60_000),
        ),
        (
            Goal("eventsourcing with functions", "append writer", "eventsourcing functions", rate, at_least=5),
            Goal("message-db, a category each", "append writer", "message-db a category each", rate, at_least=2),
        ),
        note=(
            "A stream a command, the version checked by all. eventsourcing 9.5: psycopg in C, 2 processes of 16 threads; the "
            "start of its processes is in its CPU. message-db 1.3: tables, functions and indexes of its package, by asyncpg."
        ),
    ),
)
