"""What a metric (chỉ số vận hành) is: a name, a unit, labels, which processes have it, what it means and what to do about it.

Guarantees that every metric says in Vietnamese and in English what it counts and what to do when it rises. Pure: the numbers
themselves are in `shared.telemetry.meters`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Part = Literal["serve", "relay", "project", "front"]
"""The roles of processes. `front` is the one address before all services."""

SERVICE: frozenset[Part] = frozenset({"serve", "relay", "project"})
EVERY: frozenset[Part] = frozenset({"serve", "relay", "project", "front"})
WEB: frozenset[Part] = frozenset({"serve", "front"})
SERVE: frozenset[Part] = frozenset({"serve"})
RELAY: frozenset[Part] = frozenset({"relay"})
PROJECT: frozenset[Part] = frozenset({"project"})

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Alert:
    """When somebody should be told: a PromQL expression that holds for a while. What to do is the metric's own sentence."""

    name: str
    expression: str
    lasting: str
    severity: Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `counted` ones grow where something happens, the others are read when Prometheus asks."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    parts: frozenset[Part]
    means: Words
    rises: Words
    """What to do when it rises (for one that should be 1: when it falls)."""
    counted: bool = False
    buckets: tuple[float, ...] = FAST
    alerts: tuple[Alert, ...] = ()

    @property
    def exposed(self) -> str:
        """The name of its family as Prometheus' text format has it: counters without `_total`."""
        return self.name.removesuffix("_total") if self.kind == "counter" else self.name
