"""One process of a service, in one role or several: builds the parts, runs them, and drains when told to stop.

Guarantees that a part which ends by itself ends the process, so that nothing runs on half alive; that on SIGTERM requests in
hand are answered, what waits is appended, batches in hand are finished, and only then the connections close.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from fastapi import FastAPI

from shared.eventlog.handler import Handler
from shared.eventlog.postgres import PostgresLog
from shared.eventlog.signing import SigningKey, load_key, load_public
from shared.eventlog.writer import AppendWriter
from shared.feeds.feed import Feed
from shared.kafka.probe import BrokerProbe
from shared.kafka.topics import PARTITIONS
from shared.kernel.authority import authorise
from shared.kernel.clock import Clock, system_clock
from shared.kernel.command import command_types
from shared.kernel.database import Pool
from shared.kernel.ports import PlaceBook
from shared.projections.runner import Runner
from shared.projections.view import View
from shared.reference.book import load
from shared.relay.guard import LogGuard
from shared.relay.refill import Refiller, Seal
from shared.relay.relay import Relay
from shared.relay.signer import Signer, checkpoint_file
from shared.runtime import collector
from shared.runtime.guarded import guarded
from shared.runtime.metrics import watch_database, watch_feed, watch_guard, watch_relay, watch_runner, watch_writing
from shared.runtime.operations import Server, operations
from shared.runtime.process_metrics import LoopLag, watch_process
from shared.runtime.readiness import Watched, relayed_position
from shared.runtime.revoked import revoked_again
from shared.runtime.service import Reads, Role, Service
from shared.runtime.settings import Settings, Signing
from shared.runtime.verifying import verifier_of
from shared.telemetry.meters import Meters
from shared.web import letter_routes, log_routes, projection_routes, set_aside_routes
from shared.web.app import Health, Web, create_app
from shared.web.commands import Door
from shared.web.measured import OnServed
from shared.web.session_store import Sessions
from shared.web.sessions import Gate
from shared.web.tokens import Tokens
from shared.web.upstream import Upstreams, open_clients

log = logging.getLogger(__name__)

_ANSWER_SECONDS = 8


class Writing:
    """The writing half of a service on a pool: log, append writer and handler. `wake` rings after each commit. With a guard
    nothing is written while the log is not where it was."""

    def __init__(self, service: Service, pool: Pool, places: PlaceBook, clock: Clock, guard: LogGuard | None = None) -> None:
        self.log = PostgresLog(pool, service.name)
        self.writer = AppendWriter(self.log)
        self.wake = asyncio.Event()
        self.writer.on_commit.append(self.wake.set)
        self.handler = Handler(
            self.log, self.writer, service.deciders, service.codec, places=places, clock=clock, authorise=authorise
        )
        if guard is not None:
            self.log.admit = guard.admit
            guard.follow(self.writer)
            guard.on_changed.append(self.handler.forget)
            guard.on_recovered.append(self.log.forget)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Writing]:
        """The writer takes commands inside, and has written all of them at the end."""
        self.writer.start()
        try:
            yield self
        finally:
            await self.writer.stop()


def build_app(
    service: Service,
    writing: Writing,
    reads: Reads,
    watched: Watched,
    meters: Meters | None = None,
    health: Health = dict,
    on_served: OnServed | None = None,
    revocations: Path | None = None,
) -> FastAPI:
    """The web application of a service; also what tests run in their own process."""
    views = service.all_views(reads.places, writing.handler.handle)
    watched.follow(writing.writer)
    return create_app(
        Web(
            name=service.name,
            tokens=Tokens(reads.pool, reads.places, revocations),
            door=Door(service.name, command_types(service.commands), writing.handler, reads.clock),
            log=writing.log,
            places=reads.places,
            readiness=watched.readiness,
            relayed=lambda lane: relayed_position(reads.pool, lane),
            partitions=PARTITIONS,
            gate=Gate(Sessions(reads.pool), reads.public_url),
            routers=[
                log_routes.router(reads.pool, writing.log),
                projection_routes.router(reads.pool),
                set_aside_routes.router(reads.pool),
                letter_routes.router(reads.pool, views),
                *service.routers(reads),
            ],
            health=health,
            meters=meters or Meters({"serve"}),
            on_served=on_served,
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
        pool, guard = await stack.enter_async_context(guarded(service.name, settings, name))
        places = load()
        collector.spare()
        writing = await stack.enter_async_context(Writing(service, pool, places, system_clock, guard).running())
        why_not = guard.why_not_published
        relay = Relay(pool, service.name, settings.kafka_bootstrap, writing.wake, why_not) if "relay" in roles else None
        views = service.all_views(places, writing.handler.handle) if "project" in roles else []
        public = load_public(settings.public_key) if settings.public_key is not None else None
        runner = Runner(pool, settings.kafka_bootstrap, views, service.name, public=public) if views else None
        feed = Feed(pool)
        stack.push_async_callback(feed.close)
        if runner is not None:
            runner.on_commit.append(feed.wake)
        parts = _Parts()
        watched = Watched(pool, relay, runner, source=service.name, broker=BrokerProbe(settings.kafka_bootstrap), guard=guard)
        parts.add("guard", guard.run(), guard.stop)
        working = _Working(relay, runner, views)
        meters = _metered(roles, pool, writing, feed, watched, working)
        watch_guard(meters, guard)
        loop_lag = LoopLag()
        watch_process(meters, service.name, roles, loop_lag)
        on_served = await stack.enter_async_context(_traced(service, roles, settings, writing, feed, working))
        measuring = asyncio.create_task(loop_lag.run())
        stack.callback(measuring.cancel)
        if relay is not None:
            watched.signer = _add_relay(parts, relay, pool, settings, guard)
        if runner is not None:
            parts.add("projections", runner.run(), runner.stop)
        if "serve" in roles:
            neighbours = Upstreams(open_clients(settings.services))
            stack.push_async_callback(neighbours.close)
            revocations = await revoked_again(pool, settings.checkpoints)
            reads = Reads(pool, places, system_clock, feed, neighbours, settings.public_url)
            app = build_app(service, writing, reads, watched, meters, parts.running, on_served, revocations)
            server = Server(app, settings.host, settings.port, answer_seconds=_ANSWER_SECONDS)
            server.on_stop = feed.end
            parts.add("web", server.serve(), server.stop)
        if settings.metrics_port is not None:
            looked_at = operations(service.name, meters, parts.running, watched.readiness)
            aside = Server(looked_at, settings.host, settings.metrics_port)
            parts.add("operations", aside.serve(), aside.stop)
        log.info("%s is up: %s", service.name, ", ".join(sorted(roles)))
        return await parts.run(stop)


def _add_relay(parts: _Parts, relay: Relay, pool: Pool, settings: Settings, guard: LogGuard) -> Signer | None:
    """The relay with what goes along: signing, and answers to readers that lack something. Answers what signs."""
    parts.add("relay", relay.run(), relay.stop)
    signer: Signer | None = None
    seal: Seal | None = None
    if settings.signing is not None:
        key = load_key(settings.signing.key)
        signer = signer_of(pool, settings.service, settings.kafka_bootstrap, settings.signing, key, guard)
        parts.add("checkpoints", signer.run(), signer.stop)
        relay.on_strange.append(signer.now)
        seal = Seal(key, checkpoint_file(settings.signing.folder, settings.service), signer.now)
    refiller = Refiller(
        pool,
        settings.service,
        settings.kafka_bootstrap,
        lambda: relay.status().lanes > 0,
        healthy=guard.healthy,
        seal=seal,
    )
    parts.add("refills", refiller.run(), refiller.stop)
    verifier = verifier_of(pool, settings)
    parts.add("verification", verifier.run(), verifier.stop)
    return signer


def signer_of(pool: Pool, source: str, bootstrap: str, how: Signing, key: SigningKey, guard: LogGuard) -> Signer:
    """What signs the checkpoints of a log, as long as it is where it was."""
    return Signer(pool, source, bootstrap, key, how.folder, seconds=how.seconds, healthy=guard.healthy)


@dataclass(frozen=True, slots=True)
class _Working:
    """What works in this process without being asked."""

    relay: Relay | None
    runner: Runner | None
    views: Sequence[View]


def _metered(roles: frozenset[Role], pool: Pool, writing: Writing, feed: Feed, watched: Watched, working: _Working) -> Meters:
    """The metrics of a process with these roles."""
    meters = Meters(roles)
    watch_writing(meters, writing.writer, writing.handler)
    watch_feed(meters, feed)
    watch_database(meters, pool, watched)
    if working.relay is not None:
        watch_relay(meters, working.relay)
    if working.runner is not None:
        watch_runner(meters, working.runner, working.views)
    return meters


@asynccontextmanager
async def _traced(
    service: Service, roles: frozenset[Role], settings: Settings, writing: Writing, feed: Feed, working: _Working
) -> AsyncGenerator[OnServed | None]:
    """Traces while this lasts, if they are wanted; the rest is sent at the end."""
    if settings.traces is None:
        yield None
        return
    from shared.runtime import traced  # noqa: PLC0415  without an endpoint nothing of OpenTelemetry is loaded
    from shared.runtime.telemetry import Tracing, ratio_of  # noqa: PLC0415  only where traces are wanted
    from shared.runtime.traced_requests import trace_requests  # noqa: PLC0415  only where traces are wanted

    tracing = Tracing(service.name, roles, ratio=ratio_of(settings.traces))
    traced.trace_writing(tracing, writing.writer, writing.handler)
    traced.trace_feed(tracing, feed)
    if working.relay is not None:
        traced.trace_relay(tracing, working.relay)
    if working.runner is not None:
        traced.trace_runner(tracing, working.runner)
    try:
        yield trace_requests(tracing)
    finally:
        await tracing.close()


class _Parts:
    """The running parts of a process, stopped in the reverse order of their start."""

    def __init__(self) -> None:
        self._parts: list[tuple[asyncio.Task[None], Any]] = []

    def add(self, name: str, work: Coroutine[Any, Any, None], stop: Any) -> None:
        self._parts.append((asyncio.create_task(work, name=name), stop))

    def running(self) -> Mapping[str, bool]:
        """Whether each part runs."""
        return {task.get_name(): not task.done() for task, _ in self._parts}

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
