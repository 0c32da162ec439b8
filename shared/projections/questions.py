"""What a reader asks the logs, and how often: records that it lacks, which of two records is the log's, a fresh signature.

The same question waits twice as long each time, up to ten minutes. Pure but for the clock; `mending` carries it to Kafka.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from shared.kafka.identity import Where
from shared.kafka.refills import Refill
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.lanes import LANES, partition_of
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane
from shared.projections.progress import Progress

UNPROVED_SECONDS: Final = 300.0
"""How long the last record of a lane that rests may stand without a signed head over it before one is asked for."""
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 600.0


class Questions:
    """One a runner. `by` says who asks."""

    def __init__(self, by: str, *, unproved_seconds: float = UNPROVED_SECONDS) -> None:
        self._by = by
        self._unproved_seconds = unproved_seconds
        self._asked: dict[tuple[Lane, str], tuple[Refill, float, float]] = {}
        """What was asked about a lane, when to ask next, and the pause after that."""

    def due(self, views: Iterable[Progress], chain: Chain) -> list[Refill]:
        """What to ask now; it counts as asked."""
        wanted = self._wanted(views, chain)
        for about in [about for about in self._asked if about not in wanted]:
            del self._asked[about]
        now, due = asyncio.get_running_loop().time(), list[Refill]()
        for about, refill in wanted.items():
            known = self._asked.get(about)
            if known is None or (known[0] != refill and about[1] != "sign"):
                self._asked[about] = (refill, now + _FIRST_PAUSE, _FIRST_PAUSE)
                due.append(refill)
            elif now >= known[1]:
                pause = min(known[2] * 2, _LONGEST_PAUSE)
                self._asked[about] = (refill, now + pause, pause)
                due.append(refill)
        return due

    def _wanted(self, views: Iterable[Progress], chain: Chain) -> dict[tuple[Lane, str], Refill]:
        """What there is to ask: lanes that wait for a position, positions with two records, heads that nobody signed yet."""
        found: dict[tuple[Lane, str], Refill] = {}
        for lane, position in chain.contested().items():
            found[lane, "contested"] = self._contest(chain, lane, position)
        for lane, position in chain.denied().items():
            found.setdefault((lane, "contested"), self._contest(chain, lane, position))
        missing: dict[Lane, int] = {}
        for progress in views:
            for lane, position in progress.stopped().items():
                missing[lane] = min(position - 1, missing.get(lane, position - 1))
        for lane, after in missing.items():
            if chain.stopped(lane) is None:
                found[lane, "missing"] = Refill(*lane, after, self._by, sign=True)
        for lane in chain.unproved(self._unproved_seconds):
            if not any(one.sign and one.source == lane[0] for one in found.values()):
                found[(lane[0], -1), "sign"] = Refill(*lane, chain.end(lane), self._by, sign=True)
        return found

    def _contest(self, chain: Chain, lane: Lane, position: int) -> Refill:
        """Which record is the log's at this position? What it has from there on comes again with the answer."""
        taken = chain.taken(lane, position)
        return Refill(*lane, position - 1, self._by, contested=position, taken=None if taken is None else taken.hash.hex())


def standing(views: Iterable[Progress], fresh: Iterable[Where]) -> dict[Lane, int]:
    """Where the slowest view stands in each lane of these partitions."""
    places = set(fresh)
    found: dict[Lane, int] = {}
    for progress in views:
        for source in progress.view.sources:
            for lane in range(LANES):
                if (topic_of(source), partition_of(lane, PARTITIONS)) in places:
                    reached = progress.positions.get((source, lane), 0)
                    found[source, lane] = min(reached, found.get((source, lane), reached))
    return found
