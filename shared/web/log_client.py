"""Another service's log, asked over HTTP for its hashes (`GET /v1/log/links`).

Refuses (`NotAnswered`, in words) whatever is no whole answer of the service that was asked: who does not answer proves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from shared.eventlog.links import At, Links
from shared.eventlog.records import LogIdentity
from shared.projections.record import NotAnswered
from shared.web.upstream import Down, Upstreams

_SECONDS = 10.0
_AT_ONCE = 100


class RemoteLog:
    """The log of a service, behind `CLUBS_URL` and so on."""

    def __init__(self, services: Upstreams, source: str) -> None:
        self._services = services
        self._source = source

    async def links(self, places: Sequence[At]) -> Links:
        """See `LogAnswers.links`."""
        hashes: dict[At, bytes | None] = {}
        identity: LogIdentity | None = None
        for start in range(0, len(places), _AT_ONCE):
            some = places[start : start + _AT_ONCE]
            answer = await self._ask(some)
            try:
                identity = LogIdentity(str(answer["deployment"]), str(answer["log"]))
                found = {(int(each["lane"]), int(each["position"])): each["hash"] for each in answer["links"]}
                hashes |= {at: None if found[at] is None else bytes.fromhex(found[at]) for at in some}
                whose = answer["source"]
            except (KeyError, TypeError, ValueError) as failure:
                raise self._no_answer(type(failure).__name__) from failure
            if whose != self._source:
                raise self._no_answer(f"{whose}")
        if identity is None:
            raise self._no_answer("-")
        return Links(identity, hashes)

    async def _ask(self, places: Sequence[At]) -> Mapping[str, Any]:
        target = "/v1/log/links?at=" + ",".join(f"{lane}:{position}" for lane, position in places)
        try:
            async with asyncio.timeout(_SECONDS):
                status, answer = await self._services.json(self._source, "GET", target, [])
        except (Down, TimeoutError) as failure:
            raise self._no_answer(type(failure).__name__) from failure
        if status != 200:
            raise self._no_answer(str(status))
        return answer

    def _no_answer(self, why: str) -> NotAnswered:
        variable = f"{self._source.upper()}_URL"
        return NotAnswered(
            f"dịch vụ {self._source} không trả lời ({why}); xem {variable} và /ready của nó",
            f"the service {self._source} does not answer ({why}); see {variable} and its /ready",
        )
