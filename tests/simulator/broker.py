"""A broker in memory: partitions that keep order, a producer that can fail halfway, a group whose members come and go.

It promises what Kafka does: an acknowledged record stays (unless the topic is wiped), a partition is read in order, records may
come again, an unacknowledged batch may be there in part, each partition up to some record.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.kafka.identity import Standing
from shared.kafka.producer import PublishFailed
from shared.kafka.record import Outgoing, Partition, Placed, Received
from shared.kafka.topics import PARTITIONS, checkpoints_topic, refills_topic, topic_of
from tests.simulator.faults import Faults

if TYPE_CHECKING:
    from tests.simulator.member import Member

Where = tuple[str, int]


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
        self.generations = {topic_of(source): 0 for source in sources}
        """How often each topic was made anew: with its name, its identity."""
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
        self.generations[topic] += 1
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

    async def standings(self, topic: str, ends: Mapping[int, int]) -> Mapping[int, Standing]:
        """See `Publisher.standings`."""
        await self._faults.slow("producer.slow")
        if self._broker.down:
            raise PublishFailed("no broker")
        identity, logs = f"{topic}-{self._broker.generations[topic]}@0", self._broker.logs
        found = {number: Standing(identity, len(logs[topic, number])) for number in range(PARTITIONS)}
        for number, end in ends.items():
            if 0 < end <= found[number].end:
                digest = dict(logs[topic, number][end - 1].headers).get("ce_hash")
                found[number] = found[number]._replace(last=digest.decode() if isinstance(digest, bytes) else "no event")
        await self._faults.slow("producer.slow")
        return found

    async def publish(
        self, records: Sequence[Outgoing], produced: Callable[[], None] = lambda: None
    ) -> Mapping[tuple[str, int], Placed]:
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
        placed: dict[Where, Placed] = {}
        for record in records[:half]:
            self._put(record, placed)
        produced()
        await faults.slow("producer.slow")
        if self._broker.down:
            raise PublishFailed("the broker went away")
        for record in records[half:]:
            self._put(record, placed)
        if faults.fire("producer.ack_lost"):
            raise PublishFailed("no acknowledgement in time")
        await asyncio.sleep(0)
        return placed

    def _put(self, record: Outgoing, placed: dict[Where, Placed]) -> None:
        where = (record.topic, record.partition)
        offset = len(self._broker.logs[where])
        self._broker.put(record)
        known = placed.get(where, Placed(offset, offset))
        placed[where] = Placed(min(known.first, offset), max(known.next, offset + 1))

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
