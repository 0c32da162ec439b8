"""Every metric of the system, once: what is not here is not exposed, and what is here is (a test holds both).

Pure. Refuses two metrics of one name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from shared.telemetry import catalogue_commands, catalogue_process, catalogue_topics, catalogue_trust, catalogue_views
from shared.telemetry.metric import Metric, Part

METRICS: Final[tuple[Metric, ...]] = (
    *catalogue_commands.METRICS,
    *catalogue_trust.METRICS,
    *catalogue_views.METRICS,
    *catalogue_topics.METRICS,
    *catalogue_process.METRICS,
)


def of(parts: Iterable[Part]) -> dict[str, Metric]:
    """The metrics of a process with these roles, by name. May raise `ValueError` for a name that is there twice."""
    wanted = frozenset(parts)
    found = [metric for metric in METRICS if metric.parts & wanted]
    by_name = {metric.name: metric for metric in found}
    if len(by_name) != len(found):
        raise ValueError("two metrics have the same name")
    return by_name
