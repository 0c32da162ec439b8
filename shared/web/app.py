"""The web application of one service, put together: the door for commands, tokens, events, health, and its own questions.

Guarantees that every route passes one access dependency, that `/ready` tells the truth part by part, and that the OpenAPI
document describes every command. It opens nothing and starts nothing: what it is given is running or not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Response

from shared.eventlog.log import Log
from shared.kernel.ports import PlaceBook
from shared.telemetry.meters import CONTENT_TYPE, Meters
from shared.web import commands, event_routes, token_routes
from shared.web.access import Anyone
from shared.web.bearer import use_tokens
from shared.web.commands import Door
from shared.web.cookies import Cookies
from shared.web.edge import Edge
from shared.web.event_routes import Relayed
from shared.web.headed import Headed
from shared.web.measured import Measured, OnServed
from shared.web.openapi import describe_commands
from shared.web.parameters import only_known_parameters
from shared.web.problems import install_problems
from shared.web.sessions import Gate, use_sessions
from shared.web.tokens import Tokens

Part = Mapping[str, Any]
"""What a part of a process says of itself; `ok` says whether it works, the rest why."""

Readiness = Callable[[], Awaitable[Mapping[str, Part]]]


Health = Callable[[], Mapping[str, bool]]
"""Whether each part of a process runs."""


def health_of(name: str, health: Health) -> tuple[int, dict[str, Any]]:
    """Status and body of `/health`: 503 when a part has ended, for then the process ends too."""
    runs = health()
    alive = all(runs.values())
    parts = {part: "running" if running else "ended" for part, running in runs.items()}
    body: dict[str, Any] = {"service": name, "status": "alive" if alive else "ending"}
    return 200 if alive else 503, body | ({"parts": parts} if parts else {})


async def readiness_of(name: str, readiness: Readiness) -> tuple[int, dict[str, Any]]:
    """Status and body of `/ready`: 503 when a part cannot do its work, and what works but goes badly in words."""
    parts = await readiness()
    works = all(part["ok"] for part in parts.values())
    degraded = [words for part in parts.values() for words in part.get("degraded", ())]
    return 200 if works else 503, {"service": name, "ready": works, "degraded": degraded, "parts": parts}


@dataclass(frozen=True, slots=True)
class Web:
    """What the application of a service is made of."""

    name: str
    tokens: Tokens
    door: Door
    log: Log
    places: PlaceBook
    readiness: Readiness
    relayed: Relayed
    partitions: int
    gate: Gate
    routers: Sequence[APIRouter] = ()
    health: Health = dict
    meters: Meters = field(default_factory=lambda: Meters({"serve"}))
    on_served: OnServed | None = None
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None


def create_app(web: Web) -> FastAPI:
    """The application; run it with uvicorn."""
    app = FastAPI(
        title=f"Liên Thế: {web.name}",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=web.lifespan,
        redirect_slashes=False,
        dependencies=[Depends(only_known_parameters)],
    )
    use_tokens(app, web.tokens.authenticate)
    app.state.clock = web.door.clock
    use_sessions(app, web.gate)
    install_problems(app)
    app.include_router(commands.router(web.door))
    app.include_router(token_routes.router(web.tokens))
    app.include_router(event_routes.router(web.log, web.places, web.relayed, web.partitions))
    for router in web.routers:
        app.include_router(router)
    app.include_router(_operations(app, web))
    describe_commands(app, web.door.types)
    app.add_middleware(Cookies)
    app.add_middleware(Headed)
    app.add_middleware(Edge)
    app.add_middleware(Measured, meters=web.meters, on_served=web.on_served)
    return app


def _operations(app: FastAPI, web: Web) -> APIRouter:
    routes = APIRouter(tags=["operations"])

    @routes.get("/health", response_class=Response)
    async def health(principal: Anyone) -> Response:
        """The process is alive: it answers, and all its parts run. Says nothing of what it depends on."""
        del principal
        status, content = health_of(web.name, web.health)
        return _json(content, status)

    @routes.get("/ready", response_class=Response)
    async def ready(principal: Anyone) -> Response:
        """Whether every part works: 200, or 503 with the parts that do not."""
        del principal
        status, content = await readiness_of(web.name, web.readiness)
        return _json(content, status)

    @routes.get("/metrics", response_class=Response)
    async def metrics(principal: Anyone) -> Response:
        """The metrics of this process for Prometheus; what each means: docs/metrics.md."""
        del principal
        return Response(await web.meters.text(), media_type=CONTENT_TYPE)

    @routes.get("/openapi.json", include_in_schema=False)
    async def openapi(principal: Anyone) -> dict[str, Any]:
        """The description of this API."""
        del principal
        return app.openapi()

    _ = (health, ready, metrics, openapi)
    return routes


def _json(content: Any, status: int) -> Response:
    return Response(orjson.dumps(content, default=str), status_code=status, media_type="application/json")
