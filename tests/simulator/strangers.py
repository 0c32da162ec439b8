"""Strangers: whoever reaches the broker and writes what is not the log's. They hold no key, but they can read and compute.

Each writes one kind of lie: a record with a bad link (next position, passed position, a position that nobody has reached), a
record of a second deployment's own valid chain, a record that follows (hashes have no key), a statement under another key, a
question that makes no sense; or an exact repetition, which is none.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.eventlog.chain import link
from shared.eventlog.checkpoints import checkpoint_of
from shared.eventlog.memory import MemoryLog
from shared.eventlog.records import Append, LogIdentity, NewEvent
from shared.eventlog.rulings import Ruling
from shared.events.clubs import ClubFounded, MembersReported
from shared.kafka.headers import from_kafka, to_kafka
from shared.kafka.record import Outgoing, Received
from shared.kafka.refills import Refill
from shared.kafka.topics import PARTITIONS, checkpoints_topic, topic_of
from shared.kernel.envelope import Recorded
from shared.kernel.event import Undecodable
from shared.kernel.lanes import LANES, lane_of, partition_of
from tests.simulator.broker import MemoryBroker
from tests.simulator.commands import COMMUNES, START
from tests.simulator.faults import Faults
from tests.simulator.notary import STRANGERS_KEY
from tests.simulator.simlog import SimLog

FAR = 10**9


@dataclass(frozen=True)
class Lie:
    """A record that a stranger wrote: which kind it is, and where it stands on the topic."""

    site: str
    record: Received
    event_id: str
    hash: bytes
    lane: int
    repetition: bool = False

    @property
    def follows(self) -> bool:
        """Whether a reader may take it, since its link holds."""
        return self.site in ("stranger.follows", "stranger.forks")


class Strangers:
    """All of them. They read what is on the topics, and nothing else of ours."""

    def __init__(
        self, broker: MemoryBroker, logs: Mapping[str, SimLog], rng: random.Random, faults: Faults, clock: Callable[[], float]
    ) -> None:
        self._broker, self._rng, self._faults, self._clock = broker, rng, faults, clock
        self._sources = list(logs)
        self._identities = {source: log.identity_now for source, log in logs.items()}
        """Every signed checkpoint says which log it is, so it is no secret."""
        self._others: dict[str, MemoryLog] = {}
        self.lies: list[Lie] = []

    async def come(self) -> list[str]:
        """Those whose hour it is; what they did, in words."""
        told: list[str] = []
        fire = self._faults.fire
        if fire("broker.garbage"):
            self._broker.garbage()
        for site in ("next", "passed", "far", "repeats", "follows", "forks"):
            if fire(f"stranger.{site}"):
                told += getattr(self, f"_{site}")()
        if fire("stranger.deployment"):
            told += await self._deployment()
        if fire("stranger.signs"):
            told += await self._signs()
        if fire("stranger.asks"):
            source = self._rng.choice(self._sources)
            lane, position = self._rng.randrange(LANES), self._rng.randrange(1, 4)
            self._broker.put(Refill(source, lane, 0, "nobody", position, "00" * 32, sign=True).record())
            told.append(f"a stranger asks about lane {lane} of {source}, position {position}")
        return told

    def _next(self) -> list[str]:
        """A bad link at the next position of a lane."""
        source, lane, known = self._lane()
        body = self._forged(source, lane, known, len(known) + 1)
        return [self._write("stranger.next", replace(body, hash=self._bad_hash(known)))]

    def _passed(self) -> list[str]:
        """A bad link where a record stands."""
        source, lane, known = self._lane()
        if not known:
            return []
        true = self._rng.choice(known)
        forged = self._forged(source, lane, known, true.position)
        return [self._write("stranger.passed", replace(forged, hash=self._rng.choice((true.hash, self._bad_hash(known)))))]

    def _far(self) -> list[str]:
        """A position that nobody has reached, some of them not so far."""
        source, lane, known = self._lane()
        position = self._rng.choice((FAR, len(known) + 2))
        return [self._write("stranger.far", replace(self._forged(source, lane, known, position), hash=self._bad_hash(known)))]

    def _repeats(self) -> list[str]:
        """A record that is there, once more, byte for byte."""
        _source, _lane, known = self._lane()
        if not known:
            return []
        one = self._rng.choice(known)
        lie = next((lie for lie in self.lies if lie.event_id == one.event_id and not lie.repetition), None)
        return [self._write("stranger.repeats" if lie is None else lie.site, one, repetition=lie is None)]

    def _follows(self) -> list[str]:
        """Records that follow the last one, before the true ones come."""
        source, lane, known = self._lane()
        head = known[-1].hash if known else self._identities[source].genesis(lane)
        told: list[str] = []
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            one = self._linked(self._forged(source, lane, known, len(known) + 1), head)
            told.append(self._write("stranger.follows", one))
            known, head = [*known, one], one.hash
        return told

    def _forks(self) -> list[str]:
        """A record that follows where another stands already."""
        source, lane, known = self._lane()
        if not known:
            return []
        at = self._rng.randrange(len(known))
        head = known[at - 1].hash if at else self._identities[source].genesis(lane)
        return [self._write("stranger.forks", self._linked(self._forged(source, lane, known[:at], at + 1), head))]

    async def _deployment(self) -> list[str]:
        """A lane of a second deployment's log, as a mirrored topic has it: its own chain holds."""
        source = self._rng.choice(self._sources)
        if source not in self._others:
            name = self._rng.choice(("vn", "38"))
            identity = LogIdentity(name, str(uuid.UUID(int=self._rng.getrandbits(128), version=4)))
            self._others[source] = MemoryLog(source, lambda: datetime.fromtimestamp(self._clock(), UTC), identity=identity)
        other = self._others[source]
        identity = await other.identity()
        lane = self._lane_of_ours(source)
        stream = self._stream(lane)
        known = (await other.load([stream]))[stream]
        new = NewEvent(str(self._uuid()), ClubFounded.TYPE, 1, self._founded())
        await other.append([Append(str(self._uuid()), bytes(32), stream, len(known), (new,), "centre/state/VN/t")])
        told = await other.read_lane(lane, 0, 100)
        return [self._write("stranger.deployment", one, deployment=identity.deployment) for one in told]

    async def _signs(self) -> list[str]:
        """A ruling or a checkpoint under a key that is not ours."""
        source, lane, known = self._lane()
        now, identity = datetime.fromtimestamp(self._clock(), UTC), self._identities[source]
        if known and self._rng.random() < 0.7:
            line = Ruling(source, identity, lane, len(known), bytes(32), now, "nobody").line(STRANGERS_KEY)
        else:
            heads = await MemoryLog(source, lambda: now, identity=identity).heads()
            line = checkpoint_of(source, identity, heads, now, None).line(STRANGERS_KEY)
        self._broker.put(Outgoing(checkpoints_topic(source), 0, source.encode(), line.encode(), []), ours=False)
        return [f"a stranger signs for {source}"]

    def _lane(self) -> tuple[str, int, list[Recorded]]:
        """A lane, often one that holds something, and what the topic has of it, as far as it follows itself."""
        source = self._rng.choice(self._sources)
        lane = self._lane_of_ours(source)
        identity = self._identities[source]
        known: list[Recorded] = []
        head = identity.genesis(lane)
        for record in self._broker.logs[topic_of(source), partition_of(lane, PARTITIONS)]:
            try:
                one = from_kafka(record.value, record.headers)
            except Undecodable:
                continue
            if one.lane == lane and one.position == len(known) + 1 and one.hash == link(head, one, identity.deployment):
                known.append(one)
                head = one.hash
        return source, lane, known

    def _lane_of_ours(self, source: str) -> int:
        """Mostly a lane in which something was published."""
        if self._rng.random() < 0.15:
            return self._rng.randrange(LANES)
        lanes: list[int] = []
        for number in range(PARTITIONS):
            for record in self._broker.logs[topic_of(source), number]:
                try:
                    lanes.append(from_kafka(record.value, record.headers).lane)
                except Undecodable:
                    continue
        return self._rng.choice(lanes) if lanes else self._rng.randrange(LANES)

    def _forged(self, source: str, lane: int, known: list[Recorded], position: int) -> Recorded:
        """A record as the stranger would like it: a club more, more members, or bytes that nobody can read."""
        like = self._rng.choice(known) if known and self._rng.random() < 0.7 else None
        stream = like.stream if like is not None else self._stream(lane)
        version = 1 + max((one.version for one in known if one.stream == stream), default=0)
        if like is not None and like.stream.startswith("club-"):
            event = MembersReported(as_of=START, basis="counted", total=9_999, women=None)
            name, data = event.TYPE, event.to_json()
        else:
            name, data = ClubFounded.TYPE, self._founded()
        if self._rng.random() < 0.1:
            data = "{"
        now = datetime.fromtimestamp(self._clock(), UTC)
        return Recorded(
            source, lane, position, stream, version, str(self._uuid()), name, 1, now, str(self._uuid()),
            "centre/state/VN/nobody", data, bytes(32), bytes(32),
        )  # fmt: skip

    def _linked(self, one: Recorded, head: bytes) -> Recorded:
        return replace(one, hash=link(head, one, self._identities[one.source].deployment))

    def _bad_hash(self, known: list[Recorded]) -> bytes:
        """Zeros, chance, or another record's."""
        return self._rng.choice((bytes(32), self._rng.randbytes(32), known[-1].hash if known else bytes(32)))

    def _write(self, site: str, one: Recorded, *, deployment: str | None = None, repetition: bool = False) -> str:
        name = deployment or self._identities[one.source].deployment
        key, value, headers = to_kafka(one, name)
        out = Outgoing(topic_of(one.source), partition_of(one.lane, PARTITIONS), key, value, [*headers])
        self.lies.append(Lie(site, self._broker.put(out, ours=False), one.event_id, one.hash, one.lane, repetition))
        return f"{site}: position {one.position} of lane {one.lane} of {one.source}"

    def _founded(self) -> str:
        return ClubFounded(name="CLB ma", commune=self._rng.choice(COMMUNES), founded_on=START).to_json()

    def _stream(self, lane: int) -> str:
        """The name of a new club that lives in this lane."""
        while True:
            stream = f"club-{self._uuid()}"
            if lane_of(stream) == lane:
                return stream

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)
