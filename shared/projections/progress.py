"""What a runner remembers of one view between batches: positions and epochs, gaps, the share of bad events, counters.

All of it follows from committed transactions and may be lost at any time: a restart reads it again from the database.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shared.kafka.record import Received
from shared.kafka.topics import topic_of
from shared.projections import words
from shared.projections.chain import Chain
from shared.projections.checkpoints import Claim, Lane
from shared.projections.fold import Folded
from shared.projections.intake import Gap
from shared.projections.view import View


@dataclass(frozen=True, slots=True)
class Limits:
    """When a view with many bad events stops instead of parking them: more than `ratio` of the last `window` events,
    and more than `minimum` of them. `gap_seconds`: how long a gap may last before the topic is read again."""

    window: int = 10_000
    ratio: float = 0.05
    minimum: int = 50
    gap_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How a view goes. `red` holds, in words, what needs a person; the counters are since the process started."""

    version: int
    red: tuple[str, ...]
    applied: int
    skipped: int
    unknown: int
    parked: int
    set_aside: int
    gaps: int = 0
    """Lanes that wait for their next event, whether or not it is known to be missing."""


@dataclass(frozen=True, slots=True)
class RunnerStatus:
    """How a runner goes. `ready`: it has joined its group. `failure`: the last batch failed for a reason that may pass."""

    ready: bool
    red: tuple[str, ...]
    failure: str | None
    views: dict[str, ViewStatus]
    degraded: tuple[str, ...] = ()
    partitions: int = 0
    assignments: int = 0
    """How often the group shared out its partitions, and how many batches failed, since the process started."""
    failures: int = 0


