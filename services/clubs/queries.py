"""What may be asked of the view of clubs, as SQL: a page of clubs by name, one club, a page of its timeline, its reports."""

from __future__ import annotations

from typing import Any

from services.clubs.views import Clubs
from shared.kernel.database import Connection
from shared.reference.spelling import plain

SCHEMA = f"{Clubs.name}_v{Clubs.version}"

_COLUMNS = f"""
    c.club, c.version, c.founding::text as founding, c.status, c.since, c.recorded_at,
    c.members::text as members, c.month::text as month, c.board::text as board,
    (select coalesce((r.facts ->> 'met_on')::date, (r.day + interval '1 month - 1 day')::date)
     from {SCHEMA}.reports r
     where r.club = c.club and r.kind = 'month' and (r.facts ->> 'meeting_held')::boolean
     order by r.day desc limit 1) as last_meeting
"""  # noqa: S608 - the schema is the view's own name


async def clubs(connection: Connection, *, area: str, words: str, status: str | None, after: str, limit: int) -> list[Any]:
    """Clubs of an area whose name, village or commune holds all the words, after a club of the page before."""
    return await connection.fetch(
        f"""
        select {_COLUMNS} from {SCHEMA}.clubs c
        where c.areas @> array[$1] and c.search like all($2::text[]) and ($3::text is null or c.status = $3)
          and ($4 = '' or (c.name_sort, c.club) > (select p.name_sort, p.club from {SCHEMA}.clubs p where p.club = $4))
        order by c.name_sort, c.club limit $5
        """,  # noqa: S608 - the same
        area, [f"%{word}%" for word in plain(words).split()], status, after, limit,
    )  # fmt: skip


async def club(connection: Connection, stream: str) -> Any:
    """One club, or None."""
    query = f"select {_COLUMNS} from {SCHEMA}.clubs c where c.club = $1"  # noqa: S608 - the same
    return await connection.fetchrow(query, stream)


async def timeline(connection: Connection, stream: str, *, before: int | None, limit: int) -> list[Any]:
    """What was recorded of a club, the newest first, before a version."""
    return await connection.fetch(
        f"""
        select version, event_id, type, day, recorded_at, actor, changes::text as changes from {SCHEMA}.timeline
        where club = $1 and ($2::int is null or version < $2) order by version desc limit $3
        """,  # noqa: S608 - the same
        stream, before, limit,
    )  # fmt: skip


async def reports(connection: Connection, stream: str, kind: str) -> list[Any]:
    """Every report of a kind (`members`, `month`, `board`) as it stands now, by the day it speaks of, the oldest first."""
    return await connection.fetch(
        f"select day, facts::text as facts from {SCHEMA}.reports where club = $1 and kind = $2 order by day",  # noqa: S608 - the same
        stream, kind,
    )  # fmt: skip
