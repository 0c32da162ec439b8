"""Reads on Kafka what the logs sign: which log each one is, how far it was, what was decided about a position.

Every reader loads it before it reads, and hears of what is new within half a second. What it makes of a statement is in
`hearing`. What was decided is kept in the database, with the builds that had taken what is ruled out: views among them wait to
be rebuilt, policies read anew (what they did is listed, not undone).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from shared.eventlog.signing import PublicKey
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.identity import Lasting
from shared.kafka.independent import record_at
from shared.kafka.record import Received
from shared.kafka.tail import Tail
from shared.kafka.topics import topic_of
from shared.kernel.database import Pool
from shared.kernel.lanes import partition_of
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane
from shared.projections.failures import will_pass
from shared.projections.hearing import Hearing
from shared.projections.links import Link
from shared.projections.rulings import PostgresDecisions

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_READER = "what the logs sign"
"""Under this name it is remembered which topics of checkpoints were read."""
_PRUNE_SECONDS = 30.0


class Auditor:
    """One a process that reads. `writes`: whether it keeps what it hears; one beside the live runner does not."""

    def __init__(
        self,
        pool: Pool,
        bootstrap: str,
        sources: Sequence[str],
        chain: Chain,
        public: PublicKey | None,
        *,
        partitions: int,
        writes: bool = True,
    ) -> None:
        self._bootstrap = bootstrap
        self._partitions = partitions
        self._next_prune = 0.0
        self._writes = writes
        self._decisions = PostgresDecisions(pool)
        self.hearing = Hearing(self._decisions, sources, chain, public, self._record, writes=writes)
        self.failure: str | None = None
        """Why what the logs sign cannot be read just now, in words."""
        self.heard = asyncio.Event()
        """Set when everything that had been said before the start is known."""

    async def run(self) -> None:
        """What the database knows first, then listen until cancelled. The broker and the database may be away at any time.

        Whenever listening begins again, since it begins where any process of the service has heard all: what that one kept.
        """
        while True:
            try:
                await self.hearing.load()
                await self._listen()
            except Exception as failure:
                if not (isinstance(failure, BROKER_FAILURES) or will_pass(failure)):
                    raise
                self.failure = f"{type(failure).__name__}: {failure}"
                log.warning("Cannot read what the logs sign (%s); again soon", self.failure)
                await asyncio.sleep(_POLL_SECONDS)

    async def _listen(self) -> None:
        places = [(topic, 0) for topic in self.hearing.topics]
        lasting = await asyncio.to_thread(Lasting, self._bootstrap, places)
        anew = await self._decisions.replaced(_READER, lasting.met) if self._writes else ()
        starts = {where: offset for where, offset in (await self.hearing.starts()).items() if where not in anew}
        async with Tail(self._bootstrap, self.hearing.topics, starts) as tail:
            ends = await tail.ends()
            waited = {where for where, end in ends.items() if end > starts.get(where, 0)}
            while True:
                if not waited:
                    self.heard.set()
                records = await tail.read(500, _POLL_SECONDS)
                self.failure = None
                await self.hearing.hear(records)
                if records:
                    reached = {(record.topic, record.partition): record.offset + 1 for record in records}
                    waited -= {where for where, after in reached.items() if after >= ends.get(where, 0)}
                if await asyncio.to_thread(lasting.over):
                    log.warning("The topics of what the logs sign were made anew: read from their beginning")
                    return
                now = asyncio.get_running_loop().time()
                if now >= self._next_prune:
                    self._next_prune = now + _PRUNE_SECONDS
                    await self.hearing.prune()

    async def _record(self, lane: Lane, taken: Link) -> Received | None:
        """The record that had been taken, if the topic still holds it."""
        partition = partition_of(lane[1], self._partitions)
        return await asyncio.to_thread(record_at, self._bootstrap, topic_of(lane[0]), partition, taken.offset)
