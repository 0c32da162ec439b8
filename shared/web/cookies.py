"""The two cookies of the pages: the session's secret, and a value before there is a session, for the sign-in form.

Guarantees HttpOnly, SameSite=Lax, Path=/ and no Domain; and, where the public address is https, Secure and the prefix
`__Host-`, so that no other host of the same domain can plant one. What a dependency wants to set or delete reaches the answer
whatever it is: a page, a redirect or a refusal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION: Final = "lt_session"
VISIT: Final = "lt_visit"

_KEY: Final = "lien-the.cookies"
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Jar:
    """How cookies are named and sent; `secure` where the public address is https."""

    secure: bool

    def read(self, request: Request, name: str) -> str | None:
        """The value of one of ours, or None if there is none that could be."""
        value = request.cookies.get(self._name(name), "")
        return value if _VALUE.fullmatch(value) else None

    def came(self, request: Request, name: str) -> bool:
        """Whether the browser sent it, with whatever value."""
        return self._name(name) in request.cookies

    def set(self, request: Request, name: str, value: str, seconds: int | None = None) -> None:
        """Set it with the answer to this request; until the browser closes if no seconds are said."""
        age = "" if seconds is None else f"; Max-Age={seconds}"
        self._queue(request, name, f"={value}{age}")

    def delete(self, request: Request, name: str) -> None:
        """Delete it with the answer to this request."""
        self._queue(request, name, "=; Max-Age=0")

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    def _queue(self, request: Request, name: str, rest: str) -> None:
        secure = "; Secure" if self.secure else ""
        queue: dict[str, bytes] = request.scope[_KEY]
        queue[name] = f"{self._name(name)}{rest}; Path=/; HttpOnly; SameSite=Lax{secure}".encode("ascii")


class Cookies:
    """Wraps an ASGI application: sends the cookies that were queued for a request with its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        queue: dict[str, bytes] = {}
        scope[_KEY] = queue

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and queue:
                added = [(b"set-cookie", cookie) for cookie in queue.values()]
                message = {**message, "headers": [*message.get("headers", []), *added]}
            await send(message)

        await self._app(scope, receive, send_with_cookies)
