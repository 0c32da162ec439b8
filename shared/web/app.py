"""The web application of one service, put together: the door for commands, tokens, events, health, and its own questions.

Guarantees that every route passes one access dependency, that `/ready` tells the truth part by part, and that the OpenAPI
document describes every command. It opens nothing and starts nothing: what it is given is running or not.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.eventlog.log import Log
from shared.kernel.ports import PlaceBook
from shared.web import commands, event_routes, token_routes
from shared.web.access import Anyone
from shared.web.bearer import use_tokens
from shared.web.commands import Door
from shared.web.cookies import Cookies
from shared.web.edge import Edge
from shared.web.event_routes import Relayed
from shared.web.openapi import describe_commands
from shared.web.parameters import only_known_parameters
from shared.web.problems import install_problems
from shared.web.sessions import Gate, use_sessions
from shared.web.tokens import Tokens

Part = Mapping[str, Any]
"""What a part of a process says of itself; `ok` says whether it works, the rest why."""

Readiness = Callable[[], Awaitable[Mapping[str, Part]]]


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
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
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
    app.add_middleware(_Measured, registry=web.registry)
    app.add_middleware(Edge)
    return app


def _operations(app: FastAPI, web: Web) -> APIRouter:
    routes = APIRouter(tags=["operations"])

    @routes.get("/health")
    async def health(principal: Anyone) -> dict[str, str]:
        """The process is alive. Says nothing of what it depends on."""
        del principal
        return {"service": web.name, "status": "alive"}

    @routes.get("/ready", response_class=Response)
    async def ready(principal: Anyone) -> Response:
        """Whether every part works: 200, or 503 with the parts that do not."""
        del principal
        parts = await web.readiness()
        works = all(part["ok"] for part in parts.values())
        return _json({"service": web.name, "ready": works, "parts": parts}, 200 if works else 503)

    @routes.get("/metrics", response_class=Response)
    async def metrics(principal: Anyone) -> Response:
        """Counters for Prometheus."""
        del principal
        return Response(generate_latest(web.registry), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/openapi.json", include_in_schema=False)
    async def openapi(principal: Anyone) -> dict[str, Any]:
        """The description of this API."""
        del principal
        return app.openapi()

    _ = (health, ready, metrics, openapi)
    return routes


class _Measured:
    """Counts requests and their time, by route and status; paths that nobody serves are one label."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._count = Counter("lienthe_http_requests", "Requests answered", ["method", "route", "status"], registry=registry)
        self._seconds = Histogram("lienthe_http_seconds", "Time to the first byte", ["route"], registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._count.labels(method, route, str(message["status"])).inc()
                self._seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, send_counted)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _json(content: Any, status: int) -> Response:
    return Response(orjson.dumps(content, default=str), status_code=status, media_type="application/json")
