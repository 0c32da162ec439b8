"""The clubs service without Kafka: commands through the real handler into a log, events into the view, questions over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID, uuid5

import httpx
from fastapi import FastAPI

from services.clubs.api import router
from services.clubs.domain import CLUBS, ClubCommand
from services.clubs.views import Clubs
from shared.eventlog.handler import Done, Handler
from shared.eventlog.memory import MemoryLog
from shared.eventlog.plan import Request
from shared.eventlog.postgres import open_pool
from shared.eventlog.writer import AppendWriter
from shared.events.language import codec_of
from shared.kernel.authority import authorise
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.lanes import LANES
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Principal
from shared.local.databases import connect
from shared.projections.view import Delivered, schema_of
from shared.reference.book import load
from shared.testing.folding import install_views
from shared.web.bearer import use_tokens
from shared.web.problems import install_problems

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PLACES = load()
VIEW = Clubs(PLACES)
NAMESPACE = UUID("0190a1b2-0000-7000-8000-000000000000")

BA_DINH = PlaceRef(code="00004", list="34")
NGOC_HA = PlaceRef(code="00008", list="34")
HA_NOI = PlaceRef(code="01", list="34")
THANH_HOA = PlaceRef(code="38", list="34")

CENTRE = Principal("t-centre", "centre", NATION, "association")
PROVINCE = Principal("t-hanoi", "province", HA_NOI, "association")
COMMUNE = Principal("t-badinh", "commune", BA_DINH, "state")
ELSEWHERE = Principal("t-thanhhoa", "province", THANH_HOA, "state")
BEARERS = {principal.token: principal for principal in (CENTRE, PROVINCE, COMMUNE, ELSEWHERE)}


@dataclass
class ClubWorld:
    """A clubs service of one test."""

    pool: Any
    client: httpx.AsyncClient
    handler: Handler
    log: MemoryLog
    writer: AppendWriter
    counter: Iterable[int] = field(default_factory=itertools.count)

    async def say(self, command: ClubCommand, principal: Principal = CENTRE, *, key: str | None = None) -> Done:
        """The answer to an accepted command; a refusal is raised."""
        command_id = str(uuid5(NAMESPACE, key or str(next(iter(self.counter)))))
        (answer,) = await self.handler.handle([Request(command_id, command, principal)])
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def recorded(self) -> list[Recorded]:
        """Every event of the log, lane by lane."""
        return [event for lane in range(LANES) for event in await self.log.read_lane(lane, 0, 10_000)]

    async def fold(self, events: Iterable[Recorded] | None = None, *, size: int = 1_000) -> None:
        """Deliver events to the view in batches; all events of the log unless told otherwise."""
        events = list(await self.recorded() if events is None else events)
        codec = codec_of("clubs")
        for start in range(0, len(events), size):
            batch = [
                Delivered(event, codec.decode(event.type, event.schema_version, event.data))
                for event in events[start : start + size]
            ]
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute(f'set local search_path to "{schema_of(VIEW)}"')
                await VIEW.apply(connection, batch)

    async def dump(self) -> list[str]:
        """Every row of the view as text, sorted."""
        rows: list[str] = []
        async with self.pool.acquire() as connection:
            for table in TABLES[:3]:
                found = await connection.fetch(f"select to_jsonb(t)::text as row from {table} t")
                rows += sorted(f"{table} {record['row']}" for record in found)
        return rows

    async def forget(self) -> None:
        """Empty the view, as before a rebuild."""
        async with self.pool.acquire() as connection:
            for table in TABLES[:3]:
                await connection.execute(f"delete from {table}")

    async def get(self, path: str, token: str | None = "t-centre", **params: Any) -> httpx.Response:
        """Ask."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.client.get(path, params=params, headers=headers)


TABLES = ("clubs_v1.clubs", "clubs_v1.reports", "clubs_v1.timeline", "projection.checkpoints")


async def open_pool_of_view(postgres: Any) -> Any:
    """A database with the view's tables, for all tests of a session."""
    urls = await postgres.database("clubs")
    owner = await connect(urls.owner)
    await install_views(owner, urls.app_role, [VIEW], "clubs")
    await owner.close()
    return await open_pool(urls.app, max_size=4)


async def open_world(pool: Any) -> ClubWorld:
    """The view emptied, an empty log, an application."""
    async with pool.acquire() as connection:
        for table in TABLES:
            await connection.execute(f"delete from {table}")
    app = FastAPI()
    install_problems(app)
    use_tokens(app, _bearer)
    app.include_router(router(pool, PLACES))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://clubs")
    log = MemoryLog("clubs", lambda: NOW)
    writer = AppendWriter(log)
    writer.start()
    deciders = dict.fromkeys(get_args(ClubCommand), CLUBS)
    codec = codec_of("clubs")
    handler = Handler(log, writer, deciders, codec, places=PLACES, clock=lambda: NOW, authorise=authorise)
    return ClubWorld(pool, client, handler, log, writer)


async def close_world(world: ClubWorld) -> None:
    """Give everything back."""
    await world.writer.stop()
    await world.client.aclose()


async def _bearer(token: str) -> Principal:
    if token not in BEARERS:
        raise Refused("token-unknown", "Mã không đúng.", "The token is wrong.", status=401)
    return BEARERS[token]
