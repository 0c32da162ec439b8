"""What a reader's database keeps of what the logs said, as a protocol: logs by name, rulings, links, spoiled builds.

`rulings` is the real one, `memory` keeps the same promises in this process; one contract suite holds them equal. Each call is
one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.eventlog.checkpoints import Checkpoint
from shared.eventlog.records import LogIdentity
from shared.eventlog.rulings import Ruling
from shared.kafka.headers import Coordinates
from shared.kafka.identity import Where
from shared.kafka.record import Received
from shared.projections.checkpoints import Lane
from shared.projections.links import Link, Overruled, Taken
from shared.projections.store import SetAside

RULED_OUT = "; a ruling says that it is not the log's"
"""What is added to the reason of a record that was listed while nobody could say which of two it is."""


class Ruled(NamedTuple):
    """A ruling as it is kept: the record at this position has this hash, or (`stands` false) has not."""

    lane: Lane
    position: int
    hash: bytes
    stands: bool


class Decisions(Protocol):
    """One a database. Every method may raise what will pass; then nothing has happened."""

    async def logs(self) -> dict[str, LogIdentity]:
        """Which log each source is, as far as that is known."""
        ...

    async def meet(self, source: str, identity: LogIdentity) -> None:
        """Remember which log a source is. The first one stands."""
        ...

    async def statements(self) -> dict[str, int]:
        """By source, how many records of its signed statements were heard already."""
        ...

    async def heard(self, statements: Mapping[str, int], aside: Sequence[SetAside]) -> None:
        """Statements were heard up to there, and these records were none."""
        ...

    async def rulings(self) -> list[Ruled]:
        """Everything that was decided."""
        ...

    async def keep(self, ruling: Ruling) -> None:
        """Remember a ruling for ever. The first on a position stands. If it says which of two records stands there, that one is
        listed no more, and the other one as ruled out."""
        ...

    async def give_up(self, checkpoint: Checkpoint) -> None:
        """Forget which records were ruled to stand where a log has given up what it had."""
        ...

    async def overrule(self, overruled: Overruled, records: Sequence[Received]) -> None:
        """What was taken is not the log's: name the builds that hold it, take policies back to before it so that they read on
        from there, forget its links, and set the records aside. Nothing happens if the links say that it does not stand (any
        more): somebody else has acted on it."""
        ...

    async def spoil(self, view: str, version: int, overruled: Overruled) -> None:
        """The same for one build that is not live: it is named, if it has passed the position."""
        ...

    async def forks(self, lanes: Iterable[Lane]) -> list[tuple[Lane, int]]:
        """The positions of these lanes at which two records followed and no ruling has decided."""
        ...

    async def spoiled(self, view: str, version: int) -> dict[Lane, int]:
        """The lanes in which a build has taken a record that was ruled out, and the first such position."""
        ...

    async def links(self, lanes: Iterable[Lane]) -> dict[Lane, tuple[list[Link], float]]:
        """The last links of these lanes, in order, and when the lane moved last (seconds since 1970)."""
        ...

    async def replaced(self, reader: str, found: Mapping[Where, str]) -> list[Where]:
        """Remember what these partitions are; answers those that were another before, whose offsets are forgotten."""
        ...

    async def prune(self) -> None:
        """Forget the links beyond the last thousand of each lane."""
        ...


def aside_of(overruled: Overruled, records: Sequence[Received], effects: Sequence[str] = ()) -> list[SetAside]:
    """The records that had been taken, as they are listed."""
    did = f"; policies had answered with the commands {', '.join(effects)}" if effects else ""
    listed: list[SetAside] = []
    taken = {link.offset: link for link in overruled.taken}
    for record in records:
        link = taken[record.offset]
        at = Coordinates(*overruled.lane, link.position)
        if link.position == overruled.position:
            stands = None if overruled.instead is None else Taken(overruled.instead, -1)
            reason = f"it had been taken, and a ruling says that it is not the log's{did}"
        else:
            stands = Taken(overruled.taken[0].hash, overruled.taken[0].offset)
            reason = f"it had been taken, but it follows the record at position {overruled.position} that was ruled out"
        listed.append(SetAside("ruled-out", reason, record, at, link.hash, stands))
    return listed
