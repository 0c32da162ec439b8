"""Carries a service's log to its topic: every event at least once, each lane in order, and nothing that is not stored.

A checkpoint moves only after all in-sync replicas have acknowledged, and only under the lane's current claim: a relay that
lost it can change nothing (I10), though what it had under way may arrive twice. While broker or database is away it keeps
its backlog in the store and tries again with growing pauses. Of several relays one holds a lane, the others stand by. A topic
that lost what was published is filled again from the first position (`wholeness`).
`Carrier` is all of it over ports, so that a simulator runs the very same code; `Relay` is a carrier on Postgres and Kafka.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.eventlog.failures import DATABASE_FAILURES
from shared.kafka.headers import to_kafka
from shared.kafka.producer import Producer, PublishFailed
from shared.kafka.record import Outgoing
from shared.kafka.topics import topic_of
from shared.kernel.crashpoint import crashpoint
from shared.kernel.database import Pool
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES, partition_of
from shared.relay.lanes import PostgresLanes
from shared.relay.ports import Held, Known, Publisher, Session, Sessions
from shared.relay.wholeness import Wholeness

log = logging.getLogger(__name__)

_LANE_LIMIT = 64
_SHORTEST_IDLE, _LONGEST_IDLE = 0.005, 0.2
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_CLAIM_SECONDS = 1.0
_HELD_BACK_SECONDS = 1.0
_DATABASE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """How a relay goes. Holding no lane while another relay runs is standing by, not a fault."""

    lanes: int
    published: int
    last_published_at: datetime | None
    failure: str | None
    """Why nothing is published just now, in words; None while all is well."""
    failures: Mapping[str, int] = field(default_factory=dict[str, int])
    """How often it had to try again since the process started: `broker`, `database`, `lost-lanes`."""
    filling: int = 0
    """How many events the topic still lacks of those that it had before it lost records."""
    fills: int = 0
    """How often a partition had lost records and was filled again, since the process started."""
    lost: str | None = None
    """What the topic has lost, in words, while it is filled again."""


@dataclass(frozen=True, slots=True)
class Published:
    """A batch that Kafka has acknowledged. Times are nanoseconds since 1970."""

    events: Sequence[Recorded]
    began: int
    ended: int


class Carrier:
    """One relay of one service. It keeps one session for itself."""

    def __init__(
        self,
        sessions: Sessions,
        publisher: Publisher,
        source: str,
        wake: asyncio.Event | None = None,
        why_not: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`wake` is set by the append writer after each commit; without it the relay only polls. `why_not` says why nothing
        may be published just now: then the lanes are let go, and claimed again when it says None."""
        self._sessions = sessions
        self._producer = publisher
        self._source = source
        self._topic = topic_of(source)
        self._wake = wake or asyncio.Event()
        self._why_not = why_not
        self._stopping = asyncio.Event()
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._held: dict[int, Held] = {}
        self._whole = Wholeness(publisher, self._topic)
        self.on_strange = self._whole.on_strange
        self._partitions = 0
        self._deployment = ""
        self._published = 0
        self._last_published_at: datetime | None = None
        self._failure: str | None = None
        self._failures: dict[str, int] = {"broker": 0, "database": 0, "lost-lanes": 0}
        self.headers: Callable[[Recorded], Sequence[tuple[str, bytes]]] | None = None
        """What else the record of an event carries, if anything: the trace."""
        self.on_published: list[Callable[[Published], None]] = []
        """Called after each acknowledged batch, for metrics and traces; may not raise."""

    async def run(self) -> None:
        """Run until `stop` is called. The broker and the database may be away at any time."""
        pause = _FIRST_PAUSE
        try:
            while not self._stopping.is_set():
                try:
                    async with self._sessions.session() as session:
                        await self._with_session(session)
                    pause = _FIRST_PAUSE
                except (*DATABASE_FAILURES, RuntimeError) as failure:
                    self._failure = f"database: {failure or type(failure).__name__}"
                    self._failures["database"] += 1
                    log.warning("The relay of %s lost its session (%s); again in %.1f s", self._source, failure, pause)
                    await self._wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            await self._producer.close()

    async def stop(self) -> None:
        """Ask `run` to finish the batch in hand, let go of the lanes and return."""
        self._stopping.set()
        self._wake.set()

    @property
    def partitions(self) -> int:
        """How many partitions the topic has; 0 before anything was published."""
        return self._partitions

    def status(self) -> RelayStatus:
        """How it goes, for health checks and people."""
        whole = self._whole
        filling = whole.filling(self._held)
        return RelayStatus(
            len(self._held), self._published, self._last_published_at, self._failure, dict(self._failures),
            filling, whole.fills, whole.why if filling else None,
        )  # fmt: skip

    async def _with_session(self, session: Session) -> None:
        """Hold lanes and publish them, as long as this session lives."""
        self._held = {}
        self._deployment = (await session.identity()).deployment
        next_claim, idle, pause = 0.0, _SHORTEST_IDLE, _FIRST_PAUSE
        now = asyncio.get_running_loop().time
        try:
            while not self._stopping.is_set():
                if (why := self._why_not()) is not None:
                    next_claim = await self._held_back(session, why)
                    continue
                self._wake.clear()
                async with asyncio.timeout(_DATABASE_SECONDS):
                    if len(self._held) < LANES and now() >= next_claim:
                        await self._claim(session)
                        next_claim = now() + _CLAIM_SECONDS
                await self._see_that_it_is_whole(session)
                async with asyncio.timeout(_DATABASE_SECONDS):
                    events = await session.read(self._held, _LANE_LIMIT) if self._held else []
                if not events:
                    self._failure = None
                    await self._idle(idle if self._held else _CLAIM_SECONDS)
                    idle = min(idle * 1.5, _LONGEST_IDLE)
                    continue
                crashpoint("relay.after_select")
                try:
                    ends = await self._publish(events)
                except PublishFailed as failure:
                    self._whole.demand()
                    self._failure = f"broker: {failure}"
                    self._failures["broker"] += 1
                    log.warning("The relay of %s cannot publish (%s); again in %.1f s", self._source, failure, pause)
                    await self._wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    continue
                crashpoint("relay.after_ack_before_mark")
                async with asyncio.timeout(_DATABASE_SECONDS):
                    await self._mark(session, {event.lane: event.position for event in events}, ends)
                crashpoint("relay.after_mark")
                self._failure, idle, pause = None, _SHORTEST_IDLE, _FIRST_PAUSE
        finally:
            self._whole.close()
            held, self._held = self._held, {}
            await _let_go(session, held)

    async def _held_back(self, session: Session, why: str) -> float:
        """Wait while nothing may be published; who waits longer than a moment lets go. Answers when to claim again: at once."""
        until = asyncio.get_running_loop().time() + _HELD_BACK_SECONDS
        while (again := self._why_not()) is not None and not self._stopping.is_set():
            if asyncio.get_running_loop().time() >= until and self._failure != again:
                self._failure, held, self._held = again, self._held, {}
                await session.release(held)
                log.warning("The relay of %s publishes nothing: %s", self._source, why)
            await self._wait(0.05)
        return 0.0

    async def _claim(self, session: Session) -> None:
        taken = await session.claim(set(range(LANES)) - set(self._held), self._holder)
        if taken:
            self._held.update(taken)
            self._whole.demand()
            log.info("The relay of %s holds %d lanes", self._source, len(self._held))

    async def _see_that_it_is_whole(self, session: Session) -> None:
        """Where the topic lost records, its lanes begin anew; those that another relay has now are let go."""
        anew = await self._whole.look(session, self._held)
        if anew is None:
            return
        self._partitions = anew.of
        self._held.update(anew.held)
        await self._lose(session, anew.gone)

    async def _publish(self, events: list[Recorded]) -> Mapping[int, Known]:
        self._partitions = self._partitions or await self._producer.partitions(self._topic)
        records = outgoing(events, self._topic, self._partitions, self._deployment)
        if self.headers is not None:
            for event, record in zip(events, records, strict=True):
                record.headers.extend(self.headers(event))
        began = time.time_ns()
        placed = await self._producer.publish(records, lambda: crashpoint("relay.after_produce_before_ack"))
        for hook in self.on_published:
            hook(Published(events, began, time.time_ns()))
        lasts = {partition_of(event.lane, self._partitions): event.hash.hex() for event in events}
        return self._whole.placed(placed, lasts)

    async def _mark(self, session: Session, reached: Mapping[int, int], ends: Mapping[int, Known]) -> None:
        """Move the checkpoints; lanes whose claim is gone are let go."""
        moved = await session.mark(self._held, reached, ends)
        self._published += sum(moved[lane].position - self._held[lane].position for lane in moved)
        self._held.update(moved)
        self._last_published_at = datetime.now(UTC)
        await self._lose(session, reached.keys() - moved.keys())

    async def _lose(self, session: Session, lost: Collection[int]) -> None:
        if not lost:
            return
        self._failures["lost-lanes"] += 1
        log.warning("The relay of %s lost %d lanes to another", self._source, len(lost))
        for lane in lost:
            del self._held[lane]
        await session.release(lost)

    async def _idle(self, seconds: float) -> None:
        """Wait for the next commit in this process, or for the poll that sees those of other processes."""
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


class Relay(Carrier):
    """A carrier from a service's database to a broker. It keeps one connection of the pool for itself."""

    def __init__(
        self,
        pool: Pool,
        source: str,
        bootstrap: str,
        wake: asyncio.Event | None = None,
        why_not: Callable[[], str | None] = lambda: None,
    ) -> None:
        super().__init__(PostgresLanes(pool), Producer(bootstrap), source, wake, why_not)


def outgoing(events: Sequence[Recorded], topic: str, partitions: int, deployment: str) -> list[Outgoing]:
    """The records of events: the lane chooses the partition, the stream is the key."""
    records: list[Outgoing] = []
    for event in events:
        key, value, headers = to_kafka(event, deployment)
        records.append(Outgoing(topic, partition_of(event.lane, partitions), key, value, [*headers]))
    return records


async def _let_go(session: Session, held: Mapping[int, Held]) -> None:
    """Unlock, since a pool may keep the session; a session that is broken has lost its locks already."""
    try:
        async with asyncio.timeout(2):
            await session.release(held)
    except DATABASE_FAILURES:
        log.debug("The session ended with its locks", exc_info=True)
