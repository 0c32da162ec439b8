"""Keeps views up to date from Kafka: reads batches, folds each into every view that wants it, one transaction a view.

The checkpoint decides what is applied; Kafka only delivers. A restarted runner reads on where its views stand, and the
lanes it takes over are taken from whoever had them. A view is followed in whichever of its builds is live; a view that
is given as a build stays with that one. It goes red, and says why, when a lane has a gap that reading the
topic again did not fill, or when so many events fail that the view must be at fault. It never passes over an event.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence

from shared.eventlog.signing import PublicKey
from shared.kafka.consumer import BatchConsumer
from shared.kafka.record import Partition, Received
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.crashpoint import crashpoint
from shared.kernel.database import Pool
from shared.projections import checkpoints, rulings
from shared.projections.auditor import Auditor
from shared.projections.batches import BatchDone, fold_batch, take_over, wanted
from shared.projections.chain import Chain
from shared.projections.checkpoints import Fenced
from shared.projections.failures import will_pass
from shared.projections.following import follow
from shared.projections.mending import Mender
from shared.projections.postgres_store import PostgresStores
from shared.projections.progress import Limits, Progress, RunnerStatus
from shared.projections.rulings import PostgresDecisions
from shared.projections.view import View, schema_of
from shared.projections.watch import Watch
from shared.telemetry import context
from shared.telemetry.ids import Point

log = logging.getLogger(__name__)

_TICK, _FENCED_PATIENCE = 0.25, 3
_LOOK_AFTER_BUILDS = 4
"""Ticks between two looks at which build is live."""


class Runner:
    """Runs some views as one member of a consumer group. Several runners of one group share the partitions."""

    def __init__(
        self,
        pool: Pool,
        bootstrap: str,
        views: Sequence[View],
        group: str,
        *,
        limits: Limits | None = None,
        max_records: int = 5000,
        public: PublicKey | None = None,
        beside: bool = False,
    ) -> None:
        """`group` names the consumer group: one for each set of views, e.g. `reporting`. `public`: the key by which the logs
        sign. `beside`: a build that is not live; it keeps nothing of what it hears."""
        for view in views:
            schema_of(view)
        if len({view.name for view in views}) != len(views):
            raise ValueError("two views of one runner have the same name")
        self._pool = pool
        self._views = {view.name: view for view in views}
        self._stores = PostgresStores(pool)
        self._limits = limits or Limits()
        self._progress = {view.name: Progress(view, self._limits) for view in views}
        self._stopping = asyncio.Event()
        self._partitions: tuple[Partition, ...] = ()
        self._fenced = 0
        self._unclaimed = False
        """Whether a build or a restart was met whose lanes are not claimed yet."""
        self.on_commit: list[Callable[[], None]] = []
        """Called after each transaction that changed a view: wakes feeds."""
        self.on_batch: list[Callable[[BatchDone], None]] = []
        """Called after each batch of each view, for metrics and traces; may not raise."""
        self.point: Callable[[], Point] | None = None
        """Makes the span of a batch, when traces are wanted: what the batch tells feeds carries it."""
        topics = sorted({topic_of(source) for view in views for source in view.sources})
        self.chain = Chain(keeps=not beside)
        sources = sorted({source for view in views for source in view.sources})
        self._auditor = Auditor(pool, bootstrap, sources, self.chain, public, partitions=PARTITIONS, writes=not beside)
        self._watch = Watch(self.chain)
        self._decisions = PostgresDecisions(pool)
        self._mender = Mender(pool, bootstrap, group, topics)
        self._consumer = BatchConsumer(bootstrap, topics, group, self._handle, self._given, max_records=max_records)

    async def run(self) -> None:
        """Run until `stop` is called. The broker and the database may be away at any time."""
        auditing = asyncio.create_task(self._auditor.run())
        tick = 0
        try:
            await self._heard(auditing)
            await self._consumer.start()
            while not self._stopping.is_set():
                if auditing.done():
                    auditing.result()  # nobody may read on who does not hear what is ruled
                try:
                    await asyncio.wait_for(self._stopping.wait(), _TICK)
                except TimeoutError:
                    await self._look_after_gaps()
                    tick += 1
                    if tick % _LOOK_AFTER_BUILDS == 0:
                        await self._look_after_builds()
        finally:
            auditing.cancel()
            await asyncio.wait([auditing])
            await self._mender.close()
            await self._consumer.stop()

    async def stop(self) -> None:
        """Ask `run` to finish the batch in hand and return."""
        self._stopping.set()

    def status(self) -> RunnerStatus:
        """How it goes, for health checks and people."""
        views = {name: progress.status() for name, progress in self._progress.items()}
        red = [f"{name}: {reason}" for name, view in views.items() for reason in view.red]
        red += self._watch.red()
        red += self._auditor.hearing.strangers.values()
        degraded, consumer = self._watch.unknown(), self._consumer
        if self._auditor.failure is not None:
            degraded.append(f"what the logs sign cannot be read: {self._auditor.failure}")
        return RunnerStatus(
            consumer.ready,
            tuple(red),
            consumer.last_failure,
            views,
            tuple(degraded),
            len(consumer.assigned or ()),
            consumer.assignments,
            consumer.failures,
        )

    def behind(self) -> dict[str, dict[str, int]]:
        """By view and topic: how many records a view has not passed, up to the ends of the partitions that this runner
        reads, as the broker last said them. Asks nobody."""
        ends = self._consumer.ends()
        return {name: progress.behind(ends) for name, progress in self._progress.items()}

    async def _given(self, partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        """Take over partitions from another member; where one is another than was read before, its old offsets mean nothing."""
        starts = await self._assigned(partitions)
        fresh = await self._mender.take_over({(p.topic, p.partition) for p in partitions})
        for progress in self._progress.values():
            progress.unread(fresh)
        return {where: offset for where, offset in starts.items() if where not in fresh}

    async def _assigned(self, partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        """Take over the lanes of these partitions in every view; where to read on is where the slowest view stands."""
        starts: dict[tuple[str, int], int] = {}
        async with self._pool.acquire() as connection:
            await follow(connection, self._views, self._progress)
            for progress in self._progress.values():
                progress.spoiled = await rulings.spoiled(connection, progress.view.name, progress.view.version)
        for progress in self._progress.values():
            if progress.broken is None:
                starts = await take_over(self._stores, progress, partitions, starts)
        if self.chain.keeps:
            await self._auditor.hearing.take_over(checkpoints.lanes_of(partitions))
        self._partitions, self._fenced, self._unclaimed = tuple(partitions), 0, False
        return {where: offset for where, offset in starts.items() if offset > 0}

    async def _handle(self, records: Sequence[Received]) -> None:
        """One batch, into every view. What will pass is raised, and the batch comes again."""
        crashpoint("projector.after_poll")
        self.chain.begin()
        for progress in self._progress.values():
            if progress.broken is None:
                await self._into(progress, records)
            for where, offset in progress.unjudged().items():
                await self._consumer.rewind(*where, offset)
        self._fenced = 0  # only now: another view's success says nothing of one whose lanes were taken
        crashpoint("projector.after_commit_before_ack")

    async def _into(self, progress: Progress, records: Sequence[Received]) -> None:
        began = time.time_ns()
        point = self.point() if self.point is not None else None
        try:
            with context.folding(point):
                folded = await fold_batch(self._stores, progress, records, self.chain)
        except Fenced:
            if await self._after_fencing():
                return
            raise
        if folded is None:
            return
        mine = wanted(progress.view, records)
        for hook in self.on_batch:
            hook(BatchDone(progress.view, mine, folded, began, time.time_ns(), point))
        if folded.positions:
            for wake in self.on_commit:
                wake()

    async def _look_after_builds(self) -> None:
        """Claim the lanes of a build that has become live, though no event asks for it."""
        try:
            async with self._pool.acquire() as connection:
                self._unclaimed |= await follow(connection, self._views, self._progress)
            if self._unclaimed and self._partitions:
                await self._claim_anew()
        except Exception as failure:
            if not will_pass(failure):
                raise
            log.warning("Cannot look which builds are live: %s", failure)

    async def _after_fencing(self) -> bool:
        """A runner that lost its lanes hears of it from the group; if the group says they are ours still, claim again.

        A swap to another build fences too: then that build's lanes are claimed at once. Answers whether they were claimed.
        """
        async with self._pool.acquire() as connection:
            another = await follow(connection, self._views, self._progress)
        if not another:
            self._fenced += 1
            held = self._consumer.assigned or frozenset()
            if self._fenced <= _FENCED_PATIENCE or not held >= {(p.topic, p.partition) for p in self._partitions}:
                return False
        await self._claim_anew()
        return True

    async def _claim_anew(self) -> None:
        """Claim the lanes of this member again and read on where its views stand: what waited for something is forgotten."""
        starts = await self._assigned(self._partitions)
        for topic, partition, _ in self._partitions:
            await self._consumer.rewind(topic, partition, starts.get((topic, partition), 0))

    async def _heard(self, auditing: asyncio.Task[None]) -> None:
        """Wait until everything is known that the logs have signed: rulings come before records."""
        heard = asyncio.create_task(self._auditor.heard.wait())
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([auditing, heard, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()
            stopped.cancel()

    async def _look_after_gaps(self) -> None:
        """Read a partition again from the start, once, when a lane's next position has not come."""
        await self._look_after_chain()
        for progress in self._progress.values():
            for topic, partition in progress.partitions_to_read_again(self._watch.held):
                log.warning("View %s misses events of %s/%d: reading it again", progress.view.name, topic, partition)
                await self._consumer.rewind(topic, partition)
        self._mender.look(self._progress.values(), self._consumer, self.chain)

    async def _look_after_chain(self) -> None:
        """Lanes that may go on again, rulings against what was taken, and records after the end of a log."""
        if self._auditor.hearing.overruled:
            await self._take_back()
        for topic, partition in self._watch.look(self._progress.values()):
            await self._consumer.rewind(topic, partition)

    async def _take_back(self) -> None:
        """What was taken is ruled out: views are spoiled in its lane or stand before it again, as the database has it now."""
        hearing = self._auditor.hearing
        overruled = list(hearing.overruled)
        try:
            for one in overruled if not self.chain.keeps else ():
                for progress in self._progress.values():
                    await self._decisions.spoil(progress.view.name, progress.view.version, one)
            await self._claim_anew()
        except Exception as failure:
            if not will_pass(failure):
                raise
            log.warning("Cannot take back what was ruled out yet: %s", failure)
            return
        for one in overruled:
            hearing.overruled.remove(one)
            self.chain.taken_back(one)
