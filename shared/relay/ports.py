"""What a relay asks of its store and of its broker, as protocols. `lanes` and `shared.kafka.producer` are the real ones,
`memory` keeps the store's promises in this process; one contract suite holds the two stores equal.

A session guarantees that a lane has one holder at a time, for as long as the session lives; that a checkpoint moves only under
the epoch of the claim; that a read shows a held lane in order and without a gap. It refuses nothing: it answers what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from shared.eventlog.records import LogIdentity
from shared.kafka.record import Outgoing
from shared.kernel.envelope import Recorded


@dataclass(frozen=True, slots=True)
class Held:
    """A lane that this relay holds: published up to `position`, claimed as `epoch`."""

    position: int
    epoch: int


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

    async def mark(self, held: Mapping[int, Held], reached: Mapping[int, int]) -> dict[int, Held]:
        """Move the checkpoints, lane by lane, where claim and position are still as they were; answers those moved."""
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

    async def publish(self, records: Sequence[Outgoing], produced: Callable[[], None] = ...) -> None:
        """Publish and wait for all acknowledgements; `produced` is called between the two. May raise `PublishFailed`."""
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
