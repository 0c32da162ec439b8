"""`/health`, `/ready` and `/metrics` on a port of their own, so that a process which serves nobody can be looked after too.

Guarantees the same answers as a serving process gives, in every role. It is for the operator's network only: it asks for no
token, and it says nothing of any person.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shared.telemetry.meters import CONTENT_TYPE, Meters
from shared.web.app import Health, Readiness, health_of, readiness_of


def operations(name: str, meters: Meters, health: Health, readiness: Readiness | None = None) -> ASGIApp:
    """The application of the port. Without `readiness` a process is ready when it is alive."""

    async def alive(_request: Request) -> Response:
        status, content = health_of(name, health)
        return _json(content, status)

    async def ready(_request: Request) -> Response:
        status, content = health_of(name, health) if readiness is None else await readiness_of(name, readiness)
        return _json(content, status)

    async def metrics(_request: Request) -> Response:
        return Response(await meters.text(), media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/health", alive), Route("/ready", ready), Route("/metrics", metrics)])


class Server(uvicorn.Server):
    """uvicorn under our own signals, so that all parts of a process drain together."""

    on_stop: Callable[[], None] = staticmethod(lambda: None)

    def __init__(
        self, app: ASGIApp, host: str, port: int, *, answer_seconds: int = 5, lifespan: Literal["on", "off"] = "off"
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                http="h11",
                lifespan=lifespan,
                timeout_graceful_shutdown=answer_seconds,
                timeout_keep_alive=75,
            )
        )

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ours are installed already."""
        yield

    async def stop(self) -> None:
        """Take no new connections, answer what is in hand, end the streams that would never end by themselves."""
        self.end()

    def end(self) -> None:
        """The same, from a signal."""
        self.on_stop()
        self.should_exit = True


def _json(content: object, status: int) -> Response:
    return Response(orjson.dumps(content, default=str), status_code=status, media_type="application/json")
