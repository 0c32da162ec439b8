"""Whether a service can do its work now, part by part: database, Kafka, relay, views. What it says, it has just looked at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import asyncpg

from shared.kernel.database import Pool
from shared.projections.runner import Runner
from shared.relay.lanes import backlog
from shared.relay.relay import Relay
from shared.runtime.standing import standing
from shared.web.app import Part

_BACKLOG_SECONDS = 30.0
_LOOK_SECONDS = 3.0


class Watched:
    """The parts of one process. A role that runs in another process is seen through the database alone."""

    def __init__(self, pool: Pool, relay: Relay | None, runner: Runner | None) -> None:
        self._pool = pool
        self._relay = relay
        self._runner = runner
        self._behind_since: float | None = None

    async def readiness(self) -> Mapping[str, Part]:
        """Every part with `ok`; the whole is ready when all are."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                waiting = await backlog(self._pool)
                parked = await self._parked()
                reached = await standing(self._pool)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as failure:
            return {"database": {"ok": False, "why": type(failure).__name__}}
        parts: dict[str, Part] = {"database": {"ok": True}, "log": reached, "relay": self._relay_part(waiting)}
        if self._runner is not None:
            parts["kafka"], parts["projections"] = _runner_parts(self._runner)
        if parked:
            parts["parked"] = {"ok": True, "events": parked}
        return parts

    def _relay_part(self, waiting: int) -> Part:
        """A relay is well while it publishes what is stored, wherever it runs."""
        now = time.monotonic()
        self._behind_since = None if waiting == 0 else self._behind_since or now
        stuck = self._behind_since is not None and now - self._behind_since > _BACKLOG_SECONDS
        if self._relay is None:
            return {"ok": not stuck, "backlog": waiting}
        status = self._relay.status()
        return {"ok": status.failure is None and not stuck, "backlog": waiting, **asdict(status)}

    async def _parked(self) -> int:
        async with self._pool.acquire() as connection:
            return int(await connection.fetchval("select count(*) from projection.parked"))


async def relayed_position(pool: Pool, lane: int) -> int:
    """The last position of a lane that Kafka has acknowledged."""
    async with pool.acquire() as connection:
        return int(await connection.fetchval("select position from relay.lanes where lane = $1", lane))


def _runner_parts(runner: Runner) -> tuple[Part, Part]:
    status = runner.status()
    kafka: Part = {"ok": status.ready, "assigned": status.ready}
    views: dict[str, Any] = {name: asdict(view) for name, view in status.views.items()}
    return kafka, {
        "ok": not status.red and status.failure is None,
        "red": status.red,
        "failure": status.failure,
        "views": views,
    }
