"""The numbers behind the catalogue, in one process: what is counted as it happens, and what is read when Prometheus asks.

Guarantees that nothing is exposed that the catalogue does not have, under other labels, or twice. A reading that fails is left
out of that answer and the others are given: the metrics must answer when the database does not. Keeps no global state.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from shared.telemetry.catalogue import METRICS, of
from shared.telemetry.metric import Metric, Part

log = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Sample(NamedTuple):
    """One value of a metric that is read."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


Reading = Callable[[], Awaitable[Iterable[Sample]]]


class Meters:
    """The metrics of a process with these roles."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._metrics = of(parts)
        self._registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        self.readings: list[Reading] = []
        """Asked at every scrape."""
        for metric in self._metrics.values():
            if metric.counted and metric.kind == "counter":
                self._counters[metric.name] = Counter(metric.exposed, metric.means.en, metric.labels, registry=self._registry)
            elif metric.counted:
                self._histograms[metric.name] = Histogram(
                    metric.name, metric.means.en, metric.labels, registry=self._registry, buckets=metric.buckets
                )
        ProcessCollector(registry=self._registry)

    def count(self, name: str, *labels: str, by: float = 1) -> None:
        """Count something that happened; passed over if processes of this kind do not have the metric."""
        found = self._counters.get(name)
        if found is not None:
            (found.labels(*labels) if labels else found).inc(by)

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Note a size or a time; passed over in the same way."""
        found = self._histograms.get(name)
        if found is not None:
            (found.labels(*labels) if labels else found).observe(value)

    async def text(self) -> bytes:
        """Everything, in Prometheus' text format. May raise `ValueError` for a reading of what the catalogue does not have."""
        read: dict[str, list[Sample]] = {
            metric.name: [] for metric in self._metrics.values() if not metric.counted and metric.name.startswith(_OURS)
        }
        for reading in self.readings:
            try:
                samples = list(await reading())
            except Exception:
                log.warning("Some metrics could not be read", exc_info=True)
                continue
            for sample in samples:
                if sample.name in read:
                    read[sample.name].append(sample)
                elif sample.name not in _ALL:
                    raise ValueError(f"{sample.name} is not in the catalogue")
        registry = CollectorRegistry()
        registry.register(_Given([_family(self._metrics[name], samples) for name, samples in read.items()]))
        counted = CollectorRegistry()
        counted.register(_Given([_without_birthdays(family) for family in self._registry.collect()]))
        return generate_latest(counted) + generate_latest(registry)


class _Given(Collector):
    """Families that were read already."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def _without_birthdays(family: Family) -> Family:
    """The client adds to each counter when it was made; nobody asks for that."""
    family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
    return family


def _family(metric: Metric, samples: Iterable[Sample]) -> Family:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.exposed, metric.means.en, labels=metric.labels)
    for sample in samples:
        if len(sample.labels) != len(metric.labels):
            raise ValueError(f"{metric.name} has the labels {metric.labels}, not {sample.labels}")
        family.add_metric(sample.labels, sample.value)
    return family


_OURS = "lienthe_"
_ALL = frozenset(metric.name for metric in METRICS)
