"""What a runner does about records that its topic lost: asks for a refill of a lane that stopped, and notices a new topic.

A lane whose gap is still there after the topic was read again is asked for at its service, with growing pauses. A topic that
was deleted and made again has another identity, and so has a partition whose first records were taken away: then it is read
from the beginning, since the old offsets mean nothing, and its lanes are asked for from where each stands. It skips nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from shared.kafka.identity import identities
from shared.kafka.producer import Producer
from shared.kafka.refills import Refill
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.database import Connection, Pool
from shared.kernel.lanes import LANES, partition_of
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane
from shared.projections.progress import Progress

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 600.0
_IDENTITY_SECONDS = 5.0
_UNPROVED_SECONDS = 60.0
"""How long the last record of a lane that rests may stand without a signed head over it before one is asked for."""


class Reading(Protocol):
    """The consumer, as far as it is needed here."""

    @property
    def assigned(self) -> frozenset[tuple[str, int]] | None:
        """The partitions that this member reads."""
        ...

    async def rewind(self, topic: str, partition: int) -> None:
        """Read a partition again from its beginning."""
        ...


class Mender:
    """One a runner. Call `look` often; it does something only when something is amiss."""

    def __init__(self, pool: Pool, bootstrap: str, group: str, *, identity_seconds: float = _IDENTITY_SECONDS) -> None:
        self._pool = pool
        self._bootstrap = bootstrap
        self._group = group
        self._identity_seconds = identity_seconds
        self._next_identity = 0.0
        self._asked: dict[tuple[Lane, str], tuple[Refill, float, float]] = {}
        """What was asked about a lane, when to ask next, and the pause after that."""
        self._producer: Producer | None = None
        self._looking: asyncio.Task[None] | None = None

    def look(self, views: Collection[Progress], consumer: Reading, chain: Chain) -> None:
        """See, beside the runner, whether a lane has stopped or a topic is another one; at most one look at a time."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(views, consumer, chain))

    async def _look(self, views: Collection[Progress], consumer: Reading, chain: Chain) -> None:
        """What fails is tried again with the next look."""
        try:
            await self._ask(self._wanted(views, chain))
            now = asyncio.get_running_loop().time()
            if now >= self._next_identity and consumer.assigned:
                self._next_identity = now + self._identity_seconds
                await self._identities(views, consumer)
        except Exception as failure:  # noqa: BLE001  whatever it is must not end the runner, whose own failures speak for it
            log.warning("Looking after the topics of %s: %s: %s", self._group, type(failure).__name__, failure)

    async def close(self) -> None:
        """Let go of the broker."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        if self._producer is not None:
            await self._producer.close()

    def _wanted(self, views: Iterable[Progress], chain: Chain) -> dict[tuple[Lane, str], Refill]:
        """What there is to ask: lanes that wait for a position, positions with two records, heads that nobody signed yet."""
        found: dict[tuple[Lane, str], Refill] = {}
        for lane, position in chain.contested().items():
            found[lane, "contested"] = self._contest(chain, lane, position)
        for lane, proved in chain.denied().items():
            found.setdefault((lane, "contested"), self._contest(chain, lane, proved + 1))
        missing: dict[Lane, int] = {}
        for progress in views:
            for lane, position in progress.stopped().items():
                missing[lane] = min(position - 1, missing.get(lane, position - 1))
        for lane, after in missing.items():
            if chain.stopped(lane) is None:
                found[lane, "missing"] = Refill(*lane, after, self._group, sign=True)
        for lane in chain.unproved(time.time(), _UNPROVED_SECONDS):
            if not any(one.sign and one.source == lane[0] for one in found.values()):
                found[(lane[0], -1), "sign"] = Refill(*lane, chain.end(lane), self._group, sign=True)
        return found

    def _contest(self, chain: Chain, lane: Lane, position: int) -> Refill:
        """Which record is the log's at this position? What it has from there on comes again with the answer."""
        taken = chain.taken(lane, position)
        return Refill(*lane, position - 1, self._group, contested=position, taken=None if taken is None else taken.hash.hex())

    async def _ask(self, wanted: dict[tuple[Lane, str], Refill]) -> None:
        for about in [about for about in self._asked if about not in wanted]:
            del self._asked[about]
        now, due = asyncio.get_running_loop().time(), list[Refill]()
        for about, refill in wanted.items():
            known = self._asked.get(about)
            if known is None or (known[0] != refill and about[1] != "sign"):
                self._asked[about] = (refill, now + _FIRST_PAUSE, _FIRST_PAUSE)
                due.append(refill)
            elif now >= known[1]:
                pause = min(known[2] * 2, _LONGEST_PAUSE)
                self._asked[about] = (refill, now + pause, pause)
                due.append(refill)
        await self._publish(due)

    async def _publish(self, wanted: Sequence[Refill]) -> None:
        if not wanted:
            return
        if self._producer is None:
            self._producer = Producer(self._bootstrap, client_id="lien-the-refills")
        log.warning("%s asks: %s", self._group, wanted)
        await self._producer.publish([refill.record() for refill in wanted])

    async def _identities(self, views: Collection[Progress], consumer: Reading) -> None:
        found = await asyncio.to_thread(identities, self._bootstrap, consumer.assigned or ())
        async with self._pool.acquire() as connection:
            fresh = await _replaced(connection, self._group, [(*where, identity) for where, identity in found.items()])
        if not fresh:
            return
        log.error("Topics of %s were made anew or lost records; read from the beginning: %s", self._group, fresh)
        for topic, partition in fresh:
            await consumer.rewind(topic, partition)
        await self._publish([Refill(*lane, after, self._group, sign=True) for lane, after in _standing(views, fresh).items()])


async def _replaced(connection: Connection, reader: str, found: list[tuple[str, int, str]]) -> list[tuple[str, int]]:
    """Remember the identities of these partitions; answers those that had another, whose offsets are forgotten."""
    async with connection.transaction():
        rows = await connection.fetch(
            """with now as (
                select $4::text as reader, w.*
                from unnest($1::text[], $2::int[], $3::text[]) as w (topic, partition, identity)),
            before as (select t.* from projection.topic_identities t join now using (reader, topic, partition) for update of t),
            kept as (
                insert into projection.topic_identities select * from now
                on conflict (reader, topic, partition) do update set identity = excluded.identity
                where projection.topic_identities.identity <> excluded.identity)
            select now.topic, now.partition from now join before using (topic, partition)
            where now.identity <> before.identity""",
            [topic for topic, _, _ in found],
            [partition for _, partition, _ in found],
            [identity for _, _, identity in found],
            reader,
        )
        fresh = [(row["topic"], row["partition"]) for row in rows]
        if fresh:
            await connection.execute(
                """delete from projection.offsets o using unnest($1::text[], $2::int[]) as w (topic, partition)
                where o.topic = w.topic and o.partition = w.partition""",
                [topic for topic, _ in fresh],
                [partition for _, partition in fresh],
            )
    return fresh


def _standing(views: Iterable[Progress], fresh: Iterable[tuple[str, int]]) -> dict[Lane, int]:
    """Where the slowest view stands in each lane of these partitions."""
    places = set(fresh)
    found: dict[Lane, int] = {}
    for progress in views:
        for source in progress.view.sources:
            for lane in range(LANES):
                if (topic_of(source), partition_of(lane, PARTITIONS)) in places:
                    reached = progress.positions.get((source, lane), 0)
                    found[source, lane] = min(reached, found.get((source, lane), reached))
    return found
