"""The one address: `python -m shared.web.front`. Pages and APIs of all services, each request passed to whoever answers it.

Guarantees that no path reaches a service in another spelling than its own, that streams pass unbuffered, and that a service
which is down is named with 503 while the others go on. It keeps nothing and checks no token itself: the services do.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.runtime import collector
from shared.runtime.logging import configure
from shared.runtime.operations import Server, operations
from shared.runtime.process_metrics import LoopLag, watch_process
from shared.runtime.settings import FrontSettings, front_settings
from shared.telemetry.meters import Meters
from shared.web import front_commands, front_fanout
from shared.web.edge import Edge
from shared.web.headed import without_body
from shared.web.measured import ROUTE, Measured, OnServed
from shared.web.problems import answer
from shared.web.routing import require_plain, target_of
from shared.web.upstream import Upstreams, open_clients

_EVENT = re.compile(r"/v1/events/[^/]+")
_HEADED = re.compile(r"/|(/[a-z]+)?/(health|ready)")
_STREAM = "/v1/stream"
_OWN = frozenset({"/health", "/ready", "/v1/commands", "/v1/commands:batch", "/v1/tokens"})
_TOKEN = re.compile(r"/v1/tokens/([0-9A-Za-z_-]{1,60})")

Clients = Mapping[str, httpx.AsyncClient]


class Front:
    """The ASGI application, over one HTTP client a service and another for its streams."""

    def __init__(self, clients: Clients, streams: Clients | None = None) -> None:
        self._upstreams = Upstreams(clients, streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a refusal becomes a problem."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        named = scope  # what counts the answer looks there
        if scope["method"] == "HEAD" and _HEADED.fullmatch(scope["path"]):
            scope, send = {**scope, "method": "GET"}, without_body(send)
        request = Request(scope, receive)
        try:
            response = await self._response(request, named)
        except Refused as refused:
            response = answer(refused, scope=scope)
        await response(scope, receive, send)

    async def _response(self, request: Request, named: Scope) -> Response:
        raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
        raw = raw.partition(b"?")[0]
        require_plain(raw)
        method, path = request.method, request.url.path
        named[ROUTE] = _route(path)
        match method, path:
            case "GET", "/health":
                return JSONResponse({"service": "front", "status": "alive"})
            case "GET", "/ready":
                return await front_fanout.readiness(self._upstreams, request)
            case "POST", "/v1/commands":
                return await front_commands.single(self._upstreams, request)
            case "POST", "/v1/commands:batch":
                return await front_commands.batch(self._upstreams, request)
            case "POST", "/v1/tokens":
                return await front_fanout.issue(self._upstreams, request)
            case "GET", "/v1/tokens":
                return await front_fanout.listing(self._upstreams, request)
            case "DELETE", _ if found := _TOKEN.fullmatch(path):
                return await front_fanout.revoke(self._upstreams, request, found[1])
            case "GET", _ if _EVENT.fullmatch(path):
                return await front_fanout.event(self._upstreams, request, raw.decode("ascii"))
            case _:
                return await self._passed_on(request, raw)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._upstreams.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _passed_on(self, request: Request, raw: bytes) -> Response:
        service, other = target_of(request.url.path)
        target = other.encode() if other is not None else raw
        if query := request.scope.get("query_string"):
            target += b"?" + query
        if request.url.path == _STREAM:
            return await self._upstreams.listened(service, request, target)
        return await self._upstreams.passed_on(service, request, target)


def _route(path: str) -> str:
    """A name for what a path asks for, of which there are few."""
    if path in _OWN:
        return path
    try:
        return f"to {target_of(path)[0]}"
    except Refused:
        return "none"


def create_front(
    clients: Clients, streams: Clients | None = None, meters: Meters | None = None, on_served: OnServed | None = None
) -> ASGIApp:
    """The front with its outermost layers; the clients are closed when it stops."""
    return Measured(Edge(Front(clients, streams)), meters or Meters({"front"}), on_served)


@asynccontextmanager
async def _traced(settings: FrontSettings) -> AsyncGenerator[OnServed | None]:
    """Traces while this lasts, if they are wanted."""
    if settings.traces is None:
        yield None
        return
    from shared.runtime.telemetry import Tracing, ratio_of  # noqa: PLC0415  without an endpoint nothing of it is loaded
    from shared.runtime.traced_requests import trace_requests  # noqa: PLC0415  only where traces are wanted

    tracing = Tracing("front", {"front"}, ratio=ratio_of(settings.traces))
    try:
        yield trace_requests(tracing)
    finally:
        await tracing.close()


async def _serve(settings: FrontSettings) -> None:
    async with _traced(settings) as on_served:
        await _served(settings, on_served)


async def _served(settings: FrontSettings, on_served: OnServed | None) -> None:
    meters, loop_lag = Meters({"front"}), LoopLag()
    watch_process(meters, "front", {"front"}, loop_lag)
    app = create_front(open_clients(settings.services), open_clients(settings.services, streams=True), meters, on_served)
    front = Server(app, settings.host, settings.port, lifespan="on")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, front.end)
    aside = [asyncio.create_task(loop_lag.run())]
    if settings.metrics_port is not None:
        looked_at = operations("front", meters, lambda: {"web": front.started and not front.should_exit})
        aside.append(asyncio.create_task(Server(looked_at, settings.host, settings.metrics_port).serve()))
    collector.spare()
    await front.serve()
    for task in aside:
        task.cancel()
    await asyncio.gather(*aside, return_exceptions=True)


def main() -> int:
    """Serve until told to stop."""
    configure("front", "front")
    try:
        settings = front_settings(SERVICES, os.environ)
    except Refused as refused:
        print(f"{refused.vi} / {refused.en}", file=sys.stderr)
        return 1
    asyncio.run(_serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
