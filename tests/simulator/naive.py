"""Deliberately naive twins of the parts. Each makes one well-known mistake; a simulator that misses it is worth nothing."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from shared.eventlog.records import Append, Outcome
from shared.kafka.headers import coordinates, hash_of, recorded_of
from shared.kafka.producer import PublishFailed
from shared.kafka.record import Partition, Received
from shared.kernel.envelope import Recorded
from shared.kernel.event import Undecodable
from shared.projections.chain import Chain, Headers
from shared.projections.checkpoints import Claim, Lane, Moved
from shared.projections.links import Link, Signed, Taken
from shared.projections.memory import MemoryStore, MemoryStores
from shared.projections.progress import Progress
from shared.projections.store import Stores
from shared.projections.view import Delivered
from shared.relay.memory import MemorySession
from shared.relay.ports import Held, Known, Session
from shared.relay.relay import Carrier
from tests.simulator.guarded import Guard
from tests.simulator.simlog import SimLog
from tests.simulator.stores import SimLanes, WatchedSession


class MarksFirst(Carrier):
    """A relay that moves its checkpoint before the broker has acknowledged: what it had under way is lost."""

    async def _publish(self, events: list[Recorded]) -> Mapping[int, Known]:
        self._under_way = events
        return {}

    async def _mark(self, session: Session, reached: Mapping[int, int], ends: Mapping[int, Known]) -> None:
        await super()._mark(session, reached, ends)
        with contextlib.suppress(PublishFailed):
            await super()._publish(self._under_way)


class Apart(MemoryStores):
    """A projector that commits its rows, and then its checkpoint in a transaction of its own."""

    @asynccontextmanager
    async def transaction(self, view: Any) -> AsyncGenerator[MemoryStore]:
        async with super().transaction(view) as store:
            later: list[tuple[Mapping[Lane, Moved], Mapping[Lane, Sequence[Link]]]] = []

            async def remember(moved: Mapping[Lane, Moved], links: Mapping[Lane, Sequence[Link]]) -> None:
                later.append((moved, links))

            store.move = remember  # type: ignore[method-assign]
            yield store
        for moved, links in later:
            async with super().transaction(view) as after:
                await after.move(moved, links)


class Unfenced(MemoryStores):
    """Taking over lanes raises no epoch, so whoever had them goes on."""

    async def claim(self, view: Any, partitions: Sequence[Partition]) -> Claim:
        claim = await super().claim(view, partitions)
        epochs = self.database.rows("epochs")
        for lane in claim.epochs:
            epochs[view.name, view.version, *lane] = 1
        return Claim(claim.positions, dict.fromkeys(claim.epochs, 1), claim.offsets)


class Unwaiting(MemoryStores):
    """Later events of a stream do not wait behind a parked one of an earlier batch."""

    @asynccontextmanager
    async def transaction(self, view: Any) -> AsyncGenerator[MemoryStore]:
        async with super().transaction(view) as store:

            async def nobody() -> dict[str, int]:
                return {}

            store.waiting = nobody  # type: ignore[method-assign]
            yield store


async def loose_fold(stores: Stores, progress: Progress, records: Sequence[Received], _chain: Chain) -> None:
    """Applies whatever is later than the checkpoint, dense or not."""
    view = progress.view
    async with stores.transaction(view) as store:
        reached = {lane: stands.position for lane, stands in (await store.lock(sorted(progress.epochs))).items()}
        events: list[Delivered] = []
        for record in records:
            headers = dict(record.headers)
            with contextlib.suppress(Undecodable):
                at = coordinates(headers)
                if at.position > reached.get((at.source, at.lane), 1 << 60):
                    recorded = recorded_of(record.value, headers, at)
                    events.append(Delivered(recorded, view.codec.decode(recorded.type, recorded.schema_version, recorded.data)))
                    reached[at.source, at.lane] = at.position
        if events:
            await store.apply(events)
            moved = {(one.recorded.source, one.recorded.lane): one.recorded for one in events}
            last = {lane: Moved(last.position, 0, 0, last.recorded_at, last.hash) for lane, last in moved.items()}
            await store.move(last, {})


class Forgetful(SimLog):
    """A log that does not remember which commands it has answered."""

    async def append(self, batch: Sequence[Append], *, atomic: bool = False) -> list[Outcome]:
        self._answers.clear()
        return await super().append(batch, atomic=atomic)


class Unanswering(SimLog):
    """A recovery that takes events back, and not what their commands were answered."""

    def take_back(self, events: Sequence[Recorded]) -> None:
        before = dict(self._answers)
        super().take_back(events)
        self._answers = before


class Trusting(SimLanes):
    """Checkpoints that whoever says so may move, whatever claim it has."""

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[MemorySession]:
        async with super().session() as session:
            watched: Any = session
            plain: MemorySession = watched._session

            async def mark(held: Mapping[int, Held], reached: Mapping[int, int], _ends: Mapping[int, Known]) -> dict[int, Held]:
                await self.calling("relay.mark")
                self.positions.update(reached)
                return {lane: Held(position, held[lane].epoch) for lane, position in reached.items()}

            plain.mark = mark  # type: ignore[method-assign]
            assert isinstance(watched, WatchedSession)
            yield session


class Credulous(Chain):
    """A reader that trusts positions, not records: what stands at the next one is the lane's next event, whoever wrote it."""

    def named(self, source: str, ce_source: str | bytes | None) -> bool:
        return True

    def genesis(self, lane: Lane) -> bytes | None:
        return bytes(32)

    def stopped(self, lane: Lane) -> str | None:
        return None

    def link(self, record: Received, headers: Headers, before: bytes) -> bytes:
        return hash_of(headers) or bytes(32)

    def taken(self, lane: Lane, position: int) -> Taken | None:
        return None

    def sign(self, lane: Lane, signed: Signed) -> None:
        return

    def rule(self, lane: Lane, position: int, digest: bytes, *, stands: bool = True) -> None:
        return


class Deaf(Chain):
    """A reader that sees two records that follow, and does not hear what was decided."""

    def rule(self, lane: Lane, position: int, digest: bytes, *, stands: bool = True) -> None:
        return


class FirstForEver(Chain):
    """A reader that takes the first of two records that follow, whatever is said later."""

    def settled(self, lane: Lane, position: int) -> bool:
        return True

    def sign(self, lane: Lane, signed: Signed) -> None:
        return

    def rule(self, lane: Lane, position: int, digest: bytes, *, stands: bool = True) -> None:
        return


class Unguarded(Guard):
    """A service that goes on wherever its log stands."""

    async def look(self) -> None:
        self._met, self._compared = self._log.incarnation, True
