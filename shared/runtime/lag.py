"""How far the views of this process are behind: records on Kafka that a view has not passed, and for how long.

Guarantees that what it says is of the partitions which this process reads, so that the processes of a service add up. The end
of a partition is what the broker last said; while the broker is away it stands still, and `/ready` says that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.projections.runner import Runner


@dataclass(frozen=True, slots=True)
class Lag:
    """Of one view and source."""

    events: int
    seconds: float
    """Since this process first saw it behind without having caught up in between."""


class Lags:
    """Looks, and remembers since when each view is behind."""

    def __init__(self, runner: Runner, now: Callable[[], float] = time.monotonic) -> None:
        self._runner = runner
        self._now = now
        self._since: dict[tuple[str, str], float] = {}

    def look(self) -> Mapping[tuple[str, str], Lag]:
        """By view and source."""
        now, found = self._now(), dict[tuple[str, str], Lag]()
        for view, topics in self._runner.behind().items():
            for topic, events in topics.items():
                at = (view, topic.removesuffix(".events"))
                if events == 0:
                    self._since.pop(at, None)
                since = self._since.setdefault(at, now) if events else now
                found[at] = Lag(events, now - since)
        return found