class Progress:
    """The memory of one view."""

    def __init__(self, view: View, limits: Limits) -> None:
        self.view = view
        self.positions: dict[Lane, int] = {}
        self.epochs: dict[Lane, int] = {}
        self.broken: str | None = None
        """Why the view has stopped for good (until a restart), in words."""
        self.restarts: int | None = None
        """How often the view had been made to read anew when it was met last."""
        self.spoiled: dict[Lane, int] = {}
        """Lanes in which the view has taken a record that was ruled out, and at which position: it waits to be rebuilt."""
        self._limits = limits
        self._read: dict[tuple[str, int], int] = {}
        self._gaps: dict[Lane, Gap] = {}
        self._since: dict[Lane, float] = {}
        self._read_again: dict[Lane, int] = {}
        self._unjudged: dict[tuple[str, int], int] = {}
        self._recent: deque[tuple[int, int]] = deque()
        self._totals = Folded()

    def taken_over(self, claim: Claim) -> None:
        """Forget what was known of lanes and begin with what the claim found."""
        self.positions, self.epochs = dict(claim.positions), dict(claim.epochs)
        self._read = dict(claim.offsets)
        self._gaps.clear()
        self._since.clear()

    def move_to(self, view: View) -> None:
        """Another build of the view: nothing of the one before holds."""
        self.view = view
        self.positions, self.epochs, self.broken, self.spoiled = {}, {}, None, {}
        self._gaps.clear()
        self._since.clear()
        self._read_again.clear()
        self._recent.clear()
        self._read.clear()

    def committed(self, folded: Folded, records: Sequence[Received]) -> None:
        """Take over what a committed batch did."""
        for record in records:
            where = (record.topic, record.partition)
            self._read[where] = max(self._read.get(where, 0), record.offset + 1)
        self.positions.update(folded.stood)
        self.positions.update(folded.positions)
        for lane, gap in folded.gaps.items():
            known = self._gaps.get(lane)
            first = known if known is not None and known.offset <= gap.offset else gap
            seen = max(gap.seen, known.seen) if known is not None else gap.seen
            self._gaps[lane] = Gap(gap.missing, seen, gap.topic, gap.partition, first.offset)
        for lane, gap in list(self._gaps.items()):
            reached = self.positions.get(lane, 0)
            if reached >= gap.seen:
                del self._gaps[lane]
                where = (gap.topic, gap.partition)
                self._unjudged[where] = min(gap.offset, self._unjudged.get(where, gap.offset))
                self._since.pop(lane, None)
                self._read_again.pop(lane, None)
            elif reached + 1 != gap.missing or lane not in self._since:
                self._gaps[lane] = Gap(reached + 1, gap.seen, gap.topic, gap.partition, gap.offset)
                self._since[lane] = _now()
        self._count(folded, len(records))

    def behind(self, ends: Mapping[tuple[str, int], int]) -> dict[str, int]:
        """By topic, how many records before these ends the view has not passed; a stopped lane holds its partition."""
        held = self.holds()
        behind = {topic_of(source): 0 for source in self.view.sources}
        for (topic, partition), end in ends.items():
            if topic in behind:
                read = self.read((topic, partition))
                behind[topic] += max(0, end - min(read, held.get((topic, partition), read)))
        return behind

    def read(self, where: tuple[str, int]) -> int:
        """Up to which offset of a partition the view has seen what stands there."""
        return self._read.get(where, 0)

    def unread(self, fresh: Collection[tuple[str, int]]) -> None:
        """These partitions are others than were read before: nothing of them is."""
        for where in fresh:
            self._read.pop(where, None)

    def holds(self) -> dict[tuple[str, int], int]:
        """Offsets that reading may not be moved past: a stopped lane needs what came after its gap."""
        held: dict[tuple[str, int], int] = {}
        for gap in self._gaps.values():
            where = (gap.topic, gap.partition)
            held[where] = min(gap.offset, held.get(where, gap.offset))
        return held

    def unjudged(self) -> dict[tuple[str, int], int]:
        """From which offsets on to read once more: what waited there was passed by since, and may be none of its lane's."""
        found, self._unjudged = self._unjudged, {}
        return found

    def poison_allowed(self, events: int) -> int:
        """How many bad events a batch of this size may bring before the view stops."""
        seen, bad = sum(n for n, _ in self._recent), sum(p for _, p in self._recent)
        return max(self._limits.minimum, int(self._limits.ratio * (seen + events))) - bad

    def partitions_to_read_again(self, held: Collection[Lane] = ()) -> set[tuple[str, int]]:
        """Partitions with a gap that has lasted; each gap asks once. Lanes that are held would gain nothing by it."""
        now, found = _now(), set[tuple[str, int]]()
        for lane, gap in self._gaps.items():
            if lane in held or lane in self.spoiled:
                continue
            if now - self._since[lane] >= self._limits.gap_seconds and self._read_again.get(lane) != gap.missing:
                self._read_again[lane] = gap.missing
                found.add((gap.topic, gap.partition))
        return found

    def resume(self, lane: Lane) -> None:
        """What had stopped a lane is gone: what waits is read again at the next look."""
        self._read_again.pop(lane, None)
        if lane in self._since:
            self._since[lane] = _now() - self._limits.gap_seconds

    def dismiss(self, lane: Lane) -> None:
        """Nothing is missing in a lane: what came after its end is none of its log's."""
        self._since.pop(lane, None)
        self._read_again.pop(lane, None)
        self._gaps.pop(lane, None)

    def lanes(self) -> Collection[Lane]:
        """The lanes that have a gap or were taken over."""
        return self.epochs.keys() | self._gaps.keys()

    def ended(self, chain: Chain, held: Collection[Lane]) -> dict[Lane, tuple[str, int]]:
        """Lanes with a gap, though their log signed since that it ends where the view stands; with topic and partition."""
        found: dict[Lane, tuple[str, int]] = {}
        for lane, gap in self._gaps.items():
            signed = chain.signed(lane)
            fresh = signed is not None and signed.came_at > self._since[lane] and signed.position == self.positions.get(lane, 0)
            if fresh and lane not in held and lane not in self.spoiled:
                found[lane] = (gap.topic, gap.partition)
        return found

    def stopped(self) -> dict[Lane, int]:
        """The lanes whose gap was still there after the topic was read again, and the position that each waits for."""
        return {lane: gap.missing for lane, gap in self._gaps.items() if self._read_again.get(lane) == gap.missing}

    def status(self) -> ViewStatus:
        """How it goes."""
        red = [] if self.broken is None else [self.broken]
        for (source, lane), gap in sorted(self._gaps.items()):
            if self._read_again.get((source, lane)) != gap.missing:
                continue
            if (source, lane) in self.spoiled:
                continue
            red.append(words.missing((source, lane), gap.missing, gap.seen))
        red += [words.spoiled(lane, position, self.view.name) for lane, position in sorted(self.spoiled.items())]
        total = self._totals
        return ViewStatus(
            self.view.version,
            tuple(red),
            total.applied,
            total.skipped,
            total.unknown,
            total.parked,
            total.set_aside,
            len(self._gaps),
        )

    def _count(self, folded: Folded, events: int) -> None:
        total = self._totals
        total.applied += folded.applied
        total.skipped += folded.skipped
        total.unknown += folded.unknown
        total.parked += folded.parked
        total.set_aside += folded.set_aside
        self._recent.append((events, folded.poison))
        while len(self._recent) > 1 and sum(n for n, _ in self._recent) > self._limits.window:
            self._recent.popleft()


def _now() -> float:
    """The clock of the loop, so that a simulator's time counts here too."""
    return asyncio.get_running_loop().time()
