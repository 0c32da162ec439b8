"""What strangers put on Kafka during a campaign: records that do not follow, another deployment's, garbage, good forgeries.

Written with a Kafka client and what anybody can read off the topic. The liar keeps books of all that was put there, so that a
check can tell a lie from the record without asking the product. A good forgery follows: nothing in it shows that it is false,
until the log signs or rules; `settled` says when it has, from the signed file alone.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from tests.chaos.reading import consumer_of, until
from tests.prove.lies import TOPIC, Lie, next_in_lane
from tests.system.world import World

_ATTEMPTS = 10
_BACK = 150
"""So many of the last records of a partition a liar looks at."""

LIAR = "CLB ke la"
"""How the clubs are named that only strangers speak of."""

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Told:
    """A record that a stranger put on a topic."""

    kind: str
    value: bytes
    """No two lies have the same: by it a lie is known wherever it stands."""
    event_id: str = ""
    stream: str = ""
    repetition: bool = False
    """An exact repetition of a true record is no lie: it must change nothing."""


@dataclass(frozen=True, slots=True)
class Forged:
    """A good forgery: at this position of this lane of the clubs' log."""

    lane: int
    position: int
    hash: str


class Liar:
    """One campaign's strangers."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self.told: list[Told] = []
        self._open: set[Forged] = set()
        self.plain: list[tuple[str, float, Callable[[], None]]] = [
            ("lie: the next position, a bad link", 1.0, self._next),
            ("lie: a passed position, a bad link", 1.0, self._passed),
            ("lie: position 10^9", 1.0, self._far),
            ("lie: another deployment, as itself", 1.0, self._another),
            ("lie: another deployment, under this one's name", 1.0, self._namesake),
            ("lie: garbage", 1.0, self._garbage),
            ("lie: an unsigned checkpoint", 0.5, self._checkpoint),
            ("an exact repetition", 1.0, self._repetition),
        ]
        self.good: list[tuple[str, float, Callable[[], None]]] = [
            ("good forgery: the next position", 1.5, self._good),
            ("good forgery: two that follow each other", 1.0, self._good_two),
            ("good forgery: a passed position", 1.0, self._good_passed),
        ]

    async def tell(self, kind: str) -> bool:
        """Put it on the topic; False if there is nothing to lie about, or Kafka does not take it."""
        act = next(act for name, _, act in (*self.plain, *self.good) if name == kind)
        for _ in range(_ATTEMPTS):
            try:
                await asyncio.to_thread(act)
            except LookupError:
                await asyncio.sleep(0.5)
            except (KafkaError, TimeoutError):
                return False
            else:
                return True
        return False

    async def settled(self) -> bool:
        """Whether each good forgery is known to be one: a ruling speaks of its position, or the log has signed and published
        what it has there."""
        if self._open:
            reached = {
                row["lane"]: row["position"]
                for row in await self._world.rows("clubs", "select lane, position from relay.lanes")
            }
            self._open = {one for one in self._open if not await asyncio.to_thread(self._decided, one, reached)}
        return not self._open

    def gone(self) -> None:
        """The topic is gone, and every lie with it: nobody can take a forgery for a loss any more."""
        self._open.clear()

    def _decided(self, forged: Forged, reached: dict[int, int]) -> bool:
        file = self._world.folder / "signing" / "checkpoints" / "clubs.jsonl"
        for line in reversed(file.read_text().splitlines()):
            said = json.loads(line)
            if (ruling := said.get("ruling")) is not None:
                here = (ruling["lane"], ruling["position"]) == (forged.lane, forged.position)
                if here and (ruling.get("stands", True) or ruling["hash"] == forged.hash):
                    return True
            elif said["checkpoint"]["heads"][forged.lane][0] >= forged.position <= reached[forged.lane]:
                return True
        return False

    # what strangers do

    def _next(self) -> None:
        self._put(next_in_lane(self._last(), _name()), "bad link")

    def _passed(self) -> None:
        lie = next_in_lane(self._last(), _name())
        lie.headers["ce_position"] = b"%d" % max(1, int(lie.headers["ce_position"]) - 1 - self._rng.randrange(20))
        lie.headers["ce_hash"] = secrets.token_hex(32).encode()
        self._put(lie, "passed position")

    def _far(self) -> None:
        lie = next_in_lane(self._last(), _name())
        lie.headers["ce_position"] = b"1000000000"
        self._put(lie.linked(secrets.token_bytes(32)), "position 10^9")

    def _another(self) -> None:
        self._chain(f"/{self._rng.choice(('38', 'hue', 'vn2'))}/clubs")

    def _namesake(self) -> None:
        self._chain(None)

    def _chain(self, source: str | None) -> None:
        """Three records of a log of its own, that follow one another; at the lane's next positions, or from its first."""
        true = self._last()
        before = secrets.token_bytes(32)
        first = 1 if self._rng.random() < 0.5 else int(true.headers["ce_position"]) + 1
        for position in range(first, first + 3):
            lie = next_in_lane(true, _name())
            lie.headers["ce_position"] = b"%d" % position
            if source is not None:
                lie.headers["ce_source"] = source.encode()
            before = bytes.fromhex(lie.linked(before).headers["ce_hash"].decode())
            self._put(lie, "another deployment")

    def _garbage(self) -> None:
        true = self._last()
        headers: Headers = [("ce_source", b"\xff\xfe"), ("ce_lane", b"x")] if self._rng.random() < 0.5 else []
        self._send("garbage", TOPIC, true.partition, true.key, secrets.token_bytes(60), headers)
        broken = next_in_lane(true, _name())
        del broken.headers[self._rng.choice(("ce_lane", "ce_source", "ce_position", "ce_subject", "ce_hash", "ce_time"))]
        broken.value = secrets.token_hex(30).encode()
        self._send("garbage", TOPIC, true.partition, b"?", broken.value, [*broken.headers.items()])

    def _checkpoint(self) -> None:
        self._send(
            "garbage", "clubs.checkpoints", 0, b"clubs", b'{"checkpoint":{},"key":"?","n":"%d"}' % secrets.randbits(60), []
        )

    def _repetition(self) -> None:
        true = self._last(back=self._rng.randrange(20))
        self._send("repetition", TOPIC, true.partition, true.key, true.value, [*true.headers.items()], repetition=True)

    def _good(self) -> None:
        self._forge(self._last(), 1)

    def _good_two(self) -> None:
        self._forge(self._last(), 2)

    def _good_passed(self) -> None:
        """Behind the record before: the true one at this position has been published."""
        self._forge(self._last(back=1), 1)

    def _forge(self, true: Lie, count: int) -> None:
        for _ in range(count):
            lie = next_in_lane(true, _name()).linked(bytes.fromhex(true.headers["ce_hash"].decode()))
            forged = Forged(int(lie.headers["ce_lane"]), int(lie.headers["ce_position"]), lie.headers["ce_hash"].decode())
            self._open.add(forged)
            self._put(lie, "good forgery")
            true = lie

    # reading and writing

    def _last(self, back: int = 0) -> Lie:
        """A true record of a lane, the last one or so many before it. May raise `LookupError`."""
        lies = {one.value for one in self.told if not one.repetition}
        consumer = consumer_of(self._world.kafka.bootstrap)
        try:
            where = TopicPartition(TOPIC, self._rng.choice(sorted(consumer.partitions_for_topic(TOPIC) or ())))
            consumer.assign([where])
            first, end = consumer.beginning_offsets([where])[where], consumer.end_offsets([where])[where]
            consumer.seek(where, max(first, end - _BACK))
            lanes: dict[bytes, list[Lie]] = {}
            for record in until(consumer, {where: end}):
                if record.value in lies:
                    continue
                headers = dict(record.headers)
                lane = lanes.setdefault(headers["ce_lane"], [])
                if not lane or int(headers["ce_position"]) > int(lane[-1].headers["ce_position"]):
                    lane.append(Lie(record.partition, record.key, record.value, headers))
        finally:
            consumer.close()
        fit = [lane for lane in lanes.values() if len(lane) > back]
        return self._rng.choice(fit)[-1 - back]

    def _put(self, lie: Lie, kind: str) -> None:
        self._send(kind, TOPIC, lie.partition, lie.key, lie.value, [*lie.headers.items()])

    def _send(
        self, kind: str, topic: str, partition: int, key: bytes, value: bytes, headers: Headers, *, repetition: bool = False
    ) -> None:
        """It is in the books before it is sent: what is not acknowledged may still be there."""
        found = dict(headers)
        event_id, stream = (found.get(name, b"").decode(errors="replace") for name in ("ce_id", "ce_subject"))
        self.told.append(Told(kind, value, event_id, stream, repetition))
        producer: Any = KafkaProducer(
            bootstrap_servers=self._world.kafka.bootstrap, bootstrap_timeout_ms=8000, max_block_ms=8000,
            delivery_timeout_ms=15_000, request_timeout_ms=10_000, linger_ms=0,
        )  # fmt: skip
        try:
            producer.send(topic, value, key, headers=headers, partition=partition).get(timeout=20)
        finally:
            producer.close(timeout=5)


def _name() -> str:
    return f"{LIAR} {uuid.uuid4()}"
