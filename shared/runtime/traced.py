"""Which spans there are: a request, its command, the append, each event's publication, each view's folding, the feed.

Guarantees that a command's spans are in the trace that its own id names, whoever makes them: append, relay and projector know
each other's spans by the ids of command and event, and nothing is stored or waited for. A trace of the caller's is linked to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import NamedTuple

from opentelemetry.trace import SpanKind

from shared.eventlog.handler import Done, Handled, Handler
from shared.eventlog.records import Appended
from shared.eventlog.writer import AppendWriter, Written
from shared.feeds.feed import Feed, Message
from shared.kafka.record import Received
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import partition_of
from shared.projections.batches import BatchDone
from shared.projections.runner import Runner
from shared.relay.relay import Published, Relay
from shared.runtime.metrics import outcome_of
from shared.runtime.telemetry import MOST, Tracing
from shared.telemetry import context, ids
from shared.telemetry.ids import Point, fresh


def trace_writing(tracing: Tracing, writer: AppendWriter, handler: Handler) -> None:
    """Commands and their appends."""

    def handled(one: Handled) -> None:
        call, batch = context.current(), context.batch()
        for request, answer in zip(one.requests, one.answers, strict=True):
            identity = request.command_id.lower()
            trace = ids.trace_of(identity)
            if not tracing.wanted(trace):
                continue
            first = isinstance(answer, Done) and not answer.outcome.repeated
            above = call.here if call is not None else batch
            inside = above is not None and above.trace == trace
            tracing.span(
                f"command {request.command.TYPE}",
                Point(trace, ids.command_span(identity)) if first else fresh(trace),
                above if inside else None,
                one.began,
                one.ended,
                attributes={
                    "lienthe.command.id": identity,
                    "lienthe.command.type": request.command.TYPE,
                    "lienthe.outcome": outcome_of(answer),
                    "lienthe.refused": "" if isinstance(answer, Done) else answer.slug,
                },
                links=[above] if above is not None and not inside else (),
                failed=not isinstance(answer, Done) and answer.status >= 500,
            )

    def written(one: Written) -> None:
        for command, outcome in zip(one.commands, one.outcomes, strict=True):
            trace = ids.trace_of(command.command_id)
            if not isinstance(outcome, Appended) or outcome.repeated or not tracing.wanted(trace):
                continue
            tracing.span(
                "append",
                Point(trace, ids.append_span(command.command_id)),
                Point(trace, ids.command_span(command.command_id)),
                one.began,
                one.ended,
                attributes={
                    "db.system.name": "postgresql",
                    "lienthe.stream": outcome.stream,
                    "lienthe.version": outcome.version,
                    "lienthe.lane": outcome.lane,
                    "lienthe.position": outcome.position,
                    "lienthe.events": len(command.events),
                    "lienthe.batch": len(one.commands),
                },
            )

    handler.on_handled.append(handled)
    writer.on_written.append(written)


def trace_relay(tracing: Tracing, relay: Relay) -> None:
    """Each event's publication; its record carries where a reader goes on, for readers that are not ours too."""

    def headers(event: Recorded) -> Sequence[tuple[str, bytes]]:
        sampled = tracing.wanted(ids.trace_of(event.command_id))
        value = ids.published(event.command_id, event.event_id, sampled=sampled).traceparent().encode()
        return (("traceparent", value), ("ce_traceparent", value))

    def published(one: Published) -> None:
        wanted = (event for event in one.events if tracing.wanted(ids.trace_of(event.command_id)))
        for event, _ in zip(wanted, range(MOST), strict=False):
            here = ids.published(event.command_id, event.event_id)
            tracing.span(
                f"publish {event.source}.events",
                here,
                Point(here.trace, ids.append_span(event.command_id)),
                one.began,
                one.ended,
                kind=SpanKind.PRODUCER,
                attributes={
                    "messaging.system": "kafka",
                    "messaging.destination.name": f"{event.source}.events",
                    "messaging.destination.partition.id": str(partition_of(event.lane, relay.partitions)),
                    "lienthe.event.id": event.event_id,
                    "lienthe.event.type": event.type,
                    "lienthe.lane": event.lane,
                    "lienthe.position": event.position,
                },
            )

    relay.headers = headers
    relay.on_published.append(published)


class _Arrived(NamedTuple):
    """An event of a batch whose trace is recorded."""

    published: Point
    event_id: str
    type: str


def trace_runner(tracing: Tracing, runner: Runner) -> None:
    """Each batch of each view, and in each event's own trace that a view has it."""

    def batch(one: BatchDone) -> None:
        if one.point is None or not one.folded.positions:
            return
        arrived = _arrived(tracing, one.records)
        if not arrived:
            return
        counted = {
            "lienthe.view": one.view.name,
            "lienthe.view.version": one.view.version,
            "messaging.batch.message_count": len(one.records),
            "lienthe.applied": one.folded.applied,
            "lienthe.parked": one.folded.parked,
        }
        tracing.span(
            f"project batch {one.view.name}",
            one.point,
            None,
            one.began,
            one.ended,
            kind=SpanKind.CONSUMER,
            attributes=counted,
            links=[each.published for each in arrived],
        )
        for each in arrived:
            tracing.span(
                f"project {one.view.name}",
                fresh(each.published.trace),
                each.published,
                one.began,
                one.ended,
                kind=SpanKind.CONSUMER,
                attributes={
                    "messaging.system": "kafka",
                    "lienthe.view": one.view.name,
                    "lienthe.event.id": each.event_id,
                    "lienthe.event.type": each.type,
                },
                links=[one.point],
            )

    runner.point = fresh
    runner.on_batch.append(batch)


def trace_feed(tracing: Tracing, feed: Feed) -> None:
    """Each message that a listener is given, under the batch that caused it."""

    def sent(messages: Sequence[Message], began: int) -> None:
        call, ended = context.current(), time.time_ns()
        for message in messages[:MOST]:
            cause = ids.parse(json.loads(message.payload).get("traceparent"))
            if cause is None:
                continue
            tracing.span(
                "feed send",
                fresh(cause.trace),
                cause,
                began,
                ended,
                attributes={"lienthe.feed.seq": message.seq, "lienthe.feed.kind": message.kind},
                links=[call.here] if call is not None else (),
            )

    feed.on_sent.append(sent)


def _arrived(tracing: Tracing, records: Sequence[Received]) -> list[_Arrived]:
    found: list[_Arrived] = []
    for record in records:
        if len(found) == MOST:
            break
        headers = {name: _text(value) for name, value in record.headers}
        try:
            point = ids.published(headers["ce_commandid"], headers["ce_id"])
            if tracing.wanted(point.trace):
                found.append(_Arrived(point, headers["ce_id"], headers["ce_type"]))
        except (KeyError, ValueError):  # a stray: the view says what is wrong with it
            continue
    return found


def _text(value: str | bytes | None) -> str:
    return value if isinstance(value, str) else (value or b"").decode(errors="replace")
