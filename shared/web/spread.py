"""A transport that spreads requests over several pools of connections to one service.

Measured: for every request the pool of httpcore looks at each of its connections, and asks the operating system about each that
is idle; with fifty connections that was more than half of what the front address did. Small pools have little to look at.
"""

from __future__ import annotations

from itertools import cycle
from types import TracebackType

import httpx

POOLS = 16


class Spread(httpx.AsyncBaseTransport):
    """As many pools as `POOLS`, taken in turn. `limits` are those of all of them together."""

    def __init__(self, limits: httpx.Limits) -> None:
        each = httpx.Limits(
            max_connections=_share(limits.max_connections),
            max_keepalive_connections=_share(limits.max_keepalive_connections),
            keepalive_expiry=limits.keepalive_expiry,
        )
        self._pools = [httpx.AsyncHTTPTransport(limits=each, trust_env=False) for _ in range(POOLS)]
        self._next = cycle(self._pools)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """By the next pool."""
        return await next(self._next).handle_async_request(request)

    async def __aenter__(self) -> Spread:
        for pool in self._pools:
            await pool.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        for pool in self._pools:
            await pool.__aexit__(exc_type, exc_value, traceback)

    async def aclose(self) -> None:
        """All pools."""
        for pool in self._pools:
            await pool.aclose()


def _share(limit: int | None) -> int | None:
    return None if limit is None else -(-limit // POOLS)
