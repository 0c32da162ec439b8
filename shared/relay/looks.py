"""One look at a database: the heads of its log, whether it still holds what was seen of it, and whether it is the same one.

One query, over indexes, that changes nothing. The incarnation tells a database from itself before: another server, another
database of the name, other tables in the schema, or a recovery in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from shared.kernel.database import Connection

_LOOK = """
select l.lane, l.position, l.hash, r.position as relayed, r.moved_at,
    w.lane is null or (e.hash is not null and e.hash = w.hash and l.position >= w.position) as still,
    pg_postmaster_start_time() as started, (select d.oid from pg_database d where d.datname = current_database()) as database,
    to_regclass('log.events')::oid as events, (select coalesce(max(run), 0) from recovery.runs) as run,
    exists (select from recovery.compared c
        where c.started = pg_postmaster_start_time() and c.events = to_regclass('log.events')::oid
            and c.database = (select d.oid from pg_database d where d.datname = current_database())
        and c.run = (select coalesce(max(run), 0) from recovery.runs)) as compared,
    (select count(*) from projection.checkpoints c join projection.builds b on b.view = c.view and b.build = c.version
        join log.lanes h on h.lane = c.lane where c.source = $1 and b.state = 'live' and c.position > h.position) as ahead
from log.lanes l join relay.lanes r using (lane)
left join unnest($2::smallint[], $3::bigint[], $4::bytea[]) as w (lane, position, hash) using (lane)
left join log.events e on e.lane = w.lane and e.position = w.position
"""


class Head(NamedTuple):
    """Position and hash."""

    position: int
    hash: bytes


class Incarnation(NamedTuple):
    """By what a database is told from another, or from itself before."""

    started: datetime
    database: int
    events: int
    run: int


@dataclass(frozen=True, slots=True)
class Look:
    """What was found."""

    incarnation: Incarnation
    heads: Mapping[int, Head]
    relayed: Mapping[int, int]
    relayed_at: datetime | None
    """When the relay last marked something as published, by this database."""
    missing: frozenset[int]
    """The lanes that no longer hold what was seen of them."""
    compared: bool
    """Whether some process has held this very database against its topic and found nothing missing."""
    ahead: int
    """How many lanes some live view has read further than the log goes."""

    @property
    def unstored(self) -> dict[int, int]:
        """The lanes that were published further than they are stored, and by how much."""
        return {
            lane: self.relayed[lane] - head.position for lane, head in self.heads.items() if self.relayed[lane] > head.position
        }


async def look(connection: Connection, source: str, seen: Mapping[int, Head]) -> Look:
    """Look now; `seen` are heads that the log had before."""
    wanted = {lane: head for lane, head in seen.items() if head.position}
    rows: list[Any] = await connection.fetch(
        _LOOK, source, list(wanted), [head.position for head in wanted.values()], [head.hash for head in wanted.values()]
    )
    if not rows:
        raise RuntimeError("the log has no lanes")
    first = rows[0]
    return Look(
        Incarnation(first["started"], first["database"], first["events"], first["run"]),
        {row["lane"]: Head(row["position"], row["hash"]) for row in rows},
        {row["lane"]: row["relayed"] for row in rows},
        max((row["moved_at"] for row in rows if row["moved_at"] is not None), default=None),
        frozenset(row["lane"] for row in rows if not row["still"]),
        first["compared"],
        first["ahead"],
    )
