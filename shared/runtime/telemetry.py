"""Traces from a command to the views that show it, as OpenTelemetry spans over OTLP (record 0014).

Guarantees that without `OTEL_EXPORTER_OTLP_ENDPOINT` nothing of this is loaded or hooked in, that spans are made after the work
is done and exported by a thread (a collector that is away costs spans, never work), and that a large batch makes a bounded
number of them. No span holds what a person sent: only ids, types, places in the log and outcomes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from shared.telemetry.ids import Point

log = logging.getLogger(__name__)

MOST: Final = 128
"""Spans and links that one batch makes at most; a catch-up of thousands of events is not worth a span each."""

Value = str | int | bool


class _Given(IdGenerator):
    """The ids that the next span is to have."""

    def __init__(self) -> None:
        self.next = Point(1, 1)

    def generate_trace_id(self) -> int:
        return self.next.trace

    def generate_span_id(self) -> int:
        return self.next.span


class Tracing:
    """Makes and exports the spans of a process."""

    def __init__(self, service: str, roles: Iterable[str], *, ratio: float = 1.0) -> None:
        """Where spans go is told by the environment variables of OpenTelemetry."""
        self._below = int(ratio * (1 << 64))
        self._ids = _Given()
        resource = Resource.create({"service.name": f"lien-the-{service}", "lienthe.roles": "+".join(sorted(roles))})
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=16_384))
        self._tracer = self._provider.get_tracer("lien-the")

    def wanted(self, trace: int) -> bool:
        """Whether a trace is recorded: the same answer in every process, since it follows from the id alone. A UUID has
        fixed bits, so it is its hash that is compared."""
        return int.from_bytes(blake2b(trace.to_bytes(16), digest_size=8).digest()) < self._below

    def span(
        self,
        name: str,
        here: Point,
        parent: Point | None,
        began: int,
        ended: int,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Value],
        links: Sequence[Point] = (),
        failed: bool = False,
    ) -> None:
        """One span that is over. Times are nanoseconds since 1970. `parent` is of the same trace."""
        self._ids.next = here
        above = api.set_span_in_context(NonRecordingSpan(_context(parent))) if parent is not None else _NOTHING_ABOVE
        span = self._tracer.start_span(
            name, above, kind, attributes, [Link(_context(link)) for link in links[:MOST]], start_time=began
        )
        if failed:
            span.set_status(api.StatusCode.ERROR)
        span.end(max(began, ended))

    async def close(self) -> None:
        """Send what is left, and stop; gives up after a moment when nobody takes it."""
        try:
            async with asyncio.timeout(6):
                await asyncio.to_thread(self._provider.force_flush, 5000)
        except TimeoutError:
            log.warning("The last spans were not taken in time")
        self._provider.shutdown()


_NOTHING_ABOVE = api.set_span_in_context(api.INVALID_SPAN)


def _context(point: Point) -> SpanContext:
    return SpanContext(point.trace, point.span, is_remote=True, trace_flags=TraceFlags(int(point.sampled)))


def ratio_of(text: str | None) -> float:
    """The share of traces to record: all if nothing readable is set."""
    try:
        return min(1.0, max(0.0, float(text or 1)))
    except ValueError:
        log.warning("OTEL_TRACES_SAMPLER_ARG is no number: all traces are recorded")
        return 1.0
