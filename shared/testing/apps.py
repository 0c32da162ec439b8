"""A service's real application in the test's own process, on a fresh real database, without Kafka.

Guarantees that nothing but the network and Kafka is missing: tokens, handler, log and views are the real ones.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from fastapi import FastAPI

from shared.eventlog.postgres import open_pool
from shared.eventlog.records import LaneHead
from shared.feeds.feed import Feed
from shared.kernel.clock import Clock, system_clock
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Role, Side
from shared.local.databases import DatabaseUrls, connect
from shared.reference.book import load
from shared.runtime.process import Writing, build_app
from shared.runtime.readiness import Watched
from shared.runtime.service import Reads, Service, install
from shared.web.tokens import Tokens, TokenWish
from shared.web.upstream import Upstreams

THANH_HOA = PlaceRef(code="38", list="34")
HA_NOI = PlaceRef(code="01", list="34")


class Databases(Protocol):
    """Hands out fresh databases."""

    async def database(self, name: str | None = None) -> DatabaseUrls:
        """One that nobody has used."""
        ...


@dataclass(slots=True)
class Running:
    """A service that answers through `client`; `app`, `pool` and `writing` are for looking inside."""

    app: FastAPI
    client: httpx.AsyncClient
    pool: Any
    writing: Writing

    async def token(self, role: Role, area: PlaceRef = NATION, side: Side = "association") -> dict[str, str]:
        """The header of a fresh token."""
        answer = await Tokens(self.pool, load()).issue(TokenWish(role=role, area=area, side=side))
        return {"Authorization": f"Bearer {answer.token}"}

    async def heads(self) -> dict[int, LaneHead]:
        """Where every lane stands: unchanged means that nothing was stored."""
        return await self.writing.log.heads()


@asynccontextmanager
async def running(
    service: Service,
    postgres: Databases,
    *,
    clock: Clock = system_clock,
    simulated: bool = False,
    services: Upstreams | None = None,
    public_url: str | None = None,
) -> AsyncGenerator[Running]:
    """The service on a database of its own. `services` are its neighbours, if it has any."""
    places = load()
    urls = await postgres.database(service.name)
    owner = await connect(urls.owner)
    try:
        await install(owner, service, places, urls.app_role, simulated=simulated)
    finally:
        await owner.close()
    pool = await open_pool(urls.app, max_size=6)
    writing = Writing(service, pool, places, clock)
    feed = Feed(pool)
    async with writing.running():
        reads = Reads(pool, places, clock, feed, services or Upstreams({}), public_url)
        app = build_app(service, writing, reads, Watched(pool, None, None))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield Running(app, client, pool, writing)
    await feed.close()
    await pool.close()
