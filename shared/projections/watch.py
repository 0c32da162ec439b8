"""What a reader does when something was decided or signed: which lanes go on, which gaps are none, what is read again.

Pure but for the clock: `Runner` and the simulator call it, and carry what it answers to Kafka.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from shared.kafka.identity import Where
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane
from shared.projections.progress import Progress

log = logging.getLogger(__name__)


class Watch:
    """One a runner, over its views."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.held: frozenset[Lane] = frozenset()
        """The lanes that may not go on, whatever comes."""

    def red(self) -> list[str]:
        """Why lanes may not go on, in words."""
        known = [lane for lane in sorted(self.held) if self._chain.known(lane[0])]
        return [reason for lane in known if (reason := self._chain.stopped(lane))]

    def unknown(self) -> list[str]:
        """Of which sources nobody has said which log they are, in words."""
        sources = sorted({lane[0] for lane in self.held if self._chain.known(lane[0]) is None})
        return [reason for source in sources if (reason := self._chain.stopped((source, 0)))]

    def look(self, views: Collection[Progress]) -> set[Where]:
        """Lanes that may go on again do, and gaps that are none are dismissed; answers which partitions to read again."""
        lanes = {lane for progress in views for lane in progress.lanes()}
        held = frozenset(lane for lane in lanes if self._chain.stopped(lane) is not None)
        for lane in self.held - held:
            for progress in views:
                progress.resume(lane)
        self.held = held
        again: set[Where] = set()
        for progress in views:
            for lane, where in progress.ended(self._chain, held).items():
                reached = progress.positions.get(lane, 0)
                self._chain.level(lane, reached, progress.read(where))
                progress.dismiss(lane)
                log.warning("Lane %s ends at %d: what claims to come after it is set aside", lane, reached)
                again.add(where)
        return again
