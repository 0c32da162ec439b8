"""What a fold asks of the place where its view stands, as protocols: one transaction, with everything that must be one.

`postgres_store` is the real one, `memory` keeps the same promises in this process; one contract suite holds them equal. A
store guarantees that all writes of a transaction stand or fall together, that a savepoint undoes what was written inside it,
and that the lanes it locked move for nobody else until it ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from shared.kafka.headers import Coordinates
from shared.kafka.record import Partition, Received
from shared.projections.checkpoints import Claim, Lane, Moved, Stands
from shared.projections.links import Link, Taken
from shared.projections.view import Delivered, View


@dataclass(frozen=True, slots=True)
class Parked:
    """An event to park. `poison`: it is itself the bad one; otherwise it waits behind one of its stream."""

    at: Coordinates
    stream: str
    record: Received
    reason: str
    poison: bool


Kind = Literal["unroutable", "unlinked", "fork", "ruled-out", "beyond"]


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that is not believed: it does not say where it belongs, does not follow, or is not the one that stands there.

    `stands` is the record that it does not follow, or that stands at its position, with its offset where that is known.
    """

    kind: Kind
    reason: str
    record: Received
    at: Coordinates | None = None
    digest: bytes | None = None
    stands: Taken | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A parked event as it was kept."""

    at: Coordinates
    value: bytes | None
    headers: dict[str, str | bytes | None]


class Store(Protocol):
    """One open transaction of one view. Every method may raise what will pass; then nothing has happened."""

    async def ensure(self, lanes: Sequence[Lane]) -> None:
        """Create the checkpoints of these lanes where they are missing."""
        ...

    async def lock(self, lanes: Sequence[Lane]) -> dict[Lane, Stands]:
        """Lock the checkpoints of these lanes, given in order, to the end of the transaction; missing ones are left out."""
        ...

    async def waiting(self) -> dict[str, int]:
        """The streams that wait, and from which position of their lane on."""
        ...

    async def enter(self) -> None:
        """Before the first `apply`: where the view's own tables are found."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[Any]:
        """What is written inside is undone if it raises."""
        ...

    async def apply(self, events: Sequence[Delivered]) -> None:
        """The view folds events."""
        ...

    async def park(self, parked: Sequence[Parked]) -> None:
        """Keep events that wait."""
        ...

    async def set_aside(self, records: Sequence[SetAside]) -> int:
        """Keep records that are not believed, each once; answers how many are new. One that stands where another stood, on a
        topic that was made anew, takes its place."""
        ...

    async def move(self, moved: Mapping[Lane, Moved], links: Mapping[Lane, Sequence[Link]]) -> None:
        """Move the checkpoints of lanes that are locked, and keep the links that nobody has kept yet."""
        ...

    async def move_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Remember from which offset of each partition a restarted projector reads on."""
        ...

    async def lanes_of(self, stream: str) -> list[Lane]:
        """The lanes in which events of a stream wait."""
        ...

    async def kept(self, stream: str) -> list[Kept]:
        """The events of a stream that wait, in order."""
        ...

    async def unpark(self, at: Coordinates) -> None:
        """An event waits no longer."""
        ...

    async def still(self, at: Coordinates, reason: str) -> None:
        """An event fails still, for this reason."""
        ...


class Stores(Protocol):
    """Opens the transactions of views."""

    def transaction(self, view: View) -> AbstractAsyncContextManager[Store]:
        """One transaction, committed when the context ends without a raise."""
        ...

    async def claim(self, view: View, partitions: Sequence[Partition]) -> Claim:
        """Take over the lanes of these partitions: from now on earlier owners are refused. Own transaction."""
        ...
