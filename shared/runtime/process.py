"""One process of a service, in one role or several: builds the parts, runs them, and drains when told to stop.

Guarantees that a part which ends by itself ends the process, so that nothing runs on half alive; that on SIGTERM requests in
hand are answered, what waits is appended, batches in hand are finished, and only then the connections close.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import uvicorn
from fastapi import FastAPI

from shared.eventlog.handler import Handler
from shared.eventlog.postgres import PostgresLog
from shared.eventlog.signing import load_key
from shared.eventlog.writer import AppendWriter
from shared.feeds.feed import Feed
from shared.kafka.topics import PARTITIONS
from shared.kernel.authority import authorise
from shared.kernel.clock import Clock, system_clock
from shared.kernel.command import command_types
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.kernel.ports import PlaceBook
from shared.projections.runner import Runner
from shared.reference.book import load
from shared.relay.refill import Refiller
from shared.relay.relay import Relay
from shared.relay.signer import Signer
from shared.runtime.connect import pooled
from shared.runtime.durability import require_durable
from shared.runtime.readiness import Watched, relayed_position
from shared.runtime.service import Reads, Role, Service
from shared.runtime.settings import Settings, Signing
from shared.web.app import Web, create_app
from shared.web.commands import Door
from shared.web.session_store import Sessions
from shared.web.sessions import Gate
from shared.web.tokens import Tokens
from shared.web.upstream import Upstreams, open_clients

log = logging.getLogger(__name__)

_ANSWER_SECONDS = 8
_POOL = 12


class Writing:
    """The writing half of a service on a pool: log, append writer and handler. `wake` rings after each commit."""

    def __init__(self, service: Service, pool: Pool, places: PlaceBook, clock: Clock) -> None:
        self.log = PostgresLog(pool, service.name)
        self.writer = AppendWriter(self.log)
        self.wake = asyncio.Event()
        self.writer.on_commit.append(self.wake.set)
        self.handler = Handler(
            self.log, self.writer, service.deciders, service.codec, places=places, clock=clock, authorise=authorise
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Writing]:
        """The writer takes commands inside, and has written all of them at the end."""
        self.writer.start()
        try:
            yield self
        finally:
            await self.writer.stop()


def build_app(service: Service, writing: Writing, reads: Reads, watched: Watched) -> FastAPI:
    """The web application of a service; also what tests run in their own process."""
    return create_app(
        Web(
            name=service.name,
            tokens=Tokens(reads.pool, reads.places),
            door=Door(service.name, command_types(service.commands), writing.handler, reads.clock),
            log=writing.log,
            places=reads.places,
            readiness=watched.readiness,
            relayed=lambda lane: relayed_position(reads.pool, lane),
            partitions=PARTITIONS,
            gate=Gate(Sessions(reads.pool), reads.public_url),
            routers=service.routers(reads),
        )
    )


def describe(service: Service) -> dict[str, Any]:
    """The OpenAPI document of a service. The pool is never opened: nothing is asked of a database."""
    pool: Pool = asyncpg.create_pool(min_size=0)  # pyright: ignore[reportUnknownMemberType]  asyncpg has no stubs
    places = load()
    reads = Reads(pool, places, system_clock, Feed(pool))
    return build_app(service, Writing(service, pool, places, system_clock), reads, Watched(pool, None, None)).openapi()


async def run(service: Service, settings: Settings, name: str, roles: frozenset[Role]) -> int:
    """Run the roles until SIGTERM or SIGINT; 0 after a drain, 1 when a part ended by itself. May raise `Refused`."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            pooled(settings.database_url, max_size=_POOL, name=f"lien-the {service.name} {name}")
        )
        await _require_ready_database(service, pool, settings)
        places = load()
        _spare_the_collector()
        writing = await stack.enter_async_context(Writing(service, pool, places, system_clock).running())
        relay = Relay(pool, service.name, settings.kafka_bootstrap, writing.wake) if "relay" in roles else None
        views = service.all_views(places, writing.handler.handle) if "project" in roles else []
        runner = Runner(pool, settings.kafka_bootstrap, views, service.name) if views else None
        feed = Feed(pool)
        stack.push_async_callback(feed.close)
        if runner is not None:
            runner.on_commit.append(feed.wake)
        parts = _Parts()
        if relay is not None:
            parts.add("relay", relay.run(), relay.stop)
            refiller = Refiller(pool, service.name, settings.kafka_bootstrap, lambda: relay.status().lanes > 0)
            parts.add("refills", refiller.run(), refiller.stop)
            if settings.signing is not None:
                signer = signer_of(pool, service.name, settings.kafka_bootstrap, settings.signing)
                parts.add("checkpoints", signer.run(), signer.stop)
        if runner is not None:
            parts.add("projections", runner.run(), runner.stop)
        if "serve" in roles:
            neighbours = Upstreams(open_clients(settings.services))
            stack.push_async_callback(neighbours.close)
            reads = Reads(pool, places, system_clock, feed, neighbours, settings.public_url)
            app = build_app(service, writing, reads, Watched(pool, relay, runner))
            server = _Server(app, settings)
            server.on_stop = feed.end
            parts.add("web", server.serve(), server.stop)
        log.info("%s is up: %s", service.name, ", ".join(sorted(roles)))
        return await parts.run(stop)


def signer_of(pool: Pool, source: str, bootstrap: str, how: Signing) -> Signer:
    """What signs the checkpoints of a log. May raise `Refused` for a key that is none or that others may read."""
    return Signer(pool, source, bootstrap, load_key(how.key), how.folder, seconds=how.seconds)


def _spare_the_collector() -> None:
    """The places and the modules live as long as the process, and states and batches hold no cycles: looking through them
    at every 700 new objects cost a fifth of a catch-up."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class _Parts:
    """The running parts of a process, stopped in the reverse order of their start."""

    def __init__(self) -> None:
        self._parts: list[tuple[asyncio.Task[None], Any]] = []

    def add(self, name: str, work: Coroutine[Any, Any, None], stop: Any) -> None:
        self._parts.append((asyncio.create_task(work, name=name), stop))

    async def run(self, stop: asyncio.Event) -> int:
        told = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([told, *(task for task, _ in self._parts)], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        code = 0
        for task in done - {told}:
            code = 1
            log.error(
                "The part %s has ended by itself", task.get_name(), exc_info=None if task.cancelled() else task.exception()
            )
        for task, ask in reversed(self._parts):
            await ask()
            with contextlib.suppress(Exception):  # a part that failed was told of above
                await asyncio.wait_for(task, 15)
        log.info("Drained")
        return code


class _Server(uvicorn.Server):
    """uvicorn under our own signals, so that all roles of a process drain together."""

    on_stop: Callable[[], None]

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                http="h11",
                lifespan="off",
                timeout_graceful_shutdown=_ANSWER_SECONDS,
                timeout_keep_alive=75,
            )
        )

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ours are installed already."""
        yield

    async def stop(self) -> None:
        """Take no new connections, answer what is in hand, end the streams that would never end by themselves."""
        self.on_stop()
        self.should_exit = True


async def _require_ready_database(service: Service, pool: Pool, settings: Settings) -> None:
    async with pool.acquire() as connection:
        await require_durable(connection, settings.mode)
        installed = await connection.fetchval("select to_regclass('access.tokens') is not null")
    if not installed:
        raise Refused(
            "not-migrated",
            f"Cơ sở dữ liệu chưa có bảng: chạy `python -m services.{service.name} migrate` trước.",
            f"The database has no tables yet: run `python -m services.{service.name} migrate` first.",
            status=503,
        )
