"""The signing side of a service: checkpoints of its log now and then, rulings and refills when a reader asks.

It stands for `shared.relay.signer` and `shared.relay.refill`, whose loops are on Postgres and Kafka; statements are the real
ones, under a real key. What is signed is the log as it is at that instant. One runs in each relay process; one at a time works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.eventlog.checkpoints import checkpoint_of, read_line
from shared.eventlog.memory import MemoryLog
from shared.eventlog.rulings import Ruling
from shared.eventlog.signing import SigningKey
from shared.kafka.producer import PublishFailed
from shared.kafka.record import Outgoing
from shared.kafka.refills import Refill, read_refill
from shared.kafka.topics import checkpoints_topic, topic_of
from shared.relay.memory import MemoryLanes
from shared.relay.refill import Allowance
from shared.relay.relay import outgoing
from tests.simulator.broker import MemoryProducer

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
STRANGERS_KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
_POLL = 0.8
_SIGNS_SECONDS = 6.0


class Lines:
    """The file of a log's statements. The truth; its topic is a copy."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.last: str | None = None
        self.ruled: set[tuple[int, int, bytes]] = set()
        self.mirrored = 0


class Notary:
    """Signs and answers for one log."""

    def __init__(
        self, log: MemoryLog, lanes: MemoryLanes, lines: Lines, producer: MemoryProducer, clock: Callable[[], datetime]
    ) -> None:
        self._log, self._lanes, self._lines, self._producer, self._clock = log, lanes, lines, producer, clock
        self._allowance = Allowance()
        self._contested = Allowance(10.0)

    async def run(self, working: Callable[[], bool], requests: Callable[[], list[bytes]]) -> None:
        """Until the process ends. `requests` answers what has come since."""
        next_at = 0.0
        now = asyncio.get_running_loop().time
        while True:
            asked = [refill for value in requests() if (refill := read_refill(value)) is not None]
            if working():
                try:
                    if now() >= next_at:
                        next_at = now() + _SIGNS_SECONDS
                        await self._sign(again=False)
                    await self._answer(asked)
                    await self._mirror()
                except PublishFailed:
                    pass
            await asyncio.sleep(_POLL)

    async def _sign(self, *, again: bool) -> None:
        """A checkpoint of the log as it is now; the same heads once more only if a reader asks."""
        last = None if self._lines.last is None else read_line(self._lines.last, None)
        heads, identity = await self._log.heads(), await self._log.identity()
        made = checkpoint_of(self._log.source, identity, heads, self._clock(), last)
        if again or last is None or made.heads != last.heads:
            self._lines.last = made.line(KEY)
            self._lines.all.append(self._lines.last)

    async def _answer(self, asked: list[Refill]) -> None:
        """As `Refiller`: rulings first, then what is missing or was contested once more, then a fresh signature."""
        now = asyncio.get_running_loop().time()
        allowed: dict[int, int] = {}
        wanted: dict[int, int] = {}
        for refill in sorted(asked, key=lambda one: (one.lane, one.contested or 0)):
            if refill.contested is None:
                wanted[refill.lane] = min(refill.after, wanted.get(refill.lane, refill.after))
            elif self._contested.allows(refill.lane, 0, now) and await self._rule(refill, refill.contested):
                allowed.setdefault(refill.lane, refill.contested - 1)
        await self._mirror()
        for lane, after in wanted.items():
            if after < self._lanes.positions[lane] and self._allowance.allows(lane, after, now):
                allowed[lane] = min(after, allowed.get(lane, after))
        for lane, after in allowed.items():
            events = await self._log.read_lane(lane, after, max(0, self._lanes.positions[lane] - after))
            topic = topic_of(self._log.source)
            partitions = await self._producer.partitions(topic)
            await self._producer.publish(outgoing(events, topic, partitions, (await self._log.identity()).deployment))
        if allowed or any(refill.sign or refill.contested is not None for refill in asked):
            await self._sign(again=True)

    async def _rule(self, refill: Refill, position: int) -> bool:
        """Whether the log's own record stands there; if it has none, what the reader took is ruled out."""
        found = await self._log.read_lane(refill.lane, position - 1, 1)
        if not found and refill.taken is None:
            return False
        identity = await self._log.identity()
        digest = found[0].hash if found else bytes.fromhex(refill.taken or "")
        ruling = Ruling(self._log.source, identity, refill.lane, position, digest, self._clock(), "the log", stands=bool(found))
        if (refill.lane, position, digest) not in self._lines.ruled:
            self._lines.ruled.add((refill.lane, position, digest))
            self._lines.all.append(ruling.line(KEY))
        return bool(found)

    async def _mirror(self) -> None:
        """What the topic does not have yet."""
        topic, source = checkpoints_topic(self._log.source), self._log.source.encode()
        while self._lines.mirrored < len(self._lines.all):
            at = self._lines.mirrored
            await self._producer.publish([Outgoing(topic, 0, source, self._lines.all[at].encode(), [])])
            self._lines.mirrored = max(self._lines.mirrored, at + 1)
