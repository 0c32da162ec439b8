"""The very first layer of an application: gives each request its trace, counts it, and tells who listens how it went.

Guarantees that every answer is counted under the template of its route (never under a path, which has no end), that refusals
are counted by slug, and that the answer carries its trace id in `x-trace-id`. Plain ASGI: streams pass through unbuffered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry import context
from shared.telemetry.context import Call
from shared.telemetry.meters import Meters

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ROUTE = "lienthe.route"
"""Where an application that has no routes names what it serves, in the scope."""


@dataclass(frozen=True, slots=True)
class Served:
    """One request whose answer has begun. Times are nanoseconds since 1970."""

    call: Call
    method: str
    route: str
    status: int
    began: int
    ended: int


OnServed = Callable[[Served], None]


class Measured:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp, meters: Meters, on_served: OnServed | None = None) -> None:
        self._app = app
        self._meters = meters
        self._on_served = on_served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == b"traceparent"]
        with context.serving(given[0].decode("latin-1") if len(given) == 1 else None) as call:
            began, clock = time.time_ns(), time.perf_counter_ns()

            async def send_counted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    took = time.perf_counter_ns() - clock
                    self._count(scope, call, message["status"], began, began + took)
                    headers = message.get("headers", [])
                    if not any(name.lower() == b"x-trace-id" for name, _ in headers):  # the front passes on a service's own
                        message = {**message, "headers": [*headers, (b"x-trace-id", call.trace_id.encode())]}
                await send(message)

            await self._app(scope, receive, send_counted)

    def _count(self, scope: Scope, call: Call, status: int, began: int, ended: int) -> None:
        route: str = scope.get(ROUTE) or getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._meters.count("lienthe_http_requests_total", method, route, str(status))
        self._meters.observe("lienthe_http_seconds", (ended - began) / 1e9, method, route)
        if call.refused is not None:
            self._meters.count("lienthe_refused_total", call.refused)
        if self._on_served is not None:
            self._on_served(Served(call, method, route, status, began, ended))
