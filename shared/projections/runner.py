"""Keeps views up to date from Kafka: reads batches, folds each into every view that wants it, one transaction a view.

The checkpoint decides what is applied; Kafka only delivers. A restarted runner reads on where its views stand, and the
lanes it takes over are taken from whoever had them. It goes red, and says why, when a lane has a gap that reading the
topic again did not fill, or when so many events fail that the view must be at fault. It never passes over an event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from shared.kafka.consumer import BatchConsumer
from shared.kafka.record import Partition, Received
from shared.kafka.topics import topic_of
from shared.kernel.crashpoint import crashpoint
from shared.kernel.database import Pool
from shared.projections import checkpoints
from shared.projections.checkpoints import Fenced, Lane
from shared.projections.fold import TooManyDeadLetters, fold
from shared.projections.mending import Mender
from shared.projections.progress import Limits, Progress, RunnerStatus
from shared.projections.view import View, schema_of

log = logging.getLogger(__name__)

_TICK = 0.25
_FENCED_PATIENCE = 3


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
    ) -> None:
        """`group` names the consumer group: one for each set of views, e.g. `reporting`."""
        for view in views:
            schema_of(view)
        if len({view.name for view in views}) != len(views):
            raise ValueError("two views of one runner have the same name")
        self._pool = pool
        self._limits = limits or Limits()
        self._progress = {view.name: Progress(view, self._limits) for view in views}
        self._stopping = asyncio.Event()
        self._moved = asyncio.Condition()
        self._partitions: tuple[Partition, ...] = ()
        self._fenced = 0
        self.on_commit: list[Callable[[], None]] = []
        """Called after each transaction that changed a view: wakes feeds."""
        topics = sorted({topic_of(source) for view in views for source in view.sources})
        self._mender = Mender(pool, bootstrap, group)
        self._consumer = BatchConsumer(bootstrap, topics, group, self._handle, self._assigned, max_records=max_records)

    async def run(self) -> None:
        """Run until `stop` is called. The broker and the database may be away at any time."""
        await self._consumer.start()
        try:
            while not self._stopping.is_set():
                try:
                    await asyncio.wait_for(self._stopping.wait(), _TICK)
                except TimeoutError:
                    await self._look_after_gaps()
        finally:
            await self._mender.close()
            await self._consumer.stop()

    async def stop(self) -> None:
        """Ask `run` to finish the batch in hand and return."""
        self._stopping.set()

    def status(self) -> RunnerStatus:
        """How it goes, for health checks and people."""
        views = {name: progress.status() for name, progress in self._progress.items()}
        red = [f"{name}: {reason}" for name, view in views.items() for reason in view.red]
        return RunnerStatus(self._consumer.ready, tuple(red), self._consumer.last_failure, views)

    async def positions(self, view: View | str) -> dict[Lane, int]:
        """The checkpoints of a view, `(source, lane)` to position, as committed."""
        found = self._progress[view if isinstance(view, str) else view.name].view
        return await checkpoints.positions(self._pool, found.name, found.version)

    async def wait_for(self, view: View | str, source: str, lane: int, position: int, seconds: float) -> bool:
        """Wait until a view has passed a position; False if it has not in time. Sees what other runners commit too."""
        progress = self._progress[view if isinstance(view, str) else view.name]
        deadline = asyncio.get_running_loop().time() + seconds
        while progress.positions.get((source, lane), 0) < position:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            try:
                async with asyncio.timeout(min(left, 0.25)), self._moved:
                    await self._moved.wait()
            except TimeoutError:
                stands = progress.view
                if await checkpoints.wait_for(self._pool, stands.name, stands.version, (source, lane), position, seconds=0):
                    return True
        return True

    async def _assigned(self, partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        """Take over the lanes of these partitions in every view; where to read on is where the slowest view stands."""
        starts: dict[tuple[str, int], int] = {}
        for progress in self._progress.values():
            topics = {topic_of(source) for source in progress.view.sources}
            mine = [p for p in partitions if p.topic in topics]
            async with self._pool.acquire() as connection:
                claim = await checkpoints.claim(connection, progress.view.name, progress.view.version, mine)
            progress.taken_over(claim)
            for p in mine:
                where = (p.topic, p.partition)
                found = claim.offsets.get(where, 0)
                starts[where] = min(starts.get(where, found), found)
        self._partitions, self._fenced = tuple(partitions), 0
        return {where: offset for where, offset in starts.items() if offset > 0}

    async def _handle(self, records: Sequence[Received]) -> None:
        """One batch, into every view. What will pass is raised, and the batch comes again."""
        crashpoint("projector.after_poll")
        for progress in self._progress.values():
            if progress.broken is None:
                await self._into(progress, records)
        crashpoint("projector.after_commit_before_ack")
        async with self._moved:
            self._moved.notify_all()

    async def _into(self, progress: Progress, records: Sequence[Received]) -> None:
        view = progress.view
        topics = {topic_of(source) for source in view.sources}
        mine = [record for record in records if record.topic in topics]
        if not mine:
            return
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                folded = await fold(
                    connection,
                    view,
                    mine,
                    known=progress.positions,
                    epochs=progress.epochs,
                    holds=progress.holds(),
                    poison_allowed=progress.poison_allowed(len(mine)),
                )
        except TooManyDeadLetters as failure:
            progress.broken = f"too many bad events, so the view itself must be at fault; nothing of it was parked: {failure}"
            log.error("View %s stops: %s", view.name, progress.broken)  # noqa: TRY400  # the cause is in the words
            return
        except Fenced:
            await self._after_fencing()
            raise
        self._fenced = 0
        progress.committed(folded, len(mine))
        if folded.positions:
            for wake in self.on_commit:
                wake()

    async def _after_fencing(self) -> None:
        """A runner that lost its lanes hears of it from the group; if the group says they are ours still, claim again."""
        self._fenced += 1
        held = self._consumer.assigned or frozenset()
        if self._fenced > _FENCED_PATIENCE and held >= {(p.topic, p.partition) for p in self._partitions}:
            await self._assigned(self._partitions)

    async def _look_after_gaps(self) -> None:
        """Read a partition again from the start, once, when a lane's next position has not come."""
        for progress in self._progress.values():
            for topic, partition in progress.partitions_to_read_again():
                log.warning("View %s misses events of %s/%d: reading it again", progress.view.name, topic, partition)
                await self._consumer.rewind(topic, partition)
        self._mender.look(self._progress.values(), self._consumer)
