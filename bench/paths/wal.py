"""R15: bytes of write-ahead log an event, from the command to the ledger, for each byte of its JSON.

The whole way, as services go it: commands in batches through the handler's log, the relay to Kafka, the projector into the view
of figures, everything in one server, whose position in the log is read before and after. The country is the generated one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from bench.core import Bench, Goal, Path, Result, Wrong, extra
from bench.meter import Meter
from bench.product import know
from services.clubs.app import SERVICE as CLUBS
from services.reporting.app import SERVICE as REPORTING
from services.reporting.ledger.view import FiguresView
from shared.eventlog.handler import Done
from shared.eventlog.plan import Request
from shared.eventlog.postgres import identity_of, open_pool
from shared.kafka import topics
from shared.kernel.clock import system_clock
from shared.kernel.command import command_types
from shared.kernel.place import NATION
from shared.kernel.principal import Principal
from shared.local.databases import DatabaseUrls, connect
from shared.local.demo.entries import Entry, Parameters
from shared.local.demo.generator import generate
from shared.projections.runner import Runner
from shared.reference.book import load
from shared.relay.relay import Relay
from shared.runtime.process import Writing
from shared.runtime.service import install

BATCH = 500


@dataclass
class AllIn:
    """Appended, relayed and projected."""

    name: str = "append, relay, project"
    _entries: Sequence[Entry] = ()
    _urls: list[DatabaseUrls] = field(default_factory=list[DatabaseUrls])

    async def prepare(self, bench: Bench) -> None:
        scale = min(1.0, max(0.02, bench.scale))
        history = await asyncio.to_thread(generate, Parameters(date(2025, 12, 31), scale=scale), load())
        self._entries = history.by_service["clubs"]
        await asyncio.to_thread(topics.apply, await bench.servers.kafka())
        for service, simulated in ((CLUBS, True), (REPORTING, False)):
            urls = await bench.servers.database(service.name)
            self._urls.append(urls)
            owner = await connect(urls.owner)
            try:
                await install(owner, service, load(), urls.app_role, simulated=simulated)
            finally:
                await owner.close()
        clubs, reporting = [await connect(urls.owner) for urls in self._urls]
        try:
            await know(reporting, {CLUBS.name: await identity_of(clubs)})
        finally:
            await clubs.close()
            await reporting.close()

    async def run(self, bench: Bench) -> Result:
        clubs, reporting = [await open_pool(urls.app, max_size=4) for urls in self._urls]
        admin = await connect(await bench.servers.admin_url())
        bootstrap = await bench.servers.kafka()
        meter = Meter(postgres=await bench.servers.postgres_pid())
        try:
            before = await _position(admin)
            meter.start()
            await self._append(clubs)
            appended = await _position(admin)
            events, payload = await _stored(clubs)
            relay = Relay(clubs, CLUBS.name, bootstrap)
            await _until(relay, lambda: relay.status().published >= events)
            relayed = await _position(admin)
            runner = Runner(reporting, bootstrap, [FiguresView(load())], f"bench-{id(self)}")
            await _until(runner, lambda: _folded(runner) >= events)
            projected = await _position(admin)
            meter.stop()
        finally:
            await admin.close()
            await clubs.close()
            await reporting.close()
        steps = {"append": appended - before, "relay": relayed - appended, "project": projected - relayed}
        figures = {f"{step}_bytes": bytes_ / events for step, bytes_ in steps.items()}
        figures |= {"payload_bytes": payload / events, "wal_per_payload": (projected - before) / payload}
        return Result(meter.seconds, events, meter.cpu_own, meter.cpu_postgres, extra=figures)

    async def _append(self, pool: Any) -> None:
        writing = Writing(CLUBS, pool, load(), system_clock)
        types = command_types(CLUBS.commands)
        async with writing.running():
            for side, entries in groupby(self._entries, lambda entry: entry.side):
                who = Principal("t-bench", "centre", NATION, side)
                wishes = [
                    Request(each.id, types[each.type].model_validate_json(each.data), who, each.recorded_at) for each in entries
                ]
                for start in range(0, len(wishes), BATCH):
                    for answer in await writing.handler.handle(wishes[start : start + BATCH]):
                        if not isinstance(answer, Done):
                            raise Wrong(str(answer))

    async def cleanup(self, bench: Bench) -> None:
        for urls in self._urls:
            await bench.servers.drop(urls)
        self._urls.clear()


def _folded(runner: Runner) -> int:
    (view,) = runner.status().views.values()
    if view.parked:
        raise Wrong(f"{view.parked} events were parked")
    return view.applied + view.unknown


async def _position(admin: Any) -> int:
    return int(await admin.fetchval("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


async def _stored(pool: Any) -> tuple[int, int]:
    async with pool.acquire() as connection:
        count, size = tuple(await connection.fetchrow("select count(*), sum(octet_length(data)) from log.events"))
    return count, size


async def _until(part: Any, done: Any) -> None:
    running = asyncio.create_task(part.run())
    while not done():
        await asyncio.sleep(0.02)
        if running.done():
            raise Wrong("it has ended by itself")
    await part.stop()
    await running


PATHS = (
    Path(
        "R15",
        "Write-ahead log of an event, all in",
        (AllIn(),),
        (Goal("WAL bytes a byte of JSON", "append, relay, project", None, extra("wal_per_payload"), at_most=4),),
        note="The clubs of the generated country: batches of 500 appended, one relay, one projector. No page is written whole.",
        rounds=1,  # it hardly varies, and the topic is used once
    ),
)
