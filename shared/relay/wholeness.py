"""Sees that the topic holds what was published: if it was deleted and made anew, wiped, cut off at its end or at its
beginning, its lanes begin again from the first position.

Guarantees that a loss is noticed before anything is published by a new claim or after a failure, and else within seconds; that
it is told in words; and that nobody marks as published what only the lost records held. A broker that is away, or a topic that
does not exist just now, is no loss. Records that are still there stay: a reader meets those events twice. Refuses to fill a
partition again and again without a pause.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from shared.kafka.identity import Standing
from shared.kafka.producer import PublishFailed
from shared.kafka.record import Placed
from shared.kernel.lanes import partition_of
from shared.relay.ports import Held, Known, Publisher, Session

log = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0
_PATIENCE_SECONDS = 6.0
"""How long publishing waits for a look that should come first."""
_DATABASE_SECONDS = 15.0
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 600.0


@dataclass(frozen=True, slots=True)
class Anew:
    """These partitions begin anew; `held` are the claims that went on, `gone` those that another relay has now."""

    partitions: frozenset[int]
    of: int
    held: Mapping[int, Held]
    gone: frozenset[int]


class Wholeness:
    """Looks after the topic of one carrier. Used by its loop alone, between two batches."""

    def __init__(self, publisher: Publisher, topic: str) -> None:
        self._publisher = publisher
        self._topic = topic
        self._known: dict[int, Known] = {}
        self._asked: dict[int, Known] = {}
        """What was known when the present look began: what is published meanwhile it need not have seen."""
        self._shrunk: dict[int, int] = {}
        """Partitions whose records came to stand lower than they may, and under which count of fills that was."""
        self._looking: asyncio.Task[Mapping[int, Standing]] | None = None
        self._next = 0.0
        self._first = True
        self._amiss: frozenset[int] = frozenset()
        """Partitions that lost something and wait for their pause: what is known of them stays, since it shows the loss."""
        self._paces: dict[int, tuple[float, float]] = {}
        self._targets: dict[int, int] = {}
        self.fills = 0
        """How often a partition was filled again since the process started."""
        self.why = ""
        """What the topic had lost, in words."""
        self._strange: dict[int, int] = {}
        self.on_strange: list[Callable[[], None]] = []
        """Called when a partition holds records that this relay did not put there: a repetition, or a stranger's."""

    def demand(self) -> None:
        """Look before the next batch: lanes were just claimed, or a batch failed."""
        self._drop()
        self._next, self._first = 0.0, True

    async def look(self, session: Session, held: Mapping[int, Held]) -> Anew | None:
        """Begin a look when it is time, and act on one that has ended. May raise what the session raises."""
        now = asyncio.get_running_loop().time()
        if self._looking is None:
            if not held or now < self._next:
                return None
            async with asyncio.timeout(_DATABASE_SECONDS):
                self._known = await session.topics()
            self._next, self._asked = now + _LOOK_SECONDS, dict(self._known)
            self._looking = asyncio.create_task(self._standings(), name=f"look at {self._topic}")
        if self._first:
            self._first = False
            await asyncio.wait({self._looking}, timeout=_PATIENCE_SECONDS)
        if not self._looking.done():
            return None
        found = self._looking.result()
        self._looking = None
        async with asyncio.timeout(_DATABASE_SECONDS):
            return await self._act(session, held, found, now)

    def placed(self, placed: Mapping[tuple[str, int], Placed], lasts: Mapping[int, str]) -> dict[int, Known]:
        """Where a batch came to stand, and the hash of its last event in each partition: what its mark has to remember."""
        ends: dict[int, Known] = {}
        for (topic, partition), where in placed.items():
            known = self._known.get(partition)
            if topic != self._topic or known is None:
                continue
            if where.first < known.next_offset:
                self._shrunk[partition] = known.fills
                self.demand()
            elif partition not in self._amiss and where.next > known.next_offset:
                known = replace(known, next_offset=where.next, last=lasts.get(partition, ""))
                ends[partition] = self._known[partition] = known
        return ends

    def filling(self, held: Mapping[int, Held]) -> int:
        """How many events the topic still lacks of those that it had, as far as this relay publishes them."""
        if self._targets:
            self._targets = {n: end for n, end in self._targets.items() if n in held and held[n].position < end}
            if not self._targets:
                log.warning("The topic %s holds again what it had", self._topic)
        return sum(end - held[lane].position for lane, end in self._targets.items())

    def close(self) -> None:
        """The session ended: what is known now is known no more."""
        self._drop()
        self._known, self._shrunk, self._amiss = {}, {}, frozenset()
        self.demand()

    def _drop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _standings(self) -> Mapping[int, Standing]:
        try:
            ends = {partition: known.next_offset for partition, known in self._asked.items() if known.last}
            return await self._publisher.standings(self._topic, ends)
        except PublishFailed as failure:
            log.info("The broker does not say what %s holds: %s", self._topic, failure)
            return {}

    async def _act(self, session: Session, held: Mapping[int, Held], found: Mapping[int, Standing], now: float) -> Anew | None:
        if found.keys() - self._known.keys():
            await session.remember(found)
            self._known = self._asked = await session.topics()
        self._look_for_strangers(found)
        amiss = {partition: why for partition, standing in found.items() if (why := self._wrong(partition, standing))}
        self._amiss = frozenset(amiss)
        reasons = {partition: why for partition, why in amiss.items() if now >= self._paces.get(partition, (0.0, 0.0))[0]}
        if not reasons:
            return None
        self.why = "; ".join(f"partition {partition} {why}" for partition, why in sorted(reasons.items()))
        log.error("The topic %s lacks what the log has (%s): published again from position 1 on", self._topic, self.why)
        lost = {partition: found[partition] for partition in reasons}
        known, claims = await session.begin_anew(lost, self._asked, len(found), held)
        self._known |= known
        self._amiss -= known.keys()
        self.fills += len(known)
        self._shrunk = {partition: fills for partition, fills in self._shrunk.items() if partition not in known}
        if known.keys() != lost.keys():
            self._next = 0.0  # another relay was faster: what it has seen is read with the next look
        for partition in known:
            again, pause = self._paces.get(partition, (0.0, 0.0))
            pause = _FIRST_PAUSE if now > again + 10 * pause else min(pause * 2, _LONGEST_PAUSE)
            self._paces[partition] = (now + pause, pause)
        mine = {lane for lane in held if partition_of(lane, len(found)) in known}
        for lane in claims:
            self._targets[lane] = max(held[lane].position, self._targets.get(lane, 0))
        return Anew(frozenset(known), len(found), claims, frozenset(mine - claims.keys()))

    def _look_for_strangers(self, found: Mapping[int, Standing]) -> None:
        """Records after the last that was published here: told once."""
        more = {
            partition: standing.end
            for partition, standing in found.items()
            if (known := self._known.get(partition)) is not None
            and known.identity == standing.identity
            and standing.end > max(known.next_offset, self._strange.get(partition, 0))
        }
        if more:
            self._strange |= more
            log.warning("The topic %s holds records that this relay did not put there: %s", self._topic, more)
            for told in self.on_strange:
                told()

    def _wrong(self, partition: int, standing: Standing) -> str:
        """What a partition has lost, in words; empty if nothing."""
        known = self._asked.get(partition)
        if known is None:
            return "is not known, though events were published"
        if known.identity != standing.identity:
            same = known.identity.partition("@")[0] == standing.identity.partition("@")[0]
            return "has lost its first records" if same else "is another one than before, its topic was made anew"
        if standing.end < known.next_offset:
            return f"ends at offset {standing.end}, though records were acknowledged up to {known.next_offset - 1}"
        if self._shrunk.get(partition) == known.fills:
            return "took new records where acknowledged ones had been: its end was cut off"
        if known.last and standing.last and standing.last != known.last:
            return f"holds another record at offset {known.next_offset - 1} than the one that was acknowledged"
        return ""
