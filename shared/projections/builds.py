"""Builds of a view (bản dựng): each folding from the start of the logs has a number and a schema of its own; one is live.

Guarantees that a reader sees one build throughout a transaction: which one is live is a row, read in the reader's own
snapshot, so that a swap is one commit and nobody sees a mix. Refuses nothing itself; at most one build of a view is live,
and at most one other is kept or being built.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol, runtime_checkable

import asyncpg

from shared.kernel.database import Connection, Pool
from shared.kernel.event import EventCodec
from shared.projections.view import Delivered, View

State = Literal["building", "live", "kept"]

TABLES: Final = """
create table if not exists projection.builds (
    view text not null,
    build int not null,
    code int not null,
    state text not null check (state in ('building', 'live', 'kept')),
    made_at timestamptz not null default clock_timestamp(),
    live_since timestamptz,
    certificate text,
    restarts int not null default 0,
    primary key (view, build)
);
create unique index if not exists one_live_build on projection.builds (view) where state = 'live';
create unique index if not exists one_other_build on projection.builds (view) where state <> 'live';
"""

LIVE: Final = "(select build from projection.builds where view = $1 and state = 'live')"
"""For queries about the live build of the view `$1`."""


@runtime_checkable
class Telling(Protocol):
    """A view that also tells somebody (a feed) what it folded."""

    def silent(self) -> View:
        """The same fold, telling nobody: a build that is not live has nothing to say."""
        ...


@dataclass(frozen=True, slots=True)
class Build:
    """One row of the builds. `code` is the version of the fold that made it. One that is being built has a certificate
    only if it was found to differ."""

    view: str
    number: int
    code: int
    state: State
    made_at: datetime
    live_since: datetime | None
    certificate: str | None
    restarts: int
    """How often a policy was made to forget everything and to read anew."""

    @property
    def certified(self) -> bool:
        """Whether it was swapped in, and was equal to the build before it."""
        if self.state == "building" or self.certificate is None:
            return False
        return bool(json.loads(self.certificate)["compared"]["equal"])


@dataclass(frozen=True, slots=True)
class Built:
    """A view in one of its builds: what the fold and the checkpoints call the view's version is the build's number."""

    view: View
    version: int

    @property
    def name(self) -> str:
        """The view's."""
        return self.view.name

    @property
    def sources(self) -> tuple[str, ...]:
        """The view's."""
        return self.view.sources

    @property
    def codec(self) -> EventCodec:
        """The view's."""
        return self.view.codec

    def tables(self) -> str:
        """The view's."""
        return self.view.tables()

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """The view's."""
        await self.view.apply(connection, events)


def beside(view: View, number: int) -> Built:
    """A build that is not live."""
    return Built(view.silent() if isinstance(view, Telling) else view, number)


async def of(connection: Connection, view: str) -> list[Build]:
    """All builds of a view, the newest first."""
    rows = await connection.fetch(
        """select view, build, code, state, made_at, live_since, certificate, restarts
        from projection.builds where view = $1 order by build desc""",
        view,
    )
    return [Build(*row) for row in rows]


async def live(connection: Connection, view: str) -> Build | None:
    """The build that readers see; None before the tables are made."""
    return next((build for build in await of(connection, view) if build.state == "live"), None)


async def ensure(connection: Connection, view: View) -> list[Built]:
    """As the owner: a live build of this version of the fold, and the builds whose tables must be there.

    A first build has the number of the fold's version. Another version of the fold begins a build of its own that is live at
    once (readers see how far it is), and the one before is kept as it was.
    """
    builds = await of(connection, view.name)
    now = next((build for build in builds if build.state == "live"), None)
    if now is None or now.code != view.version:
        number = max([view.version, *(build.number + 1 for build in builds)])
        async with connection.transaction():
            for old in builds:
                if old.state != "live":
                    await remove(connection, old)
            if now is not None:
                await connection.execute("update projection.builds set state = 'kept' where view = $1", view.name)
            await connection.execute(
                """insert into projection.builds (view, build, code, state, live_since)
                values ($1, $2, $3, 'live', clock_timestamp())""",
                view.name, number, view.version,
            )  # fmt: skip
        builds = await of(connection, view.name)
    return [Built(view, build.number) for build in builds if build.code == view.version]


async def remove(owner: Connection, old: Build) -> None:
    """As the owner: a build that is not live, with its tables, checkpoints and parked events."""
    async with owner.transaction():
        await owner.execute(f'drop schema if exists "{old.view}_v{old.number}" cascade')
        for table in ("checkpoints", "offsets", "parked", "spoiled"):
            await owner.execute(f"delete from projection.{table} where view = $1 and version = $2", old.view, old.number)  # noqa: S608  our own tables
        await owner.execute("delete from projection.builds where view = $1 and build = $2", old.view, old.number)


async def look(connection: Connection, view: str) -> int:
    """Inside a transaction: from here to its end, unqualified names are the live build's tables. Answers its number."""
    number: Any = await connection.fetchval(
        """select build, set_config('search_path', format('%I', view || '_v' || build), true)
        from projection.builds where view = $1 and state = 'live'""",
        view,
    )
    if number is None:
        raise LookupError(f"the view {view} has no live build: make the tables first (migrate)")
    return int(number)


@asynccontextmanager
async def reading(pool: Pool, view: str) -> AsyncGenerator[Connection]:
    """A read-only transaction that sees one state of the live build."""
    async with repeatable(pool) as connection:
        await look(connection, view)
        yield connection


@asynccontextmanager
async def repeatable(pool: Pool) -> AsyncGenerator[Connection]:
    """A read-only repeatable-read transaction that has not looked at anything yet.

    A request that is cancelled in the moment between the preparing and the running of its statement leaves a connection behind
    on which something has been looked at already (asyncpg sends no Sync there). The refusal ends that; the second try is clean.
    """
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(pool.acquire())
        try:
            await stack.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
        except asyncpg.ActiveSQLTransactionError:
            await stack.aclose()
            connection = await stack.enter_async_context(pool.acquire())
            await stack.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
        yield connection
