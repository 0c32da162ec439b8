"""Answers requests for a refill: publishes a lane again from the store after the position that a reader has reached.

Guarantees that a lane which does not heal is not published again and again: each answer to the same request doubles the pause
before the next, up to ten minutes. Requests that come together are answered together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.producer import PublishFailed
from shared.kafka.refills import Refill, Requests
from shared.kernel.database import Pool
from shared.relay.republish import republish_lanes

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 600.0
_RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Answered:
    after: int
    next_at: float
    pause: float


class Allowance:
    """Which requests may be answered now. The same lane from the same position on waits twice as long each time."""

    def __init__(self) -> None:
        self._answered: dict[int, _Answered] = {}

    def allows(self, lane: int, after: int, now: float) -> bool:
        """Whether to answer; if so, that is remembered."""
        before = self._answered.get(lane)
        if before is None or after > before.after or now > before.next_at + _LONGEST_PAUSE:
            pause = _FIRST_PAUSE
        elif now < before.next_at:
            return False
        else:
            pause = min(before.pause * 2, _LONGEST_PAUSE)
        furthest = after if before is None else max(after, before.after)
        self._answered[lane] = _Answered(furthest, now + pause, pause)
        return True


class Refiller:
    """Listens for the requests to one service as long as its relay runs."""

    def __init__(self, pool: Pool, source: str, bootstrap: str, working: Callable[[], bool] = lambda: True) -> None:
        """`working`: whether the relay of this process holds lanes; one that stands by leaves the answers to the other."""
        self._pool = pool
        self._source = source
        self._bootstrap = bootstrap
        self._working = working
        self._stopping = asyncio.Event()
        self._allowance = Allowance()
        self.sent = 0
        """How many events were published again since the start."""

    async def run(self) -> None:
        """Run until `stop` is called. The broker and the database may be away at any time."""
        requests = await asyncio.to_thread(Requests, self._bootstrap, self._source)
        try:
            while not self._stopping.is_set():
                try:
                    await self._answer(await asyncio.to_thread(requests.waiting, _POLL_SECONDS))
                except (
                    *BROKER_FAILURES,
                    PublishFailed,
                    asyncpg.PostgresError,
                    asyncpg.InterfaceError,
                    asyncpg.InternalClientError,
                    OSError,
                    RuntimeError,
                ) as failure:
                    log.warning("A refill of %s failed (%s); who lacks it asks again", self._source, failure)
                    await self._wait(_RETRY_SECONDS)
        finally:
            await asyncio.to_thread(requests.close)

    async def stop(self) -> None:
        """Ask `run` to finish the answer in hand and return."""
        self._stopping.set()

    async def _answer(self, refills: list[Refill]) -> None:
        if not refills or not self._working():
            return
        wanted: dict[int, int] = {}
        for refill in refills:
            wanted[refill.lane] = min(refill.after, wanted.get(refill.lane, refill.after))
        now = asyncio.get_running_loop().time()
        allowed = {lane: after for lane, after in wanted.items() if self._allowance.allows(lane, after, now)}
        if not allowed:
            return
        asking = ", ".join(sorted({refill.by for refill in refills}))
        log.warning("%s asks for %d lanes of %s again: %s", asking, len(allowed), self._source, allowed)
        sent = await republish_lanes(self._pool, self._source, self._bootstrap, allowed)
        self.sent += sent
        log.info("Published %d events of %s again", sent, self._source)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
