"""A small story in four real services, without Kafka: clubs, a round, an inspection, and the pages that tell of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from services.clubs.app import SERVICE as CLUBS
from services.clubs.views import Clubs
from services.monitoring.app import SERVICE as MONITORING
from services.monitoring.views import Inspections, Targets
from services.reporting.app import SERVICE as REPORTING
from services.reporting.ledger.view import FiguresView
from services.trainings.app import SERVICE as TRAININGS
from services.trainings.views import BoardTodos, Rounds
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Role, Side
from shared.reference.book import load
from shared.testing.apps import Running, running
from shared.testing.folding import apply_batch
from shared.web.tokens import Tokens, TokenWish, hash_of, new_token
from shared.web.upstream import Upstreams

BA_DINH = PlaceRef(code="00004", list="34")
NGOC_HA = PlaceRef(code="00008", list="34")
HA_NOI = PlaceRef(code="01", list="34")
IMG = "<img src=x onerror=alert(1)>"


class Wire(httpx.AsyncBaseTransport):
    """The way to a service; `down` cuts it."""

    def __init__(self, app: Any) -> None:
        self.down = False
        self.reaches(app)

    def reaches(self, app: Any) -> None:
        """Where it leads."""
        self._inner = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down")
        return await self._inner.handle_async_request(request)


@dataclass
class StoryWorld:
    """The four services, and the wires from the pages to the other three."""

    services: Mapping[str, Running]
    wires: Mapping[str, Wire]

    @property
    def pages(self) -> Running:
        return self.services["reporting"]

    async def token(self, role: Role, area: PlaceRef = NATION, side: Side = "association") -> dict[str, str]:
        """The header of a token that all services know."""
        identity, token = new_token()
        wish = TokenWish(role=role, area=area, side=side, id=identity, hash=hash_of(token).hex())
        for service in self.services.values():
            await Tokens(service.pool, load()).issue(wish)
        return {"Authorization": f"Bearer {token}"}

    async def tell(self, type: str, headers: dict[str, str], **data: Any) -> dict[str, Any]:
        """A command that must be accepted."""
        service = self.services[type.partition(".")[0]]
        answer = await service.client.post("/v1/commands", json={"type": type, "data": data}, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def follow(self) -> None:
        """What Kafka would do: every log into the views of its own service and into the ledger."""
        places = load()
        views = {
            "clubs": [Clubs(places)],
            "trainings": [Rounds(places), BoardTodos(places)],
            "monitoring": [Targets(places), Inspections(places)],
        }
        for name, own in views.items():
            service = self.services[name]
            heads, identity = await service.heads(), await service.writing.log.identity()
            events = [
                event
                for lane, head in heads.items()
                for event in await service.writing.log.read_lane(lane, 0, head.position + 1)
            ]
            for pool, view in [*((service.pool, view) for view in own), (self.pages.pool, FiguresView(places))]:
                async with pool.acquire() as connection:
                    await apply_batch(connection, view, events, identity=identity)

    async def page(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """A page as a browser asks for it; redirections are not followed."""
        return await self.pages.client.get(path, headers={"accept": "text/html", **(headers or {})})


@asynccontextmanager
async def story_world(postgres: Any) -> AsyncIterator[StoryWorld]:
    async with AsyncExitStack() as stack:
        found: dict[str, Running] = {}
        wires: dict[str, Wire] = {}
        clients: dict[str, httpx.AsyncClient] = {}
        for service in (CLUBS, TRAININGS, MONITORING):
            one = found[service.name] = await stack.enter_async_context(running(service, postgres))
            wires[service.name] = Wire(one.app)
            client = httpx.AsyncClient(transport=wires[service.name], base_url=f"http://{service.name}")
            clients[service.name] = await stack.enter_async_context(client)
        own = Wire(None)
        clients["reporting"] = await stack.enter_async_context(httpx.AsyncClient(transport=own, base_url="http://reporting"))
        found["reporting"] = await stack.enter_async_context(running(REPORTING, postgres, services=Upstreams(clients)))
        own.reaches(found["reporting"].app)
        yield StoryWorld(found, wires)
