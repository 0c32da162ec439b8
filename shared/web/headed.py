"""HEAD, answered as GET without a body: pages and their files, so that whoever checks a link learns what a reader would get.

The API is left out: what it streams has no end, and its addresses name the methods that they take.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Headed:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD" and not scope["path"].startswith("/v1/"):
            scope, send = {**scope, "method": "GET"}, without_body(send)
        await self._app(scope, receive, send)


def without_body(send: Send) -> Send:
    """What answers HEAD: the answer to GET, headers only."""

    async def headers_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return headers_only
