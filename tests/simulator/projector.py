"""A projector of the simulation: what `shared.projections.runner.Runner` does, with the memory group and the memory stores.

Everything that decides is the real code: `take_over`, `fold_batch`, `Progress`, `Chain`, `Hearing`, `Watch`, `Questions`. Only
the carrying is written anew here: the loops of `Runner`, `Auditor` and `Mender`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.kafka.record import Partition, Received
from shared.kafka.refills import Refill
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.lanes import partition_of
from shared.projections.batches import fold_batch, take_over
from shared.projections.chain import Chain
from shared.projections.checkpoints import Fenced, Lane, lanes_of
from shared.projections.failures import will_pass
from shared.projections.hearing import Hearing
from shared.projections.links import Link
from shared.projections.memory_decisions import MemoryDecisions
from shared.projections.memory_tables import MemoryDatabase
from shared.projections.progress import Limits, Progress
from shared.projections.questions import Questions, standing
from shared.projections.store import Stores
from shared.projections.watch import Watch
from tests.simulator.broker import MemoryBroker, Where
from tests.simulator.member import Member
from tests.simulator.notary import KEY

_TICK = 0.25
_POLL = 0.5
_IDENTITY_SECONDS = 2.0
_FENCED_PATIENCE = 3
_UNPROVED_SECONDS = 5.0

Fold = Callable[[Stores, Progress, Sequence[Received], Chain], Any]


@dataclass(frozen=True)
class Reading:
    """What a projector is made of."""

    broker: MemoryBroker
    stores: Stores
    database: MemoryDatabase
    views: Sequence[Any]
    fold: Fold = fold_batch
    sources: Sequence[str] = field(default=())


class Projector:
    """One member of the group with its views. `chain` is what this process knows of the logs."""

    def __init__(self, reading: Reading, chain: Chain) -> None:
        self._broker = reading.broker
        self._stores = reading.stores
        self._fold = reading.fold
        self.chain = chain
        self.progress = [Progress(view, Limits(gap_seconds=1.0)) for view in reading.views]
        self._database = reading.database
        self._decisions = MemoryDecisions(reading.database)
        self._restarts: dict[str, int] = {}
        self.hearing = Hearing(self._decisions, reading.sources, chain, KEY.public, self._find)
        self.watch = Watch(chain)
        self._questions = Questions("reporting", unproved_seconds=_UNPROVED_SECONDS)
        self._next_identity = 0.0
        self._met: dict[Where, str] = {}
        self._fresh: set[Where] = set()
        self._heard = asyncio.Event()
        self._partitions: tuple[Partition, ...] = ()
        self._fenced = 0
        topics = sorted({topic_of(source) for view in reading.views for source in view.sources})
        self.member = Member(self._broker, topics, self._handle, self._given)

    def red(self) -> list[str]:
        """What a person would read."""
        views = [reason for progress in self.progress for reason in progress.status().red]
        return [*views, *self.watch.red(), *self.watch.unknown(), *self.hearing.strangers.values()]

    def identity(self, where: Where) -> str:
        """What a partition is now."""
        return f"{where[0]}-{self._broker.generations[where[0]]}"

    async def run(self) -> None:
        """Until the process ends."""
        auditing = asyncio.ensure_future(self._audit())
        await self._heard.wait()
        reading = asyncio.ensure_future(self.member.run())
        while not (reading.done() or auditing.done()):
            await asyncio.sleep(_TICK)
            await self._look_after_chain()
            for progress in self.progress:
                for topic, partition in progress.partitions_to_read_again(self.watch.held):
                    self.member.rewind(topic, partition)
            await self._read_anew()
            self._ask(self._questions.due(self.progress, self.chain))
            await self._identities()
        await (reading if reading.done() else auditing)

    async def _audit(self) -> None:
        """What `Auditor.run` does."""
        while True:
            try:
                await self.hearing.load()
                await self._listen()
            except Exception as failure:
                if not will_pass(failure):
                    raise
                await asyncio.sleep(_POLL)

    async def _listen(self) -> None:
        starts, logs = await self.hearing.starts(), self._broker.logs
        at = {(topic, 0): starts.get((topic, 0), 0) for topic in self.hearing.topics}
        while True:
            if not self._broker.down:
                records = [record for where, start in at.items() for record in logs[where][start:]]
                await self.hearing.hear(records)
                if records:
                    at.update({(record.topic, record.partition): record.offset + 1 for record in records})
                self._heard.set()
            await asyncio.sleep(_POLL)

    async def _find(self, lane: Lane, taken: Link) -> Received | None:
        records = self._broker.logs[topic_of(lane[0]), partition_of(lane[1], PARTITIONS)]
        return records[taken.offset] if taken.offset < len(records) else None

    async def _look_after_chain(self) -> None:
        if self.hearing.overruled:
            await self._take_back()
        for topic, partition in self.watch.look(self.progress):
            self.member.rewind(topic, partition)

    async def _take_back(self) -> None:
        overruled = list(self.hearing.overruled)
        try:
            await self._claim_anew()
        except Exception as failure:
            if not will_pass(failure):
                raise
            return
        for one in overruled:
            self.hearing.overruled.remove(one)
            self.chain.taken_back(one)

    async def _read_anew(self) -> None:
        """What `follow` does about policies that were made to read anew."""
        if self._partitions and self._restarts != self._database.rows("restarts"):
            try:
                await self._claim_anew()
            except Exception as failure:
                if not will_pass(failure):
                    raise

    def _ask(self, refills: Sequence[Refill]) -> None:
        for refill in refills:
            if not self._broker.down:
                self._broker.put(refill.record())

    async def _identities(self) -> None:
        """What `Mender` does when a topic was made anew: its old offsets mean nothing."""
        if self._broker.down:
            return
        fresh, self._fresh = self._fresh, set[Where]()
        self._ask([Refill(*lane, after, "reporting", sign=True) for lane, after in standing(self.progress, fresh).items()])
        now = asyncio.get_running_loop().time()
        if now >= self._next_identity:
            self._next_identity = now + _IDENTITY_SECONDS
            if any(self.identity(where) != identity for where, identity in self._met.items()):
                self._met = {where: self.identity(where) for where in self._met}
                self.member.renew()

    async def _given(self, partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        starts = await self._assigned(partitions)
        found = {(p.topic, p.partition): self.identity((p.topic, p.partition)) for p in partitions}
        fresh = set(await self._decisions.replaced("reporting", found))
        self._met |= found
        self._fresh |= fresh
        return {where: offset for where, offset in starts.items() if where not in fresh}

    async def _assigned(self, partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        starts: dict[tuple[str, int], int] = {}
        self._restarts = dict(self._database.rows("restarts"))
        for progress in self.progress:
            progress.spoiled = await self._decisions.spoiled(progress.view.name, progress.view.version)
        for progress in self.progress:
            starts = await take_over(self._stores, progress, partitions, starts)
        await self.hearing.take_over(lanes_of(partitions))
        self._partitions, self._fenced = tuple(partitions), 0
        return {where: offset for where, offset in starts.items() if offset > 0}

    async def _claim_anew(self) -> None:
        starts = await self._assigned(self._partitions)
        for topic, partition, _ in self._partitions:
            self.member.rewind(topic, partition, starts.get((topic, partition), 0))

    async def _handle(self, records: Sequence[Received]) -> None:
        self.chain.begin()
        for progress in self.progress:
            try:
                await self._fold(self._stores, progress, records, self.chain)
            except Fenced:
                self._fenced += 1
                held = self.member.holds >= {(p.topic, p.partition) for p in self._partitions}
                if self._fenced <= _FENCED_PATIENCE or not held:
                    raise
                await self._claim_anew()
            for where, offset in progress.unjudged().items():
                self.member.rewind(*where, offset)
        self._fenced = 0
