"""A broker in memory: partitions that keep order, a producer that can fail halfway, a group whose members come and go.

It promises what Kafka does: an acknowledged record stays (unless the topic is wiped), a partition is read in order, records may
come again, an unacknowledged batch may be there in part, each partition up to some record. The member of a group does what
`shared.kafka.consumer.BatchConsumer` does: asks where to begin, hands over batches, reads a failed batch again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from shared.kafka.producer import PublishFailed
from shared.kafka.record import Outgoing, Partition, Received
from shared.kafka.topics import PARTITIONS, checkpoints_topic, refills_topic, topic_of
from tests.simulator.faults import Faults

Where = tuple[str, int]
_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class MemoryBroker:
    """Topics, and the groups that read them."""

    def __init__(self, rng: random.Random, faults: Faults, sources: Sequence[str]) -> None:
        self.rng = rng
        self.faults = faults
        self.events: list[Where] = sorted((topic_of(source), number) for source in sources for number in range(PARTITIONS))
        beside = [(name(source), 0) for source in sources for name in (checkpoints_topic, refills_topic)]
        self.logs: dict[Where, list[Received]] = {where: [] for where in (*self.events, *beside)}
        self.history: dict[Where, list[Received]] = {where: [] for where in self.events}
        """Everything of ours that ever was on a partition of events, also before a wipe: for checks."""
        self.down = False
        self.members: list[Member] = []
        self.generation = 0

    def put(self, record: Outgoing, *, ours: bool = True) -> Received:
        """One record, at the end of its partition. `ours`: whether a relay wrote it."""
        where = (record.topic, record.partition)
        log = self.logs[where]
        received = Received(record.topic, record.partition, len(log), record.key, record.value, record.headers)
        log.append(received)
        if ours and where in self.history:
            self.history[where].append(received)
        return received

    def garbage(self) -> Received:
        """Something writes a record that says nothing of where it belongs."""
        topic, number = self.rng.choice(self.events)
        headers: list[list[tuple[str, str | bytes | None]]] = [
            [],
            [("ce_source", b"\xff")],
            [("ce_source", b"/vn/" + topic.split(".")[0].encode()), ("ce_lane", b"7"), ("ce_position", None)],
            [("ce_source", b"/vn/elsewhere"), ("ce_lane", b"1"), ("ce_position", b"1")],
        ]
        return self.put(Outgoing(topic, number, b"?", b"\x00 no event", self.rng.choice(headers)), ours=False)

    def wipe(self, topic: str) -> None:
        """The broker loses a topic; it is made anew, empty."""
        for where in self.logs:
            if where[0] == topic:
                self.logs[where] = []

    def join(self, member: Member) -> None:
        """A member comes: everybody is given partitions anew."""
        self.members.append(member)
        self.rebalance()

    def leave(self, member: Member) -> None:
        """A member goes, or is not heard of any more."""
        if member in self.members:
            self.members.remove(member)
            self.rebalance()

    def rebalance(self) -> None:
        """A new generation: the partitions are dealt out anew."""
        self.generation += 1
        if self.rng.random() < 0.5:
            self.members.reverse()

    def share(self, member: Member) -> list[Partition]:
        """What a member of this generation is to read."""
        place, count = self.members.index(member), len(self.members)
        return [Partition(*where, PARTITIONS) for n, where in enumerate(self.events) if n % count == place]


class MemoryProducer:
    """Keeps the promises of `shared.relay.ports.Publisher` on the memory broker."""

    def __init__(self, broker: MemoryBroker, spawn: Callable[[Any], object]) -> None:
        """`spawn` starts work that outlives the relay: what is on its way to the broker arrives though the sender is dead."""
        self._broker = broker
        self._faults = broker.faults
        self._spawn = spawn

    async def partitions(self, topic: str) -> int:
        """See `Publisher.partitions`."""
        await asyncio.sleep(0)
        if self._broker.down:
            raise PublishFailed("no broker")
        return PARTITIONS

    async def publish(self, records: Sequence[Outgoing], produced: Callable[[], None] = lambda: None) -> None:
        """See `Publisher.publish`."""
        faults, rng = self._faults, self._broker.rng
        await faults.slow("producer.slow")
        if self._broker.down or faults.fire("producer.refused"):
            raise PublishFailed("no broker")
        if faults.fire("producer.partial"):
            self._some(records)
            raise PublishFailed("not every record was acknowledged")
        if faults.fire("producer.late"):
            self._spawn(self._later(records, rng.random() * 2))
            raise PublishFailed("no acknowledgement in time")
        half = len(records) // 2
        for record in records[:half]:
            self._broker.put(record)
        produced()
        await faults.slow("producer.slow")
        if self._broker.down:
            raise PublishFailed("the broker went away")
        for record in records[half:]:
            self._broker.put(record)
        if faults.fire("producer.ack_lost"):
            raise PublishFailed("no acknowledgement in time")
        await asyncio.sleep(0)

    def _some(self, records: Sequence[Outgoing]) -> None:
        """Of each partition the first few, as an idempotent producer leaves them."""
        counts: dict[Where, int] = {}
        for record in records:
            where = (record.topic, record.partition)
            if counts.setdefault(where, self._broker.rng.randrange(4)) > 0:
                counts[where] -= 1
                self._broker.put(record)

    async def _later(self, records: Sequence[Outgoing], seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._some(records)

    async def close(self) -> None:
        """See `Publisher.close`."""


class Member:
    """One member of the group, as `BatchConsumer` is one."""

    def __init__(
        self,
        broker: MemoryBroker,
        topics: Sequence[str],
        handle: Callable[[Sequence[Received]], Awaitable[None]],
        assigned: Callable[[Sequence[Partition]], Awaitable[Mapping[Where, int]]],
    ) -> None:
        self._broker = broker
        self._topics = frozenset(topics)
        self._handle = handle
        self._assigned = assigned
        self._generation = -1
        self._next: dict[Where, int] = {}
        self._pause = _PAUSE
        self.heard_at = 0.0
        """When the group last heard of it."""

    @property
    def holds(self) -> frozenset[Where]:
        """What it reads."""
        return frozenset(self._next)

    def ends(self) -> dict[Where, int]:
        """Where the partitions that it reads end."""
        return {where: len(self._broker.logs[where]) for where in self._next}

    @property
    def unread(self) -> bool:
        """Whether something waits to be read, or it reads nothing yet."""
        return not self._next or any(at < len(self._broker.logs[where]) for where, at in self._next.items())

    def rewind(self, topic: str, partition: int, offset: int = 0) -> None:
        """Read a partition again from its beginning, or from an offset on; also if the batch in hand fails meanwhile."""
        if (topic, partition) in self._next:
            self._next[topic, partition] = offset

    async def run(self) -> None:
        """Read for ever."""
        now = asyncio.get_running_loop().time
        broker = self._broker
        broker.join(self)
        while True:
            self.heard_at = now()
            if broker.down:
                await asyncio.sleep(0.2)
                continue
            if self not in broker.members:
                broker.join(self)
            if self._generation != broker.generation:
                await self._rejoin()
                continue
            records = self._poll()
            if not records:
                await asyncio.sleep(0.1)
                continue
            try:
                await self._handle(records)
            except Exception:  # noqa: BLE001  as the real one: whatever it is, the batch comes again
                first: dict[Where, int] = {}
                for record in records:
                    first.setdefault((record.topic, record.partition), record.offset)
                self._next.update({w: min(offset, self._next[w]) for w, offset in first.items() if w in self._next})
                await asyncio.sleep(self._pause)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            else:
                self._pause = _PAUSE

    async def _rejoin(self) -> None:
        generation, share = self._broker.generation, [p for p in self._broker.share(self) if p.topic in self._topics]
        self._next = {}
        try:
            starts = await self._assigned(share)
        except Exception:  # noqa: BLE001  the same
            await asyncio.sleep(0.1)
            return
        self._generation = generation
        self._next = {(p.topic, p.partition): starts.get((p.topic, p.partition), 0) for p in share}

    def _poll(self) -> list[Received]:
        """A batch: some of each partition, each in its order; an offset that is not there begins from the start."""
        faults, rng = self._broker.faults, self._broker.rng
        most = rng.randrange(1, 4) if faults.fire("consumer.tiny_batch") else 60
        batch: list[Received] = []
        places = list(self._next)
        rng.shuffle(places)
        for where in places:
            log = self._broker.logs[where]
            start = self._next[where]
            if start > len(log):
                start = 0
            if start and faults.fire("consumer.redelivers"):
                start = rng.randrange(start)
            fresh = log[start : start + most - len(batch)]
            batch += fresh
            self._next[where] = start + len(fresh)
            if len(batch) >= most:
                break
        return batch
