"""Takes published branches back out of a topic into a log: events exactly as they were recorded, and their commands' answers.

Each page is a transaction of its own, or part of the caller's; `log.take_back` checks every link once more. The events of a
command stay in one page, so that its answer counts all of them. What is there already is passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from operator import attrgetter

import asyncpg

from shared.kafka.headers import hash_of, link_of, recorded_of
from shared.kafka.record import Received
from shared.kafka.since import Stretch
from shared.kafka.topics import topic_of
from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.event import Undecodable
from shared.relay.recovery.branches import Node, Wanted
from shared.relay.recovery.plan import Plan

_PAGE = 500
_DOES_NOT_FOLLOW = "LT002"
_COLUMNS = (
    "lane", "position", "stream", "version", "event_id", "type", "schema_version", "recorded_at", "command_id", "actor",
    "data", "hash", "fingerprint", "origin",
)  # fmt: skip


async def insert(connection: Connection, schema: str, source: str, events: Sequence[Recorded]) -> int:
    """Behind what the log has, in a schema; answers how many were new. May raise `Refused` (`log-moved`)."""
    ordered = sorted(events, key=attrgetter("lane", "position"))
    columns = [[getattr(event, name) for event in ordered] for name in _COLUMNS]
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 2))
    try:
        return int(await connection.fetchval(f"select {schema}.take_back({places})", source, *columns))
    except asyncpg.PostgresError as failure:
        if getattr(failure, "sqlstate", None) != _DOES_NOT_FOLLOW:
            raise
        raise log_moved(str(failure)) from failure


def log_moved(why: str) -> Refused:
    """The log is not what it was when it was compared."""
    return Refused(
        "log-moved",
        f"Nhật ký vừa thay đổi trong lúc so ({why}): chạy lại lệnh này.",
        f"The log has changed while it was compared ({why}): run this again.",
        status=409,
    )


async def pages(plan: Plan, bootstrap: str) -> AsyncGenerator[list[Recorded]]:
    """The events of the branches that stand, each lane in order, a command's events in one page."""
    wanted = {(lane, node.position): node for lane, tail in plan.tails.items() for node in tail.nodes}
    waiting: dict[int, list[Recorded]] = {}
    ready: list[Recorded] = []
    batches = Stretch(bootstrap, topic_of(plan.wanted.source), since=plan.since).batches()
    try:
        while wanted and (batch := await asyncio.to_thread(next, batches, None)) is not None:
            for event in _chosen(plan.wanted, batch, wanted):
                lane = waiting.setdefault(event.lane, [])
                if lane and lane[-1].command_id != event.command_id:
                    ready += lane
                    lane.clear()
                lane.append(event)
            if len(ready) >= _PAGE:
                yield ready
                ready = []
    finally:
        await asyncio.to_thread(batches.close)
    ready += [event for lane in waiting.values() for event in lane]
    if ready:
        yield ready
    if wanted:
        raise RuntimeError(f"{len(wanted)} records were on {topic_of(plan.wanted.source)} and are not any more: run it again")


def _chosen(of: Wanted, batch: Sequence[Received], wanted: dict[tuple[int, int], Node]) -> list[Recorded]:
    """Those records of a batch that are wanted, the first of each; they are no longer wanted afterwards."""
    found: list[Recorded] = []
    for at, headers, record in of.of(batch):
        node = wanted.get((at.lane, at.position))
        if node is None or hash_of(headers) != node.hash:
            continue
        try:
            if link_of(node.parent, record.value, headers) != node.hash:
                continue
            event = recorded_of(record.value, headers, at)
        except Undecodable as failure:
            raise RuntimeError(f"lane {at.lane}, position {at.position} cannot be read: {failure}") from failure
        found.append(event)
        del wanted[at.lane, at.position]
    return found


async def take_back(owner: Connection, plan: Plan, bootstrap: str) -> int:
    """Page by page into the log, each with the relay's positions in one transaction. Killed in the middle, it goes on."""
    taken = 0
    async for page in pages(plan, bootstrap):
        async with owner.transaction():
            taken += await insert(owner, "log", plan.wanted.source, page)
            reached: dict[int, int] = {}
            for event in page:
                reached[event.lane] = max(event.position, reached.get(event.lane, 0))
            await relayed(owner, reached)
    return taken


async def relayed(owner: Connection, reached: Mapping[int, int]) -> None:
    """These lanes are published up to here, under a new epoch: who held them can move nothing any more.

    When anything was last marked stays as it was: until the end of a recovery the topic must be read from there again.
    """
    await owner.execute(
        """update relay.lanes l set position = w.position, epoch = epoch + 1, holder = null
        from unnest($1::int[], $2::bigint[]) as w (lane, position) where l.lane = w.lane""",
        list(reached),
        list(reached.values()),
    )
