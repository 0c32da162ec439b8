"""Builds a forked log anew: what is undisputed, then the published branch, then of the other branch whatever still fits.

Beside the old one, in a schema of its own, in one transaction: killed in the middle, nothing has happened. At the end the two
change names, and the old log is kept whole as `log_before_<time>`. Sessions that are connected go on: what they have prepared
is planned again, since the names lead elsewhere. The other branch's events keep their event and command ids; an event that
does not fit its stream any more is handed back, with why, and so is everything behind it on the stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from shared.eventlog import schema as log_schema
from shared.eventlog.chain import link
from shared.eventlog.records import RECORDED
from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.relay.looks import look
from shared.relay.recovery.branches import Tail
from shared.relay.recovery.plan import Plan
from shared.relay.recovery.taking import insert, log_moved, pages, relayed

NEXT = "log_anew"
_BEHIND = (
    "sự kiện trước nó trên cùng dòng không còn khớp",
    "an event before it on its stream does not fit",
)

Fits = Callable[[str, Sequence[Recorded], Sequence[Recorded]], tuple[str, str] | None]
"""Whether events may follow those that a stream has: None, or why not, in Vietnamese and in English."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """An event of the other branch that does not fit any more."""

    event: Recorded
    why_vi: str
    why_en: str


@dataclass(frozen=True, slots=True)
class Anew:
    """What was done."""

    taken: int
    appended: int
    there_already: int
    """Events of the other branch whose command the published branch has too."""
    left_over: Sequence[LeftOver]
    old_log: str


async def build_anew(owner: Connection, plan: Plan, bootstrap: str, app_role: str, fits: Fits) -> Anew:
    """Inside a transaction of the owner. May raise `Refused` (`log-moved`) if the log is not as the plan saw it."""
    await owner.execute("lock table log.lanes in exclusive mode")
    await _require_unmoved(owner, plan)
    await log_schema.prepare_beside(owner, NEXT)
    await _copy(owner, plan)
    taken = 0
    async for page in pages(plan, bootstrap):
        taken += await insert(owner, NEXT, plan.wanted.source, page)
    appended, there_already, left_over = 0, 0, list[LeftOver]()
    broken: set[str] = set()
    for tail in plan.forked.values():
        for command in await _other_branch(owner, tail):
            stream = command[0].stream
            outcome = _BEHIND if stream in broken else await _append(owner, plan, command, fits)
            if isinstance(outcome, tuple):
                broken.add(stream)
                left_over += [LeftOver(event, *outcome) for event in command]
            elif outcome:
                appended += len(command)
            else:
                there_already += len(command)
    await _without_events(owner, plan)
    await relayed(owner, {lane: tail.end for lane, tail in plan.tails.items()})
    old = f"log_before_{datetime.now(UTC):%Y%m%d_%H%M%S}"
    await _swap(owner, old, app_role, plan.wanted.identity.deployment)
    return Anew(taken, appended, there_already, left_over, old)


async def _require_unmoved(owner: Connection, plan: Plan) -> None:
    now = await look(owner, plan.wanted.source, {})
    if (now.heads, now.incarnation) != (plan.look.heads, plan.look.incarnation):
        raise log_moved("heads")


async def _copy(owner: Connection, plan: Plan) -> None:
    """What is undisputed: whole lanes, and of a forked lane what stands before the fork."""
    lanes = list(plan.forked)
    ends = [tail.after for tail in plan.forked.values()]
    identity = plan.wanted.identity
    await owner.execute(f"insert into {NEXT}.meta select * from log.meta")  # noqa: S608  constants
    await owner.execute(
        f"""insert into {NEXT}.events select e.* from log.events e
        left join unnest($1::smallint[], $2::bigint[]) as f (lane, position) using (lane)
        where f.lane is null or e.position <= f.position""",  # noqa: S608  constants
        lanes,
        ends,
    )
    await owner.execute(
        f"""insert into {NEXT}.commands select c.* from log.commands c
        left join unnest($1::smallint[], $2::bigint[]) as f (lane, position) using (lane)
        where f.lane is null or c.position <= f.position""",  # noqa: S608  constants
        lanes,
        ends,
    )
    await owner.execute(
        f"""insert into {NEXT}.lanes select l.lane, coalesce(f.position, l.position),
            case when f.lane is null then l.hash when f.position = 0 then f.genesis else e.hash end,
            case when f.lane is null then l.last_at else coalesce(e.recorded_at, 'epoch') end
        from log.lanes l left join unnest($1::smallint[], $2::bigint[], $3::bytea[]) as f (lane, position, genesis) using (lane)
        left join log.events e on e.lane = f.lane and e.position = f.position""",  # noqa: S608  constants
        lanes,
        ends,
        [identity.genesis(lane) for lane in lanes],
    )


async def _other_branch(owner: Connection, tail: Tail) -> list[list[Recorded]]:
    """What the log has behind the fork, command by command."""
    rows = await owner.fetch(
        f"select {RECORDED} from log.events where lane = $1 and position > $2 order by position",  # noqa: S608  constants
        tail.lane,
        tail.after,
    )
    return [list(events) for _, events in groupby((Recorded(*row) for row in rows), key=attrgetter("command_id"))]


async def _append(owner: Connection, plan: Plan, command: list[Recorded], fits: Fits) -> bool | tuple[str, str]:
    """Append a command's events if they fit: True; False if they are there already; else why they do not."""
    first = command[0]
    known: Any = await owner.fetchrow(
        f"select fingerprint, stream from {NEXT}.commands where command_id = $1",  # noqa: S608  constants
        first.command_id,
    )
    if known is not None:
        if (known["fingerprint"], known["stream"]) == (first.fingerprint, first.stream):
            return False
        return "mã lệnh đã được dùng cho lệnh khác", "its command id was used for another command"
    rows = await owner.fetch(
        f"select {RECORDED} from {NEXT}.events where stream = $1 order by version",  # noqa: S608  constants
        first.stream,
    )
    before = [Recorded(*row) for row in rows]
    if first.version != len(before) + 1:
        return (
            f"dòng đã ở bản {len(before)}, lệnh này được quyết định trên bản {first.version - 1}",
            f"the stream is at version {len(before)}, this was decided on version {first.version - 1}",
        )
    if (why := fits(first.stream, before, command)) is not None:
        return why
    head: Any = await owner.fetchrow(f"select position, hash, last_at from {NEXT}.lanes where lane = $1", first.lane)  # noqa: S608  constants
    position, digest, at = head["position"], head["hash"], max(head["last_at"], first.recorded_at)
    events: list[Recorded] = []
    for event in command:
        position += 1
        moved = replace(event, position=position, recorded_at=at)
        digest = link(digest, moved, plan.wanted.identity.deployment)
        events.append(replace(moved, hash=digest))
    await insert(owner, NEXT, plan.wanted.source, events)
    return True


async def _without_events(owner: Connection, plan: Plan) -> None:
    """The answers of the other branch's commands that recorded nothing: they stay answered."""
    await owner.execute(
        f"""insert into {NEXT}.commands (command_id, recorded_at, position, version, events, lane, fingerprint, stream)
        select c.command_id, c.recorded_at, l.position, c.version, 0, c.lane, c.fingerprint, c.stream
        from log.commands c join {NEXT}.lanes l using (lane)
        where c.lane = any($1::smallint[]) and c.events = 0 on conflict (command_id) do nothing""",  # noqa: S608  constants
        list(plan.forked),
    )


async def _swap(owner: Connection, old: str, app_role: str, deployment: str) -> None:
    """The names change hands. Whoever waits for one of these tables finds the new one behind its name."""
    role: str = await owner.fetchval("select quote_ident($1)", app_role)
    await owner.execute("lock table log.meta, log.lanes, log.events, log.commands in access exclusive mode")
    await owner.execute(f"alter schema log rename to {old}")
    await owner.execute(f"alter schema {NEXT} rename to log")
    await log_schema.install(owner, app_role, deployment=deployment)
    await owner.execute(f"revoke all on schema {old} from {role}")
