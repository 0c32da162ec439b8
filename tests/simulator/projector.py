"""A projector of the simulation: what `shared.projections.runner.Runner` does, with the memory group and the memory stores.

Everything that decides is the real code: `take_over`, `fold_batch`, `Progress`, `Chain`. Only the carrying is written anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.kafka.record import Partition, Received
from shared.kafka.topics import topic_of
from shared.projections.batches import fold_batch, take_over
from shared.projections.chain import Chain, Link
from shared.projections.checkpoints import Fenced, lanes_of
from shared.projections.memory import MemoryDatabase
from shared.projections.progress import Limits, Progress
from shared.projections.store import Stores
from tests.simulator.broker import Member, MemoryBroker

_TICK = 0.25
_FENCED_PATIENCE = 3

Fold = Callable[[Stores, Progress, Sequence[Received], Chain], Any]


class Projector:
    """One member of the group with its views."""

    def __init__(
        self,
        broker: MemoryBroker,
        stores: Stores,
        database: MemoryDatabase,
        views: Sequence[Any],
        chain: Chain,
        fold: Fold = fold_batch,
    ) -> None:
        """`chain` is what this process knows of the logs."""
        self._stores = stores
        self._database = database
        self._chain = chain
        self._fold = fold
        self._progress = [Progress(view, Limits(gap_seconds=1.0)) for view in views]
        self._partitions: tuple[Partition, ...] = ()
        self._fenced = 0
        topics = sorted({topic_of(source) for view in views for source in view.sources})
        self.member = Member(broker, topics, self._handle, self._assigned)

    async def run(self) -> None:
        """Until the process ends."""
        reading = asyncio.ensure_future(self.member.run())
        while not reading.done():
            await asyncio.sleep(_TICK)
            for progress in self._progress:
                for topic, partition in progress.partitions_to_read_again():
                    self.member.rewind(topic, partition)
        await reading

    async def _assigned(self, partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        starts: dict[tuple[str, int], int] = {}
        self._load_links(partitions)
        for progress in self._progress:
            starts = await take_over(self._stores, progress, partitions, starts)
        self._partitions, self._fenced = tuple(partitions), 0
        return {where: offset for where, offset in starts.items() if offset > 0}

    def _load_links(self, partitions: Sequence[Partition]) -> None:
        """The links of lanes that this process takes over, as `Auditor.load_links` reads them."""
        kept: dict[Any, dict[int, Sequence[Link]]] = {}
        for (*lane, first), links in self._database.rows("links").items():
            kept.setdefault(tuple(lane), {})[first] = links
        for lane in lanes_of(partitions):
            found = [link for _, links in sorted(kept.get(lane, {}).items()) for link in links]
            if found:
                self._chain.remember(lane, found, 0.0)

    async def _handle(self, records: Sequence[Received]) -> None:
        self._chain.begin()
        for progress in self._progress:
            try:
                await self._fold(self._stores, progress, records, self._chain)
            except Fenced:
                self._fenced += 1
                if self._fenced > _FENCED_PATIENCE and self.member.holds >= {(p.topic, p.partition) for p in self._partitions}:
                    await self._assigned(self._partitions)
                raise
        self._fenced = 0
