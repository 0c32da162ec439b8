"""Where the numbers of a process come from: its parts are watched here, and none of them knows Prometheus.

Guarantees that what happens is counted where it happens (by the hooks that writer, handler, relay and runner offer) and that
the rest is read when Prometheus asks; when the database does not answer, what needs it is left out and the rest is told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.eventlog.handler import Done, Handled, Handler
from shared.eventlog.records import Appended
from shared.eventlog.writer import AppendWriter, Written
from shared.feeds.feed import Feed
from shared.kafka.record import Received
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.projections.batches import BatchDone
from shared.projections.policy import PolicyRunner
from shared.projections.runner import Runner
from shared.projections.view import View
from shared.relay.guard import LogGuard
from shared.relay.relay import Published, Relay
from shared.runtime.readiness import Watched
from shared.telemetry.meters import Meters, Sample

_LOOK_SECONDS = 3.0


def watch_writing(meters: Meters, writer: AppendWriter, handler: Handler) -> None:
    """Commands and appends."""

    def written(one: Written) -> None:
        meters.observe("lienthe_append_seconds", (one.ended - one.began) / 1e9)
        meters.observe("lienthe_append_commands", len(one.commands))
        stored = (
            len(command.events)
            for command, outcome in zip(one.commands, one.outcomes, strict=True)
            if isinstance(outcome, Appended) and not outcome.repeated
        )
        meters.count("lienthe_append_events_total", by=sum(stored))

    def handled(one: Handled) -> None:
        meters.observe("lienthe_command_seconds", (one.ended - one.began) / 1e9)
        ended = Counter(
            (request.command.TYPE, outcome_of(answer)) for request, answer in zip(one.requests, one.answers, strict=True)
        )
        for labels, times in ended.items():
            meters.count("lienthe_commands_total", *labels, by=times)

    async def read() -> Sequence[Sample]:
        return [Sample("lienthe_append_waiting", writer.waiting)]

    writer.on_written.append(written)
    writer.on_failed.append(lambda: meters.count("lienthe_append_failures_total"))
    handler.on_handled.append(handled)
    meters.readings.append(read)


def outcome_of(answer: Done | Refused) -> str:
    """How a command ended, in a word."""
    if isinstance(answer, Done):
        return "repeated" if answer.outcome.repeated else "recorded"
    if answer.status >= 500:
        return "unavailable"
    return "conflict" if answer.slug == "conflict" else "refused"


def watch_relay(meters: Meters, relay: Relay) -> None:
    """Lanes and batches of a relay."""

    def published(one: Published) -> None:
        meters.observe("lienthe_relay_publish_seconds", (one.ended - one.began) / 1e9)

    async def read() -> Sequence[Sample]:
        status = relay.status()
        return [
            Sample("lienthe_relay_lanes", status.lanes),
            Sample("lienthe_relay_published_total", status.published),
            Sample("lienthe_topic_fills_total", status.fills),
            Sample("lienthe_topic_filling", status.filling),
            *(Sample("lienthe_relay_failures_total", times, (cause,)) for cause, times in status.failures.items()),
        ]

    relay.on_published.append(published)
    meters.readings.append(read)


def watch_runner(meters: Meters, runner: Runner, views: Sequence[View]) -> None:
    """Views and policies."""

    def batch(one: BatchDone) -> None:
        meters.observe("lienthe_view_batch_seconds", (one.ended - one.began) / 1e9, one.view.name)
        recorded_at = _recorded_at(one.records[-1]) if one.folded.applied else None
        if recorded_at is not None:
            meters.observe("lienthe_view_delay_seconds", max(0.0, one.ended / 1e9 - recorded_at), one.view.name)

    async def read() -> Sequence[Sample]:
        status = runner.status()
        found = [
            Sample("lienthe_consumer_partitions", status.partitions),
            Sample("lienthe_consumer_assignments_total", status.assignments),
            Sample("lienthe_consumer_failures_total", status.failures),
            Sample("lienthe_lanes_disputed", len(runner.chain.contested()), ("contested",)),
            Sample("lienthe_lanes_disputed", len(runner.chain.denied()), ("contradicted",)),
        ]
        for name, view in status.views.items():
            found += [
                Sample("lienthe_view_events_total", view.applied, (name, "applied")),
                Sample("lienthe_view_events_total", view.skipped, (name, "skipped")),
                Sample("lienthe_view_events_total", view.unknown, (name, "unknown")),
                Sample("lienthe_view_events_total", view.parked, (name, "parked")),
                Sample("lienthe_view_events_total", view.set_aside, (name, "set-aside")),
                Sample("lienthe_view_gaps", view.gaps, (name,)),
                Sample("lienthe_view_red", bool(view.red), (name,)),
            ]
        for policy in views:
            if isinstance(policy, PolicyRunner):
                found.append(Sample("lienthe_policy_commands_total", policy.handled, (policy.name, "handled")))
                found += [
                    Sample("lienthe_policy_commands_total", times, (policy.name, slug))
                    for slug, times in policy.refused.items()
                ]
        return found

    runner.on_batch.append(batch)
    meters.readings.append(read)


def _recorded_at(record: Received) -> float | None:
    """When the event of a record was recorded, in seconds since 1970; None if it does not say."""
    for name, value in record.headers:
        if name == "ce_time" and value is not None:
            try:
                return datetime.fromisoformat(value if isinstance(value, str) else value.decode()).timestamp()
            except ValueError:
                return None
    return None


def watch_guard(meters: Meters, guard: LogGuard) -> None:
    """Whether the log is where it was."""

    async def read() -> Sequence[Sample]:
        status = guard.status()
        return [Sample("lienthe_log_closed", status.closed is not None), Sample("lienthe_log_readers_ahead", status.ahead)]

    meters.readings.append(read)


def watch_feed(meters: Meters, feed: Feed) -> None:
    """Who listens."""

    async def read() -> Sequence[Sample]:
        return [
            Sample("lienthe_feed_listeners", feed.clients),
            Sample("lienthe_feed_messages_total", feed.sent),
            Sample("lienthe_feed_dropped_total", feed.dropped),
        ]

    meters.readings.append(read)


def watch_database(meters: Meters, pool: Pool, watched: Watched) -> None:
    """What only the database knows, what `/ready` says, and the pool itself."""
    driver: Any = pool

    async def connections() -> Sequence[Sample]:
        size, idle = driver.get_size(), driver.get_idle_size()
        return [
            Sample("lienthe_pool_connections", size - idle, ("used",)),
            Sample("lienthe_pool_connections", idle, ("idle",)),
            Sample("lienthe_pool_limit", driver.get_max_size()),
        ]

    async def ready() -> Sequence[Sample]:
        parts = await watched.readiness()
        found = [Sample("lienthe_ready", bool(part["ok"]), (name,)) for name, part in parts.items()]
        found.append(Sample("lienthe_degraded", sum(len(part.get("degraded", ())) for part in parts.values())))
        if (log := parts.get("log")) is not None:
            found.append(Sample("lienthe_log_events", log["position"]))
            found.append(Sample("lienthe_relay_backlog", log["position"] - log["published"]))
            found.append(Sample("lienthe_parked_events", parts.get("parked", {}).get("events", 0)))
            found.append(Sample("lienthe_verification_findings", parts["verification"].get("findings", 0)))
            found.append(Sample("lienthe_verified_age_seconds", parts["verification"]["sound_age_seconds"]))
            if (signing := parts.get("signing")) is not None:
                found.append(Sample("lienthe_signed_age_seconds", signing["age_seconds"]))
            counts = parts["set_aside"]["counts"]
            found += [Sample("lienthe_set_aside_records", records, (kind,)) for kind, records in counts.items()]
        return found

    async def lags() -> Sequence[Sample]:
        found: list[Sample] = []
        for at, lag in watched.lags.look().items() if watched.lags is not None else ():
            found.append(Sample("lienthe_view_lag_events", lag.events, at))
            found.append(Sample("lienthe_view_lag_seconds", lag.seconds, at))
        return found

    async def sessions() -> Sequence[Sample]:
        async with asyncio.timeout(_LOOK_SECONDS), pool.acquire() as connection:
            alive = await connection.fetchval("select count(*) from access.sessions where expires_at > now()")
        return [Sample("lienthe_sessions", alive)]

    meters.readings += [connections, ready, lags, sessions]
