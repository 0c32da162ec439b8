"""What a runner does about records that its topic lost: asks for a refill of a lane that stopped, and notices a new topic.

A lane whose gap is still there after the topic was read again is asked for at its service, with growing pauses. A topic that
was deleted and made again has another identity, and so has a partition whose first records were taken away: then it is read
from the beginning, since the old offsets mean nothing, and its lanes are asked for from where each stands. It skips nothing:
what a partition is, is compared before anything is read at an old offset, and then every few seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import Protocol

from shared.kafka.identity import Where, identities
from shared.kafka.producer import Producer
from shared.kafka.refills import Refill
from shared.kafka.topics import PARTITIONS
from shared.kernel.database import Pool
from shared.projections.chain import Chain
from shared.projections.progress import Progress
from shared.projections.questions import Questions, standing
from shared.projections.rulings import PostgresDecisions

log = logging.getLogger(__name__)

_IDENTITY_SECONDS = 5.0
_LOST_LOOKS = 6
"""After so many looks in which a client was in no group another one takes its place."""


class Reading(Protocol):
    """The consumer, as far as it is needed here."""

    @property
    def assigned(self) -> frozenset[tuple[str, int]] | None:
        """The partitions that this member reads."""
        ...

    async def renew(self) -> None:
        """Read with another client, from where the views stand or from the beginning of what was made anew."""
        ...

    async def rewind(self, topic: str, partition: int) -> None:
        """Read a partition again from its beginning."""
        ...


class Mender:
    """One a runner. Call `look` often; it does something only when something is amiss."""

    def __init__(self, pool: Pool, bootstrap: str, group: str, topics: Collection[str]) -> None:
        self._decisions = PostgresDecisions(pool)
        self._bootstrap = bootstrap
        self._group = group
        self._questions = Questions(group)
        self._next_identity = 0.0
        self._partitions = [(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._met: dict[Where, str] = {}
        """What the partitions were when this client was made, or when they were seen first since."""
        self._given_nothing = False
        """Whether this client is the second in a row that was given no partition though there are topics: then others have them
        all. The first may have joined while the topics were being made, and is not told when they are there."""
        self._lost = 0
        """In how many looks at a broker that answers this client was in no group."""
        self._fresh: set[Where] = set()
        """Partitions that were made anew and whose lanes are not asked for yet."""
        self._producer: Producer | None = None
        self._looking: asyncio.Task[None] | None = None

    def look(self, views: Collection[Progress], consumer: Reading, chain: Chain) -> None:
        """See, beside the runner, whether a lane has stopped or a topic is another one; at most one look at a time."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(views, consumer, chain))

    async def take_over(self, partitions: Collection[Where]) -> set[Where]:
        """Those of the partitions that are others than any process of the group has read; call it when they are claimed, and
        before they are read. May raise what the broker and the database raise."""
        found = await asyncio.to_thread(identities, self._bootstrap, partitions)
        fresh = set(await self._decisions.replaced(self._group, found))
        self._met = found | self._met  # what the client met is for `_identities` to compare
        self._fresh |= fresh
        return fresh

    async def _look(self, views: Collection[Progress], consumer: Reading, chain: Chain) -> None:
        """What fails is tried again with the next look."""
        try:
            await self._publish(self._questions.due(views, chain))
            if self._fresh:
                await self._ask_for_fresh(views)
            now = asyncio.get_running_loop().time()
            if now >= self._next_identity:
                self._next_identity = now + _IDENTITY_SECONDS
                await self.compare(consumer)
        except Exception as failure:  # noqa: BLE001  whatever it is must not end the runner, whose own failures speak for it
            log.warning("Looking after the topics of %s: %s: %s", self._group, type(failure).__name__, failure)

    async def close(self) -> None:
        """Let go of the broker."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        if self._producer is not None:
            await self._producer.close()

    async def _publish(self, wanted: Sequence[Refill]) -> None:
        if not wanted:
            return
        if self._producer is None:
            self._producer = Producer(self._bootstrap, client_id="lien-the-refills")
        log.warning("%s asks: %s", self._group, wanted)
        await self._producer.publish([refill.record() for refill in wanted])

    async def _ask_for_fresh(self, views: Collection[Progress]) -> None:
        fresh = set(self._fresh)
        log.error("Topics of %s were made anew or lost records; read from the beginning: %s", self._group, sorted(fresh))
        await self._publish([Refill(*lane, after, self._group, sign=True) for lane, after in standing(views, fresh).items()])
        self._fresh -= fresh

    async def compare(self, consumer: Reading) -> None:
        """Another client takes over anew where anything is another one than this one met. May raise what the broker raises."""
        found = await asyncio.to_thread(identities, self._bootstrap, self._partitions)
        anew = any(found.get(where, identity) != identity for where, identity in self._met.items())
        nothing = consumer.assigned is not None and not consumer.assigned
        self._lost = self._lost + 1 if consumer.assigned is None and found else 0
        if anew or (nothing and found and not self._given_nothing) or self._lost > _LOST_LOOKS:
            self._lost = 0
            await consumer.renew()
            self._met |= found
        else:
            self._met = found | self._met
        self._given_nothing = nothing and bool(found)
