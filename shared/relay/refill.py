"""Answers requests for a refill: publishes a lane again from the store after the position that a reader has reached, and has a
fresh checkpoint signed, by which the reader sees where the log ends. Where a reader has two records that follow at a position,
it also rules, for ever and signed, which of them is the log's.

Guarantees that a lane which does not heal is not published again and again: each answer to the same request doubles the pause
before the next, up to ten minutes. Requests that come together are answered together. Refuses to answer from a log that is not
healthy, and rules only of what the store can vouch for (`rule`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.eventlog.checkpoints import BadCheckpoint
from shared.eventlog.failures import DATABASE_FAILURES
from shared.eventlog.signing import SigningKey
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.producer import PublishFailed
from shared.kafka.refills import Refill, Requests
from shared.kernel.database import Pool
from shared.relay.republish import published, republish
from shared.relay.rule import rule
from shared.relay.signer import mirror

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 600.0
_LONGEST_CONTEST = 30.0
"""Between two rulings about a lane: whoever contests position after position gets them one by one."""
_RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Answered:
    after: int
    next_at: float
    pause: float


class Allowance:
    """Which requests may be answered now. The same lane from the same position on waits twice as long each time."""

    def __init__(self, longest: float = _LONGEST_PAUSE) -> None:
        self._longest = longest
        self._answered: dict[int, _Answered] = {}

    def allows(self, lane: int, after: int, now: float) -> bool:
        """Whether to answer; if so, that is remembered."""
        before = self._answered.get(lane)
        if before is None or after > before.after or now > before.next_at + self._longest:
            pause = _FIRST_PAUSE
        elif now < before.next_at:
            return False
        else:
            pause = min(before.pause * 2, self._longest)
        furthest = after if before is None else max(after, before.after)
        self._answered[lane] = _Answered(furthest, now + pause, pause)
        return True


@dataclass(frozen=True, slots=True)
class Seal:
    """What a refiller signs rulings with, the file where they are kept, and whom it asks for a fresh checkpoint."""

    key: SigningKey
    file: Path
    now: Callable[[], None]


class Refiller:
    """Listens for the requests to one service as long as its relay runs."""

    def __init__(
        self,
        pool: Pool,
        source: str,
        bootstrap: str,
        working: Callable[[], bool] = lambda: True,
        *,
        healthy: Callable[[], bool] = lambda: True,
        seal: Seal | None = None,
    ) -> None:
        """`working`: whether the relay of this process holds lanes; one that stands by leaves the answers to the other.

        `healthy`: whether the log holds all that was published of it; one that does not answers nothing.
        """
        self._pool = pool
        self._source = source
        self._bootstrap = bootstrap
        self._working = working
        self._healthy = healthy
        self._seal = seal
        self._stopping = asyncio.Event()
        self._allowance = Allowance()
        self._contested = Allowance(_LONGEST_CONTEST)
        self.sent = 0
        """How many events were published again since the start."""

    async def run(self) -> None:
        """Run until `stop` is called. The broker and the database may be away at any time."""
        requests = await asyncio.to_thread(Requests, self._bootstrap, self._source)
        try:
            while not self._stopping.is_set():
                try:
                    if await asyncio.to_thread(requests.over):
                        await asyncio.to_thread(requests.close)
                        requests = await asyncio.to_thread(Requests, self._bootstrap, self._source)
                    await self._answer(await asyncio.to_thread(requests.waiting, _POLL_SECONDS))
                except (*BROKER_FAILURES, *DATABASE_FAILURES, PublishFailed, RuntimeError, BadCheckpoint) as failure:
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
        asking = ", ".join(sorted({refill.by for refill in refills}))
        if not self._healthy():
            log.error("%s asks for events of %s, whose log is not healthy: no answer", asking, self._source)
            return
        ends = await published(self._pool, {refill.lane for refill in refills})
        now = asyncio.get_running_loop().time()
        allowed = await self._rule([one for one in refills if one.contested is not None], now)
        wanted: dict[int, int] = {}
        for refill in refills:  # what is contested comes with its ruling, or not at all
            if refill.after < ends.get(refill.lane, 0) and refill.contested is None:
                wanted[refill.lane] = min(refill.after, wanted.get(refill.lane, refill.after))
        for lane, after in wanted.items():
            if self._allowance.allows(lane, after, now):
                allowed[lane] = min(after, allowed.get(lane, after))
        if allowed:
            log.warning("%s asks for %d lanes of %s again: %s", asking, len(allowed), self._source, allowed)
            sent = await republish(self._pool, self._source, self._bootstrap, allowed)
            self.sent += sent
            log.info("Published %d events of %s again", sent, self._source)
        if self._seal is not None and (allowed or any(refill.sign for refill in refills)):
            self._seal.now()

    async def _rule(self, contested: list[Refill], now: float) -> dict[int, int]:
        """Rule where readers have two records that follow; answers which lanes to publish again, after which position.

        The ruling goes out first, so that the reader knows it when the record comes.
        """
        after: dict[int, int] = {}
        if self._seal is None:
            return after
        key, file, ruled = self._seal.key, self._seal.file, False
        for refill in sorted(contested, key=lambda one: (one.lane, one.contested or 0)):
            position = refill.contested or 0
            if not self._contested.allows(refill.lane, 0, now):
                continue
            by = f"the log of {self._source}, asked by {refill.by}"
            taken = None if refill.taken is None else bytes.fromhex(refill.taken)
            ruling = await rule(self._pool, self._source, key, file, refill.lane, position, by, taken=taken)
            ruled = ruled or ruling is not None
            if ruling is not None and ruling.stands:
                after.setdefault(refill.lane, position - 1)
        if ruled:
            await mirror(self._source, file, self._bootstrap)
            self._seal.now()
        return after

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
