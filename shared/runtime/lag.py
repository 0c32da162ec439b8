"""How far the views of this process are behind: records on Kafka that a view has not passed, and for how long.

Guarantees that what it says is of the partitions which this process reads, so that the processes of a service add up. The end
of a partition is what the broker last said; while the broker is away it stands still, and `/ready` says that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.kafka.topics import topic_of
from shared.kernel.database import Pool
from shared.projections.runner import Runner


@dataclass(frozen=True, slots=True)
class Lag:
    """Of one view and source."""

    events: int
    seconds: float
    """Since this process first saw it behind without having caught up in between."""


class Lags:
    """Looks, and remembers since when each view is behind."""

    def __init__(self, pool: Pool, runner: Runner, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._runner = runner
        self._now = now
        self._since: dict[tuple[str, str], float] = {}

    async def look(self) -> Mapping[tuple[str, str], Lag]:
        """By view and source."""
        views = self._runner.status().views
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                """select view, topic, partition, next_offset from projection.offsets o
                join unnest($1::text[], $2::int[]) as w (name, version) on o.view = w.name and o.version = w.version""",
                list(views),
                [view.version for view in views.values()],
            )
        passed = {(row["view"], row["topic"], row["partition"]): row["next_offset"] for row in rows}
        ends, now = self._runner.ends(), self._now()
        found: dict[tuple[str, str], Lag] = {}
        for view, sources in self._runner.sources.items():
            for source in sources:
                topic = topic_of(source)
                mine = [(partition, end) for (name, partition), end in ends.items() if name == topic]
                behind = sum(max(0, end - passed.get((view, topic, partition), 0)) for partition, end in mine)
                if behind == 0:
                    self._since.pop((view, source), None)
                since = self._since.setdefault((view, source), now) if behind else now
                found[view, source] = Lag(behind, now - since)
        return found
