"""The relay's store in memory, over a memory log: the same promises as `lanes`, held equal by one contract suite.

Each call is one transaction. A session that was ended (`end`) holds nothing and answers nothing any more, as a session that
Postgres ended. It forgets everything with the process, so no service may run on it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from shared.eventlog.memory import MemoryLog
from shared.eventlog.records import LogIdentity
from shared.kafka.identity import Standing
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES, partition_of
from shared.relay.ports import Held, Known, dense

_NOTHING: Mapping[int, Known] = {}

Calling = Callable[[str], Awaitable[None]]
"""Awaited around each call, with its name: where a simulator lets time pass, or a connection break."""


async def at_once(_call: str) -> None:
    """No time passes, nothing breaks."""


class MemoryLanes:
    """How far each lane is published, who holds it, and under which epoch."""

    def __init__(self, log: MemoryLog, calling: Calling = at_once) -> None:
        self.log = log
        self.calling = calling
        self.positions = dict.fromkeys(range(LANES), 0)
        self.epochs = dict.fromkeys(range(LANES), 0)
        self.holders: dict[int, MemorySession] = {}
        self.topics: dict[int, Known] = {}

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[MemorySession]:
        """A session that ends with the context."""
        await self.calling("relay.connect")
        session = MemorySession(self)
        try:
            yield session
        finally:
            session.end()


class MemorySession:
    """One session; its claims end with it."""

    def __init__(self, lanes: MemoryLanes) -> None:
        self._lanes = lanes
        self._ended = False

    def end(self) -> None:
        """End the session, from either side: every later call raises `ConnectionResetError`."""
        self._ended = True
        holders = self._lanes.holders
        for lane in [lane for lane, holder in holders.items() if holder is self]:
            del holders[lane]

    async def identity(self) -> LogIdentity:
        """See `Session.identity`."""
        return await self._lanes.log.identity()

    async def claim(self, lanes: Iterable[int], holder: str) -> dict[int, Held]:
        """See `Session.claim`."""
        await self._begin("relay.claim")
        store, taken = self._lanes, dict[int, Held]()
        for lane in sorted(lanes):
            if store.holders.setdefault(lane, self) is self:
                store.epochs[lane] += 1
                taken[lane] = Held(store.positions[lane], store.epochs[lane])
        await self._answer("relay.claimed")
        return taken

    async def read(self, held: Mapping[int, Held], limit: int) -> list[Recorded]:
        """See `Session.read`."""
        await self._begin("relay.read")
        log, events = self._lanes.log, list[Recorded]()
        for lane, reached in log.reached.items():
            if lane in held and held[lane].position < reached:
                events += await log.read_lane(lane, held[lane].position, limit)
        return dense(held, events)

    async def mark(
        self, held: Mapping[int, Held], reached: Mapping[int, int], ends: Mapping[int, Known] = _NOTHING
    ) -> dict[int, Held]:
        """See `Session.mark`."""
        await self._begin("relay.mark")
        store, moved = self._lanes, dict[int, Held]()
        for partition, end in ends.items():
            before = store.topics.get(partition)
            if before is not None and before.fills == end.fills and before.next_offset < end.next_offset:
                store.topics[partition] = replace(before, next_offset=end.next_offset, last=end.last)
        for lane, position in reached.items():
            if held[lane] == Held(store.positions[lane], store.epochs[lane]):
                store.positions[lane] = position
                moved[lane] = Held(position, store.epochs[lane])
        await self._answer("relay.marked")
        return moved

    async def topics(self) -> dict[int, Known]:
        """See `Session.topics`."""
        await self._begin("relay.topics")
        return dict(self._lanes.topics)

    async def remember(self, found: Mapping[int, Standing]) -> None:
        """See `Session.remember`."""
        await self._begin("relay.remember")
        if not any(self._lanes.positions.values()):
            for partition, standing in found.items():
                self._lanes.topics.setdefault(partition, Known(standing.identity, standing.end, 1))
        await self._answer("relay.remembered")

    async def begin_anew(
        self, found: Mapping[int, Standing], known: Mapping[int, Known], partitions: int, held: Mapping[int, Held]
    ) -> tuple[dict[int, Known], dict[int, Held]]:
        """See `Session.begin_anew`."""
        await self._begin("relay.begin_anew")
        store, anew, moved = self._lanes, dict[int, Known](), dict[int, Held]()
        for partition, standing in found.items():
            before = store.topics.get(partition)
            if before is None or (partition in known and before.fills == known[partition].fills):
                anew[partition] = Known(standing.identity, standing.end, before.fills + 1 if before else 1)
        store.topics.update(anew)
        for lane in [lane for lane in range(LANES) if partition_of(lane, partitions) in anew]:
            store.positions[lane] = 0
            store.epochs[lane] += 1
            if lane in held and held[lane].epoch + 1 == store.epochs[lane]:
                moved[lane] = Held(0, store.epochs[lane])
        await self._answer("relay.began_anew")
        return anew, moved

    async def release(self, lanes: Iterable[int]) -> None:
        """See `Session.release`."""
        await self._begin("relay.release")
        for lane in lanes:
            if self._lanes.holders.get(lane) is self:
                del self._lanes.holders[lane]

    async def _begin(self, call: str) -> None:
        await self._lanes.calling(call)
        self._alive()

    async def _answer(self, call: str) -> None:
        """What was done stands; whether the caller hears of it is another matter."""
        await self._lanes.calling(call)
        self._alive()

    def _alive(self) -> None:
        if self._ended:
            raise ConnectionResetError("the session was ended")
