"""How the ledger's rows come out of Postgres and go into it, and how that goes on beside the fold. A connection does one thing
at a time: whoever begins a piece of work on it waits for the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Final

from services.reporting.ledger import text
from services.reporting.ledger.batch import Batch, Rows
from shared.kernel.database import Connection
from shared.projections.view import Delivered

_LOAD: Final = "select stream, part, state from subjects where stream = any($1::text[])"
_STATES: Final = """
    insert into subjects (stream, part, state) select * from unnest($1::text[], $2::smallint[], $3::bytea[])
    on conflict (stream, part) do update set state = excluded.state
"""
_FRESHNESS: Final = """
    insert into freshness (province, events, recorded_at, latest_month)
    select * from unnest($1::text::text[], $2::text::bigint[], $3::text::timestamptz[], $4::text::date[])
    on conflict (province) do update set
        events = freshness.events + excluded.events,
        recorded_at = greatest(freshness.recorded_at, excluded.recorded_at),
        latest_month = greatest(freshness.latest_month, excluded.latest_month)
"""
_LANES: Final = """
    insert into lanes (source, lane, position, recorded_at)
    select * from unnest($1::text::text[], $2::text::smallint[], $3::text::bigint[], $4::text::timestamptz[])
    on conflict (source, lane) do update set
        position = greatest(lanes.position, excluded.position), recorded_at = greatest(lanes.recorded_at, excluded.recorded_at)
"""


async def stored_parts(connection: Connection, events: Iterable[Delivered]) -> dict[str, dict[int, bytes]]:
    """The parts of the subjects of some events, as far as there are any."""
    found: dict[str, dict[int, bytes]] = {}
    for stream, part, state in await connection.fetch(_LOAD, sorted({each.recorded.stream for each in events})):
        found.setdefault(stream, {})[part] = state
    return found


async def write_rows(connection: Connection, rows: Rows) -> None:
    """The rows of what was folded: of lanes that nobody else writes."""
    await connection.copy_to_table("events", source=text.lines(rows.events))
    await connection.copy_to_table("entries", source=text.lines(rows.entries))
    if rows.declarations:
        await connection.copy_records_to_table("declarations", records=rows.declarations)
    if rows.targets:
        await connection.copy_records_to_table("targets", records=rows.targets)
    await connection.execute(_STATES, *([part[index] for part in rows.parts] for index in range(3)))


async def write_heads(connection: Connection, batch: Batch) -> None:
    """Rows that other lanes may write too: once, at the end, in one order, so that nobody waits in a circle."""
    fresh = sorted(batch.freshness.items())
    await connection.execute(
        _FRESHNESS, *text.columns((province, each.events, each.recorded_at, each.latest_month) for province, each in fresh)
    )
    await connection.execute(_LANES, *text.columns((*lane, *head) for lane, head in sorted(batch.lanes.items())))


class Beside:
    """One piece of work at a time that goes on beside the caller's own. None is left behind: leaving waits for it. When both
    fail, the caller's failure is the one that is told."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Beside:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            await self.done()
        elif self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def begin(self, work: Coroutine[object, object, None]) -> None:
        """Let a piece of work go on; the one before is done."""
        self._task = asyncio.create_task(work)

    async def done(self) -> None:
        """Wait for the work. May raise what it raises."""
        task, self._task = self._task, None
        if task is not None:
            await task
