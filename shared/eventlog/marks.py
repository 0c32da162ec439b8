"""What signed checkpoints say of each lane: at this position the hash was this. Kept small: forty bytes a mark.

Guarantees that the marks of a lane ascend. Where the checkpoints themselves contradict each other, the log was rewritten or cut
between two of them, and that is said; so is a line that is missing between two. Refuses nothing: it only says what is wrong.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from shared.eventlog.checkpoints import Checkpoint
from shared.eventlog.records import NONE
from shared.eventlog.rulings import Ruling
from shared.kernel.lanes import LANES

_HASH = len(NONE)

Witness = Literal["chain", "head", "checkpoint", "commands", "kafka"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A row that is not what was recorded: the first of its lane that a witness can name.

    `until` is the last position that it may be, where the witness knows only a span.
    """

    lane: int
    position: int
    until: int
    witness: Witness
    vi: str
    en: str
    stream: str | None = None

    @property
    def exact(self) -> bool:
        """Whether the row is known, not only a span."""
        return self.position == self.until


@dataclass(slots=True)
class Marks:
    """The marks of all lanes, and what is wrong with the checkpoints among themselves."""

    positions: list[array[int]] = field(default_factory=lambda: [array("q") for _ in range(LANES)])
    hashes: list[bytearray] = field(default_factory=lambda: [bytearray() for _ in range(LANES)])
    times: list[array[float]] = field(default_factory=lambda: [array("d") for _ in range(LANES)])
    contradictions: list[Finding] = field(default_factory=list[Finding])
    missing_lines: list[str] = field(default_factory=list[str])
    rulings: list[Ruling] = field(default_factory=list[Ruling])
    """What stands among the checkpoints: which records are the log's, and which are not."""
    given_up: list[Checkpoint] = field(default_factory=list["Checkpoint"])
    """Those with which a person gave up what had been signed."""
    count: int = 0
    first: datetime | None = None
    last: Checkpoint | None = None

    def of(self, lane: int) -> list[tuple[int, bytes, datetime]]:
        """The marks of a lane, ascending."""
        hashes, zone = self.hashes[lane], self.first.tzinfo if self.first else None
        return [
            (position, bytes(hashes[index * _HASH : (index + 1) * _HASH]), datetime.fromtimestamp(seconds, zone))
            for index, (position, seconds) in enumerate(zip(self.positions[lane], self.times[lane], strict=True))
        ]


def marks_of(checkpoints: Iterable[tuple[int, Checkpoint]]) -> Marks:
    """The marks of checkpoints in the order in which they were made."""
    marks, known = Marks(), set[bytes]()
    for number, checkpoint in checkpoints:
        if checkpoint.hash in known:
            continue  # the same line once more, as whoever may write to the topic can put it there
        before = marks.last
        if before is not None and checkpoint.previous not in known:
            marks.missing_lines.append(f"{number}: {before.time.isoformat()} .. {checkpoint.time.isoformat()}")
        known.add(checkpoint.hash)
        marks.first = marks.first or checkpoint.time
        marks.last, marks.count = checkpoint, marks.count + 1
        if checkpoint.given_up:
            marks.given_up.append(checkpoint)
        for lane, position in checkpoint.given_up:
            _forget(marks, lane, position)
        for lane, (position, digest) in enumerate(checkpoint.heads):
            _mark(marks, lane, position, digest, checkpoint, before)
    return marks


def _forget(marks: Marks, lane: int, position: int) -> None:
    """What was signed of a lane behind this position is gone for good, and a person has said so."""
    kept = bisect_right(marks.positions[lane], position)
    del marks.positions[lane][kept:], marks.times[lane][kept:], marks.hashes[lane][kept * _HASH :]


def _mark(marks: Marks, lane: int, position: int, hash: bytes, checkpoint: Checkpoint, before: Checkpoint | None) -> None:
    positions, hashes = marks.positions[lane], marks.hashes[lane]
    last = positions[-1] if positions else 0
    known = bytes(hashes[-_HASH:]) if positions else checkpoint.identity.genesis(lane)
    another = before is not None and before.identity != checkpoint.identity
    if another or (before is not None and position < last) or (position == last and hash != known):
        earlier = positions[-2] if len(positions) > 1 else 0
        first = position + 1 if position < last else earlier + 1
        marks.contradictions.append(
            Finding(
                lane,
                first,
                last,
                "checkpoint",
                f"nhật ký bị sửa giữa hai điểm kiểm {_at(before or checkpoint)} và {_at(checkpoint)}",
                f"the log was rewritten between the checkpoints of {_at(before or checkpoint)} and {_at(checkpoint)}",
            )
        )
    elif position > last:
        positions.append(position)
        hashes += hash
        marks.times[lane].append(checkpoint.time.timestamp())


def _at(checkpoint: Checkpoint) -> str:
    return checkpoint.time.isoformat(timespec="seconds")
