"""Holds a log against what proves it: the hash chain of each lane, the stored heads, and every signed checkpoint.

One pass over the events in order of lane and position, whatever they come from (a database, a file), in flat memory. Of each
lane it names the first row that was changed, removed or put in; where only a checkpoint shows it, the span in which it is.
A pass may start behind what an earlier one proved, at a position whose hash was signed. Refuses to repair.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shared.eventlog.chain import link
from shared.eventlog.checkpoints import Head
from shared.eventlog.marks import Finding, Marks, Witness
from shared.eventlog.records import LaneHead, LogIdentity
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES, lane_of


class Stored(Protocol):
    """A log to read through once."""

    @property
    def source(self) -> str:
        """Whose log it is."""
        ...

    @property
    def identity(self) -> LogIdentity:
        """Which log it is."""
        ...

    @property
    def heads(self) -> Mapping[int, LaneHead]:
        """The lane heads when reading began."""
        ...

    def pages(self) -> AsyncIterator[Sequence[Recorded]]:
        """Every event up to the heads in order of lane and position, and every row that lies after the head of its lane."""
        ...


async def verify_stored(
    stored: Stored, marks: Marks, tell: Callable[[int], None] = lambda _: None, *, starts: Mapping[int, Head] | None = None
) -> list[Finding]:
    """What is wrong, at most one finding a lane, in order. `tell` hears how many events were read.

    `starts`: where the pages of a lane begin, if not at its first event: after this position, whose hash is known.
    """
    check = _Check(stored, marks, starts or {})
    read = 0
    async for page in stored.pages():
        for event in page:
            check.event(event)
        read += len(page)
        tell(read)
    return check.finished()


class _Check:
    """The state of the pass: where the lane in hand stands, and which of its marks come next."""

    def __init__(self, stored: Stored, marks: Marks, starts: Mapping[int, Head]) -> None:
        self._stored = stored
        self._marks = marks
        self._starts = starts
        self._found: list[Finding] = list(marks.contradictions)
        self._lane = -1
        self._begin(0)

    def event(self, event: Recorded) -> None:
        """The next row."""
        if event.lane != self._lane:
            self._go_to(event.lane)
        if self._stopped:
            return
        if fault := self._fault(event):
            self._stop(event.position if event.position <= self._position else self._position + 1, *fault, event)
            return
        if self._last_at is not None and event.recorded_at < self._last_at:
            self._between(
                event,
                "chain",
                "thời điểm ghi lùi lại: hàng này hoặc hàng trước không phải hàng đã ghi",
                "the time goes back: this row or one before it is not the one that was recorded",
            )
            return
        self._position, self._hash, self._last_at = event.position, event.hash, event.recorded_at
        while self._next_mark < len(self._ahead) and self._ahead[self._next_mark][0] == self._position:
            _, digest, time = self._ahead[self._next_mark]
            if digest != self._hash:
                at = time.isoformat(timespec="seconds")
                self._between(
                    event,
                    "checkpoint",
                    f"khác với điểm kiểm ký lúc {at}: nhật ký đã bị viết lại cùng với hash",
                    f"differs from the checkpoint signed at {at}: the log was rewritten together with its hashes",
                )
                return
            self._proved = self._position
            self._next_mark += 1

    def finished(self) -> list[Finding]:
        """After the last row."""
        self._go_to(LANES)
        return sorted(self._found)

    def _fault(self, event: Recorded) -> tuple[str, str] | None:
        """What is wrong with a row against the row before it, in both languages."""
        wanted = self._position + 1
        if event.position > wanted:
            return (
                f"hàng bị xoá: sau vị trí {self._position} là vị trí {event.position}",
                f"the row was removed: position {event.position} follows {self._position}",
            )
        if event.position < wanted:
            return "hàng được thêm vào ngoài thứ tự", "the row was put in out of order"
        if event.position > self._head.position:
            return "hàng được thêm vào sau đầu làn", "the row was put in after the head of the lane"
        if event.hash != link(self._hash, event, self._stored.identity.deployment):
            return (
                "hàng không phải là hàng đã ghi: hash không khớp (bị sửa, thay hoặc chèn)",
                "the row is not the one that was recorded: its hash differs (changed, replaced or put in)",
            )
        if event.source != self._stored.source or lane_of(event.stream) != event.lane:
            return "hàng thuộc nhật ký hoặc làn khác", "the row belongs to another log or lane"
        return None

    def _go_to(self, lane: int) -> None:
        """End the lane in hand and begin another; lanes between the two hold no rows."""
        while self._lane < lane:
            if self._lane >= 0:
                self._end()
            self._lane += 1
            if self._lane < LANES:
                self._begin(self._lane)

    def _begin(self, lane: int) -> None:
        self._position, self._hash = self._starts.get(lane) or (0, self._stored.identity.genesis(lane))
        self._last_at: datetime | None = None
        self._proved, self._next_mark, self._stopped = self._position, 0, False
        self._head = self._stored.heads[lane]
        self._ahead = [mark for mark in self._marks.of(lane) if mark[0] > self._position]

    def _end(self) -> None:
        if self._stopped:
            return
        head, next_mark = self._head, self._ahead[self._next_mark :]
        if next_mark and self._position < next_mark[-1][0]:
            position, _, time = next_mark[-1]
            at = time.isoformat(timespec="seconds")
            self._stop(
                self._position + 1,
                f"hàng bị xoá: điểm kiểm ký lúc {at} có {position} hàng trong làn này, kho chỉ còn {self._position}",
                f"the row was removed: the checkpoint signed at {at} has {position} rows here, the store {self._position}",
                witness="checkpoint",
            )
        elif self._position < head.position:
            self._stop(
                self._position + 1,
                f"hàng bị xoá: đầu làn ở vị trí {head.position}, không còn hàng nào sau {self._position}",
                f"the row was removed: the head is at {head.position}, and no row follows {self._position}",
            )
        elif head.hash != self._hash:
            self._stop(
                self._position,
                "đầu làn có hash khác với hàng cuối cùng",
                "the head of the lane has another hash than its last row",
                witness="head",
            )

    def _between(self, event: Recorded, witness: Witness, vi: str, en: str) -> None:
        """One of the rows since the last proved one is not the one that was recorded; which, is not to be seen from here."""
        first = self._proved + 1
        self._stopped = True
        stream = event.stream if first == event.position else None
        self._found.append(Finding(event.lane, first, event.position, witness, vi, en, stream))

    def _stop(self, position: int, vi: str, en: str, event: Recorded | None = None, *, witness: Witness = "chain") -> None:
        self._stopped = True
        stream = event.stream if event is not None and event.position == position else None
        self._found.append(Finding(self._lane, position, position, witness, vi, en, stream))


def first_of_lanes(findings: Sequence[Finding]) -> list[Finding]:
    """One finding a lane: the first row that any witness names; a witness that knows the row beats one that knows a span."""
    best: dict[int, Finding] = {}
    for finding in sorted(findings):
        known = best.get(finding.lane)
        if known is None or (not known.exact and finding.exact and finding.position <= known.until):
            best[finding.lane] = finding
    return [best[lane] for lane in sorted(best)]
