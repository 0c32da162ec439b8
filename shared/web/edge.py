"""The outermost layer of every application: limits on what comes in, security headers on what goes out, no leaked faults.

Guarantees that a body over the limit is refused with 413 before it is held in memory, that an unexpected failure is
answered with an id instead of a stack, and that every answer carries the headers that keep a browser safe. It is plain
ASGI, so a stream of events passes through it unbuffered.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping

import asyncpg
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kernel.errors import Refused
from shared.web.problems import answer, internal

log = logging.getLogger(__name__)

MEGABYTE = 1 << 20
SINGLE_LIMIT = 1 * MEGABYTE
BATCH_LIMIT = 8 * MEGABYTE
LARGE_BODIES: Mapping[str, int] = {
    "/v1/commands:batch": BATCH_LIMIT,
    "/v1/figures:preview": BATCH_LIMIT,
}
"""The paths whose bodies may be larger than `SINGLE_LIMIT`."""

_CODE = re.compile(r"[a-z2-7]{32}", re.IGNORECASE)
"""The code of a sign-in link in a path; no log may hold one."""

_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; font-src 'self'; "
    b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with `no-referrer` a browser would send our own forms with `Origin: null`
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY),
)


class Edge:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": _secured(message.get("headers", []))}
            await send(message)

        limit = LARGE_BODIES.get(scope["path"], SINGLE_LIMIT)
        try:
            if _declared(scope) > limit:
                raise _TooLarge(limit)
            await self._app(scope, _limited(receive, limit), send_guarded)
        except _TooLarge as error:
            if not started:
                await answer(error, headers={"Connection": "close"}, scope=scope)(scope, receive, send_guarded)
        except asyncio.CancelledError:
            raise
        except _DATABASE_AWAY as error:
            log.warning("The database does not answer: %s", type(error).__name__)
            if not started:
                await answer(_unavailable(), scope=scope)(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001  the last resort: whatever it is, the caller gets an id and we get the stack
            fault = internal(error, _CODE.sub("...", scope["path"][:200]))
            if not started:
                await answer(fault, scope=scope)(scope, receive, send_guarded)


_DATABASE_AWAY = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


def _unavailable() -> Refused:
    return Refused(
        "database-unavailable",
        "Cơ sở dữ liệu của dịch vụ chưa trả lời; hãy thử lại sau giây lát.",
        "The service's database does not answer; try again in a moment.",
        status=503,
    )


class _TooLarge(Refused):
    def __init__(self, limit: int) -> None:
        megabytes = limit // MEGABYTE
        super().__init__(
            "body-too-large",
            f"Nội dung gửi lên không được quá {megabytes} MB; hãy chia nhỏ.",
            f"A body may not exceed {megabytes} MB here; split it.",
            status=413,
        )


def _declared(scope: Scope) -> int:
    """The body's length as the caller states it; a length that is no number counts as too large."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 16 else 1 << 62
    return 0


def _limited(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def receive_limited() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _TooLarge(limit)
        return message

    return receive_limited


def _secured(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    return [*headers, *(pair for pair in SECURITY_HEADERS if pair[0] not in present)]
