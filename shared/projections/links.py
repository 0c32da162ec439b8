"""The links of a lane: at which position which record was taken and where on Kafka it stood, what was signed or ruled out.

By them a repetition is told from something else. A ring has no gap: what would leave one begins it anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.eventlog.records import NONE

RING = 1_000
"""So many hashes of a lane are kept, to tell a repetition from something else."""
_HASH = len(NONE)


class Taken(NamedTuple):
    """A record that was taken: its hash, and where on Kafka it stood."""

    hash: bytes
    offset: int


class Link(NamedTuple):
    """A link that a batch added to a lane."""

    position: int
    hash: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Signed:
    """The newest signed head of a lane: when it was signed (seconds since 1970), and when it came here (the loop's clock)."""

    position: int
    hash: bytes
    signed_at: float
    came_at: float


@dataclass(frozen=True, slots=True)
class Overruled:
    """A ruling says that what was taken at a position is not the log's, and so is not what follows it there.

    `before` is the hash that stands before it, `instead` the one that the ruling names; None if that is not known.
    """

    lane: tuple[str, int]
    position: int
    taken: tuple[Link, ...]
    before: bytes | None
    instead: bytes | None


@dataclass(slots=True)
class Ring:
    """The last links of a lane, without a gap."""

    first: int = 1
    hashes: bytearray = field(default_factory=bytearray)
    offsets: array[int] = field(default_factory=lambda: array("q"))
    moved_at: float = 0.0

    @property
    def end(self) -> int:
        """The last position; 0 of none."""
        return self.first + len(self.offsets) - 1 if self.offsets else 0

    def at(self, position: int) -> Taken | None:
        """What was taken at a position, if that is known."""
        index = position - self.first
        if not 0 <= index < len(self.offsets):
            return None
        return Taken(bytes(self.hashes[index * _HASH : (index + 1) * _HASH]), self.offsets[index])

    def add(self, position: int, digest: bytes, offset: int) -> None:
        """A link more, unless it is known."""
        if self.offsets and position <= self.end:
            return
        if not self.offsets or position != self.end + 1:
            self.first, self.hashes, self.offsets = position, bytearray(), array("q")
        self.hashes += digest
        self.offsets.append(offset)
        if len(self.offsets) >= 2 * RING:
            self.keep(self.end - RING + 1, self.end)

    def after(self, position: int) -> tuple[Link, ...]:
        """What was taken from a position on."""
        return tuple(Link(at, *taken) for at in range(position, self.end + 1) if (taken := self.at(at)) is not None)

    def extend(self, links: Sequence[Link]) -> None:
        """Links more, in order; those that are known are passed over."""
        if not links or (self.offsets and links[-1].position <= self.end):
            return
        if not self.offsets or links[0].position != self.end + 1 or links[-1].position != self.end + len(links):
            for link in links:
                self.add(*link)
            return
        self.hashes += b"".join([link.hash for link in links])
        self.offsets.extend([link.offset for link in links])
        if len(self.offsets) >= 2 * RING:
            self.keep(self.end - RING + 1, self.end)

    def keep(self, first: int, last: int) -> None:
        """Forget what is not between these positions."""
        start, stop = first - self.first, last - self.first + 1
        self.hashes = self.hashes[start * _HASH : stop * _HASH]
        self.offsets = self.offsets[start:stop]
        self.first = first
