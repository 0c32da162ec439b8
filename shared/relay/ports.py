"""What a relay asks of its store and of its broker, as protocols. `lanes` and `shared.kafka.producer` are the real ones,
`memory` keeps the store's promises in this process; one contract suite holds the two stores equal.

A session guarantees that a lane has one holder at a time, for as long as the session lives; that a checkpoint moves only under
the epoch of the claim; that a read shows a held lane in order and without a gap; that lanes which begin anew do so together,
and nobody can mark any more what was published before. It refuses nothing: it answers what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from shared.eventlog.records import LogIdentity
from shared.kafka.identity import Standing
from shared.kafka.record import Outgoing, Placed
from shared.kernel.envelope import Recorded


@dataclass(frozen=True, slots=True)
class Held:
    """A lane that this relay holds: published up to `position`, claimed as `epoch`."""

    position: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a partition: it is `identity`, and what was published ends before `next_offset`, with the event
    whose hash is `last` (empty: not known).

    `fills` counts how often its lanes began anew; who knows an older count knows nothing of the partition that it is now.
    """

    identity: str
    next_offset: int
    fills: int
    last: str = ""


class Session(Protocol):
    """One session with the store; all methods may raise when it is lost, and then nothing is held any more."""

    async def identity(self) -> LogIdentity:
        """Which log it is."""
        ...

    async def claim(self, lanes: Iterable[int], holder: str) -> dict[int, Held]:
        """Take those lanes that nobody holds. From then on earlier holders can move nothing."""
        ...

    async def read(self, held: Mapping[int, Held], limit: int) -> list[Recorded]:
        """What is new in the held lanes, at most `limit` events a lane: in order a lane, without a gap."""
        ...

    async def mark(
        self, held: Mapping[int, Held], reached: Mapping[int, int], ends: Mapping[int, Known] = ...
    ) -> dict[int, Held]:
        """Move the checkpoints, lane by lane, where claim and position are still as they were; answers those moved.

        In the same step the partitions in `ends` are remembered to reach that far, where `fills` is still what it was.
        """
        ...

    async def topics(self) -> dict[int, Known]:
        """What is remembered of each partition of the topic."""
        ...

    async def remember(self, found: Mapping[int, Standing]) -> None:
        """Remember partitions of which nothing is known and nothing was published yet; leaves all others as they are."""
        ...

    async def begin_anew(
        self, found: Mapping[int, Standing], known: Mapping[int, Known], partitions: int, held: Mapping[int, Held]
    ) -> tuple[dict[int, Known], dict[int, Held]]:
        """Let the lanes of these partitions be published again from the first position, under a new epoch, all in one step.

        Answers what is known of those partitions where `known` was still true (the others are left as they are), and those
        held lanes whose claim went on into the new epoch.
        """
        ...

    async def release(self, lanes: Iterable[int]) -> None:
        """Let go of lanes, so that another relay may take them."""
        ...


class Sessions(Protocol):
    """Opens sessions with one service's store."""

    def session(self) -> AbstractAsyncContextManager[Session]:
        """A session, for as long as the context is open."""
        ...


class Publisher(Protocol):
    """Publishes to topics. `shared.kafka.producer.Producer` is the real one."""

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has. May raise `PublishFailed`."""
        ...

    async def standings(self, topic: str, ends: Mapping[int, int]) -> Mapping[int, Standing]:
        """What each partition of a topic is now, none if there is no such topic. May raise `PublishFailed`.

        Of the partitions in `ends` also the hash of the event before that offset.
        """
        ...

    async def publish(
        self, records: Sequence[Outgoing], produced: Callable[[], None] = ...
    ) -> Mapping[tuple[str, int], Placed]:
        """Publish and wait for all acknowledgements; `produced` is called between the two. May raise `PublishFailed`.

        Answers where the records stand, by topic and partition.
        """
        ...

    async def close(self) -> None:
        """Let go of the broker."""
        ...


def dense(held: Mapping[int, Held], events: Iterable[Recorded]) -> list[Recorded]:
    """The events, if each is the next of its lane. May raise `RuntimeError`: then the store has lost something."""
    reached: dict[int, int] = {}
    checked: list[Recorded] = []
    for event in events:
        before = reached.get(event.lane)
        if before is None:
            before = held[event.lane].position
        if event.position != before + 1:
            raise RuntimeError(f"the store has no position {before + 1} in lane {event.lane}")
        reached[event.lane] = event.position
        checked.append(event)
    return checked
