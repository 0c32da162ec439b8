"""A page that was just made is given again to whoever is not signed in, as long as no figure has changed since.

Guarantees that such a page was made of the same state (the live build, the end of the feed), for the same address, language
and day, at most a minute ago, and that nothing of a visitor is in it: a request with a session or a token, a refusal, an answer
that sets a cookie, one that may be kept by nobody, and one that lacks what a service did not answer all pass by. It says of
which instant it is, as ever. Whoever asks while it is being made waits for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.reporting.pages.reading import LANGUAGE_COOKIE
from services.reporting.pages.words import LANGUAGES
from shared.kernel.clock import Clock, day_of
from shared.web.cookies import SESSION
from shared.web.origin import address_of, asked_path
from shared.web.sessions import gate_of

KEPT: Final = timedelta(seconds=60)
QUIET: Final = timedelta(seconds=5)
"""So long nothing must have changed: the other services' own views, which pages show too, have caught up by then."""
_MOST: Final = 300
KEEPABLE: Final = "private, no-cache"
"""The `cache-control` of a page that may be given again here, though never by a cache in between."""

_Make = Callable[[Request], Awaitable[Response]]
State = Callable[[], Awaitable[Hashable]]
"""What the figures are made of, in a word that changes with them."""

_lacking: ContextVar[list[str] | None] = ContextVar("lacking", default=None)


def lacks(service: str) -> None:
    """The page that is being made lacks the answer of a service, which does not answer: the next may have it."""
    lacking = _lacking.get()
    if lacking is not None:
        lacking.append(service)


@dataclass(frozen=True, slots=True)
class _Page:
    response: Response
    made: datetime
    state: Hashable

    def stands(self, state: Hashable, now: datetime) -> bool:
        """Whether it may be given again."""
        return self.state == state and timedelta(0) <= now - self.made < KEPT


class Kept:
    """The pages of one process."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._look = state
        self._clock = clock
        self._pages: OrderedDict[Hashable, _Page] = OrderedDict()
        self._making: dict[Hashable, asyncio.Event] = {}
        self._state: Hashable = None
        self._since: datetime | None = None

    async def answer(self, request: Request, make: _Make) -> Response:
        """The kept page, or the one that `make` makes. Raises what `make` raises."""
        if not _anybodys(request):
            return await make(request)
        state, now = await self._look(), self._clock()
        if not self._quiet(state, now):
            return await make(request)
        key = _key(request, now)
        if (page := self._kept(key, state, now)) is not None:
            return page
        if (making := self._making.get(key)) is not None:
            await making.wait()
            return self._kept(key, state, now) or await make(request)
        made = self._making[key] = asyncio.Event()
        try:
            return await self._made(key, state, now, request, make)
        finally:
            del self._making[key]
            made.set()

    async def _made(self, key: Hashable, state: Hashable, now: datetime, request: Request, make: _Make) -> Response:
        lacking: list[str] = []
        token = _lacking.set(lacking)
        try:
            response = await make(request)
        finally:
            _lacking.reset(token)
        if lacking or response.status_code != 200 or not _may_be_kept(response):
            return response
        self._pages[key] = _Page(response, now, state)
        self._pages.move_to_end(key)
        if len(self._pages) > _MOST:
            self._pages.popitem(last=False)
        return _again(response)

    def _kept(self, key: Hashable, state: Hashable, now: datetime) -> Response | None:
        page = self._pages.get(key)
        if page is None or not page.stands(state, now):
            return None
        self._pages.move_to_end(key)
        return _again(page.response)

    def route(self) -> type[APIRoute]:
        """The class of routes whose pages are kept."""
        kept = self

        class KeptRoute(APIRoute):
            """A route whose answers may be given again."""

            def get_route_handler(self) -> Callable[[Request], Any]:
                """The handler behind what is kept."""
                make = super().get_route_handler()

                async def handle(request: Request) -> Response:
                    return await kept.answer(request, make)

                return handle

        return KeptRoute

    def _quiet(self, state: Hashable, now: datetime) -> bool:
        if state != self._state or self._since is None or self._since > now:
            self._state, self._since = state, now
        return now - self._since >= QUIET


def _anybodys(request: Request) -> bool:
    """Whether it is a page that everybody gets alike."""
    if request.method != "GET" or "authorization" in request.headers:
        return False
    return not gate_of(request).jar.came(request, SESSION)


def _key(request: Request, now: datetime) -> Hashable:
    language = request.cookies.get(LANGUAGE_COOKIE)
    return (
        address_of(request, gate_of(request).public),
        asked_path(request),
        language if language in LANGUAGES else None,
        day_of(now),
    )


def _may_be_kept(response: Response) -> bool:
    return response.headers.get("cache-control") == KEEPABLE and "set-cookie" not in response.headers


def _again(kept: Response) -> Response:
    """An answer of its own, since those who send it add headers to it."""
    response = Response(kept.body, kept.status_code)
    response.raw_headers = list(kept.raw_headers)
    return response
