"""What the tests of a rebuild ask of a place: its builds, what is shown, how far each has read, and a process that rebuilds."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from shared.eventlog.links import At, Links
from shared.projections import builds
from shared.projections.rebuild import Place as Site
from shared.projections.record import LogAnswers
from shared.projections.runner import Runner
from shared.testing.folding import IDENTITY
from tests.shared.flow import Book, Place, Purses, expected, publish, running, until

ROOT = Path(__file__).parents[3]


class BookLog:
    """Answers as the log would from which the events of a book came."""

    def __init__(self, book: Book) -> None:
        self.book = book

    async def links(self, places: Sequence[At]) -> Links:
        """Its hashes at some positions."""
        known = {(event.lane, event.position): event.hash for event in self.book.events}
        return Links(IDENTITY, {at: IDENTITY.genesis(at[0]) if at[1] == 0 else known.get(at) for at in places})


@asynccontextmanager
async def site(flow: Place, log: LogAnswers | None = None) -> AsyncIterator[Site]:
    """`log`: what answers for the source; a log that nobody can ask if there is none."""
    owner = await asyncpg.connect(flow.urls.owner)
    logs = {} if log is None else {flow.source: log}
    try:
        yield Site("toy", flow.pool, owner, flow.urls.app_role, flow.bootstrap, {"map": "34@2025-07-01"}, logs=logs)
    finally:
        await owner.close()


async def shown(flow: Place) -> tuple[int, dict[str, tuple[int, list[int]]]]:
    """The live build's number, and what it shows."""
    async with flow.pool.acquire() as connection, connection.transaction():
        build = await builds.look(connection, "purses")
        rows = await connection.fetch("select stream, total, versions from purses")
    return build, {row["stream"]: (row["total"], list(row["versions"])) for row in rows}


async def states(flow: Place) -> dict[int, str]:
    async with flow.pool.acquire() as connection:
        return {build.number: build.state for build in await builds.of(connection, "purses")}


@asynccontextmanager
async def at_work(flow: Place, book: Book, events: int) -> AsyncIterator[Site]:
    """A live build that has read so many events and follows the topic."""
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    async with running(runner), site(flow, BookLog(book)) as place:
        await filled(flow, book, events)
        yield place


async def filled(flow: Place, book: Book, events: int, streams: int = 30) -> None:
    """So many more events on the topic, and in the live build."""
    await publish(flow.bootstrap, [book.put(f"purse-{n % streams}", n) for n in range(events)])
    await until(lambda: in_view(flow, book), 60)


async def in_view(flow: Place, book: Book) -> bool:
    return (await shown(flow))[1] == expected(book.events)


async def started(flow: Place, crash_at: str | None) -> Any:
    environment = {**os.environ, **({"CRASH_AT": crash_at} if crash_at else {})}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.shared.projections.rebuilder",
        flow.urls.app, flow.urls.owner, flow.urls.app_role, flow.source, flow.bootstrap,
        cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def rebuilder(flow: Place, crash_at: str | None) -> tuple[int, str]:
    process = await started(flow, crash_at)
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode()


async def reached(flow: Place, build: int, events: int) -> bool:
    return await passed(flow, build) >= events


async def passed(flow: Place, build: int) -> int:
    async with flow.pool.acquire() as connection:
        found = await connection.fetchval(
            "select sum(position) from projection.checkpoints where view = 'purses' and version = $1", build
        )
    return int(found or 0)
