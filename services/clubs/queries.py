"""What may be asked of the view of clubs, as SQL: a page of clubs by name, one club, a page of its timeline, its reports."""

from __future__ import annotations

from typing import Any

from services.clubs.views import Clubs
from shared.kernel.database import Connection
from shared.reference.spelling import plain

VIEW = Clubs.name
"""The view whose live build the connection must be looking at."""

_COLUMNS = """
    c.club, c.version, c.founding::text as founding, c.status, c.since, c.recorded_at,
    c.members::text as members, c.month::text as month, c.board::text as board,
    (select coalesce((r.facts ->> 'met_on')::date, (r.day + interval '1 month - 1 day')::date)
     from reports r
     where r.club = c.club and r.kind = 'month' and (r.facts ->> 'meeting_held')::boolean
     order by r.day desc limit 1) as last_meeting
"""


async def clubs(connection: Connection, *, area: str, words: str, status: str | None, after: str, limit: int) -> list[Any]:
    """Clubs of an area whose name, village or commune holds all the words, after a club of the page before."""
    return await connection.fetch(
        f"""
        select {_COLUMNS} from clubs c
        where c.areas @> array[$1] and c.search like all($2::text[]) and ($3::text is null or c.status = $3)
          and ($4 = '' or (c.name_sort, c.club) > (select p.name_sort, p.club from clubs p where p.club = $4))
        order by c.name_sort, c.club limit $5
        """,  # noqa: S608 - constants
        area, [f"%{word}%" for word in plain(words).split()], status, after, limit,
    )  # fmt: skip


async def club(connection: Connection, stream: str) -> Any:
    """One club, or None."""
    query = f"select {_COLUMNS} from clubs c where c.club = $1"  # noqa: S608 - constants
    return await connection.fetchrow(query, stream)


async def timeline(connection: Connection, stream: str, *, before: int | None, limit: int) -> list[Any]:
    """What was recorded of a club, the newest first, before a version."""
    return await connection.fetch(
        """
        select version, event_id, type, day, recorded_at, actor, changes::text as changes from timeline
        where club = $1 and ($2::int is null or version < $2) order by version desc limit $3
        """,
        stream, before, limit,
    )  # fmt: skip


async def reports(connection: Connection, stream: str, kind: str) -> list[Any]:
    """Every report of a kind (`members`, `month`, `board`) as it stands now, by the day it speaks of, the oldest first."""
    return await connection.fetch(
        "select day, facts::text as facts from reports where club = $1 and kind = $2 order by day",
        stream, kind,
    )  # fmt: skip
