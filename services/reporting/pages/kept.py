"""A page that was just made is given again to whoever is not signed in, as long as no figure has changed since.

Guarantees that such a page was made at the same end of the feed, for the same address and language, at most a minute ago, and
that nothing of a visitor is in it: a request with a session or a token, a refusal, an answer that sets a cookie, and one that
may be kept by nobody all pass by. It says of which instant it is, as ever. Whoever asks while it is being made waits for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.reporting.pages.reading import LANGUAGE_COOKIE
from shared.feeds.feed import Feed
from shared.kernel.clock import Clock
from shared.web.cookies import SESSION
from shared.web.origin import address_of, asked_path
from shared.web.sessions import gate_of

KEPT: Final = timedelta(seconds=60)
QUIET: Final = timedelta(seconds=5)
"""So long the feed must have said nothing: the other services' own views, which pages show too, have caught up by then."""
_MOST: Final = 300
KEEPABLE: Final = "private, no-cache"
"""The `cache-control` of a page that may be given again here, though never by a cache in between."""

_Make = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class _Page:
    """The page of one address, if it is kept: made when, at which end of the feed. The lock is held while it is being made."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    kept: tuple[Response, datetime, int] | None = None


class Kept:
    """The pages of one process."""

    def __init__(self, feed: Feed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._pages: OrderedDict[Hashable, _Page] = OrderedDict()
        self._head = -1
        self._since: datetime | None = None

    async def answer(self, request: Request, make: _Make) -> Response:
        """The kept page, or the one that `make` makes. Raises what `make` raises."""
        if not _anybodys(request):
            return await make(request)
        head, now = await self._feed.head(), self._clock()
        if not self._quiet(head, now):
            return await make(request)
        page = self._page(_key(request))
        async with page.lock:
            if page.kept is not None and page.kept[2] == head and now < page.kept[1] + KEPT:
                return _again(page.kept[0])
            page.kept = None
            response = await make(request)
            if response.status_code != 200 or not _may_be_kept(response):
                return response
            page.kept = (response, now, head)
            return _again(response)

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

    def _page(self, key: Hashable) -> _Page:
        page = self._pages.setdefault(key, _Page())
        self._pages.move_to_end(key)
        if len(self._pages) > _MOST:
            self._pages.popitem(last=False)
        return page

    def _quiet(self, head: int, now: datetime) -> bool:
        if head != self._head or self._since is None or self._since > now:
            self._head, self._since = head, now
        return now - self._since >= QUIET


def _anybodys(request: Request) -> bool:
    return (
        request.method == "GET" and "authorization" not in request.headers and not gate_of(request).jar.came(request, SESSION)
    )


def _key(request: Request) -> Hashable:
    return address_of(request, gate_of(request).public), asked_path(request), request.cookies.get(LANGUAGE_COOKIE)


def _may_be_kept(response: Response) -> bool:
    return response.headers.get("cache-control") == KEEPABLE and "set-cookie" not in response.headers


def _again(kept: Response) -> Response:
    """An answer of its own, since those who send it add headers to it."""
    response = Response(kept.body, kept.status_code)
    response.raw_headers = list(kept.raw_headers)
    return response
