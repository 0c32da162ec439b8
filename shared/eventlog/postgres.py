"""The log in Postgres: an append is one call of `log.append`, one round trip and one commit.

Reads are single statements. A connection that breaks becomes `LogUnavailable`, whose outcome is unknown. Refuses to
write in any other way: the role it connects as can do nothing but call that function and read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.eventlog.log import Clash, LogBehind, LogUnavailable, clock_not_simulated, require_distinct
from shared.eventlog.records import RECORDED, Append, Appended, Conflict, LaneHead, LogIdentity, Mismatch, Outcome
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import lane_of

_APPEND = "select * from log.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
_EVENT = f"select {RECORDED} from log.events"  # noqa: S608  constants
_ANSWERS = """select c.command_id::text, c.fingerprint, c.stream, c.version, c.lane, c.position, c.recorded_at,
    array(select e.event_id::text from log.events e where e.lane = c.lane and e.position <= c.position
        and e.position > c.position - c.events order by e.position)
    from log.commands c where c.command_id = any($1)"""


async def open_pool(
    url: str, *, min_size: int = 1, max_size: int = 8, on_connect: Callable[[], None] | None = None, **settings: str
) -> Any:
    """A pool for a log. Returning a connection costs no round trip, so its users must leave no session state behind.

    `on_connect` is called for each new connection before anybody uses it: it may lead to another server than the last.
    """

    async def nothing_to_reset(_connection: Any) -> None: ...

    async def connected(_connection: Any) -> None:
        if on_connect is not None:
            on_connect()

    pool: Any = asyncpg.create_pool(  # pyright: ignore[reportUnknownMemberType]  asyncpg is not annotated
        url,
        min_size=min_size,
        max_size=max_size,
        reset=nothing_to_reset,
        init=connected,
        server_settings={"jit": "off", "application_name": "lien-the", **settings},
    )
    return await pool


async def identity_of(connection: Any) -> LogIdentity:
    """Which log a database holds."""
    return LogIdentity(*await connection.fetchrow("select deployment, log_id::text from log.meta"))


async def heads_of(connection: Any) -> dict[int, LaneHead]:
    """The heads of the log that a database holds, lane by lane."""
    rows = await connection.fetch("select lane, position, hash, last_at from log.lanes order by lane")
    return {row["lane"]: LaneHead(*row) for row in rows}


class PostgresLog:
    """One service's log in its own database. `pool` is an asyncpg pool that connects as the service's role."""

    def __init__(self, pool: Any, source: str) -> None:
        self._pool = pool
        self._source = source
        self.admit: Callable[[Any], Awaitable[None]] | None = None
        """Awaited with the connection of an append before it is used; may raise `Refused`: then nothing is written."""
        self._known: dict[int, int] = {}

    @property
    def source(self) -> str:
        """The service whose log this is."""
        return self._source

    async def append(self, batch: Sequence[Append], *, atomic: bool = False) -> list[Outcome]:
        """See `Log.append`."""
        if not batch:
            return []
        require_distinct(batch)
        arguments = _arguments(self._source, batch, self._known, atomic=atomic)
        async with self._connection() as connection:
            if self.admit is not None:
                await self.admit(connection)
            row: Any = await connection.fetchrow(_APPEND, *arguments)
        outcomes = [_outcome(append, index, row) for index, append in enumerate(batch)]
        for outcome in outcomes:
            if isinstance(outcome, Appended):
                self._known[outcome.lane] = max(outcome.position, self._known.get(outcome.lane, 0))
        return outcomes

    def forget(self) -> None:
        """What was answered is no measure any more: the log was recovered, and lacks what nobody could bring back."""
        self._known.clear()

    async def load(self, streams: Sequence[str]) -> dict[str, list[Recorded]]:
        """See `Log.load`."""
        loaded: dict[str, list[Recorded]] = {stream: [] for stream in streams}
        if loaded:
            for event in await self._events("where stream = any($1) order by stream, version", list(loaded)):
                loaded[event.stream].append(event)
        return loaded

    async def answers(self, command_ids: Sequence[str]) -> dict[str, tuple[bytes, Appended]]:
        """See `Log.answers`."""
        async with self._connection() as connection:
            rows: list[Any] = await connection.fetch(_ANSWERS, list(command_ids))
        return {
            row[0]: (row[1], Appended(row[0], row[2], row[3], row[4], row[5], row[6], tuple(row[7]), repeated=True))
            for row in rows
        }

    async def read_lane(self, lane: int, after: int, limit: int) -> list[Recorded]:
        """See `Log.read_lane`."""
        return await self._events("where lane = $1 and position > $2 order by position limit $3", lane, after, limit)

    async def identity(self) -> LogIdentity:
        """See `Log.identity`."""
        async with self._connection() as connection:
            return await identity_of(connection)

    async def heads(self) -> dict[int, LaneHead]:
        """See `Log.heads`."""
        async with self._connection() as connection:
            return await heads_of(connection)

    async def event(self, event_id: str) -> Recorded | None:
        """See `Log.event`."""
        found = await self._events("where event_id = $1", event_id)
        return found[0] if found else None

    async def simulated(self) -> bool:
        """See `Log.simulated`."""
        async with self._connection() as connection:
            return bool(await connection.fetchval("select simulated from log.meta"))

    async def _events(self, condition: str, *arguments: object) -> list[Recorded]:
        async with self._connection() as connection:
            rows: list[Any] = await connection.fetch(f"{_EVENT} {condition}", *arguments)
        return [Recorded(*row) for row in rows]

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        """A connection whose failures come in the log's own words."""
        try:
            async with self._pool.acquire() as connection:
                yield connection
        except asyncpg.UniqueViolationError as error:
            raise Clash(str(error)) from error
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            raise
        except asyncpg.PostgresError as error:
            if getattr(error, "sqlstate", None) == "LT001":
                raise clock_not_simulated() from error
            if getattr(error, "sqlstate", None) == "LT003":
                raise LogBehind(self._source) from error
            raise LogUnavailable from error
        except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError) as error:
            raise LogUnavailable from error


def _arguments(source: str, batch: Sequence[Append], known: Mapping[int, int], *, atomic: bool) -> tuple[object, ...]:
    """The arguments of `log.append`: one array a column of the commands, then one a column of the events."""
    timed = any(append.recorded_at is not None for append in batch)
    after: list[int | None] = []
    last: dict[str, int] = {}
    for ordinal, append in enumerate(batch, 1):
        after.append(last.get(append.stream))
        last[append.stream] = ordinal
    events = [(owner, index, e) for owner, append in enumerate(batch, 1) for index, e in enumerate(append.events, 1)]
    return (
        source,
        atomic,
        [append.command_id for append in batch],
        [append.fingerprint for append in batch],
        [append.stream for append in batch],
        [lane_of(append.stream) for append in batch],
        after,
        [append.expected for append in batch],
        [append.actor for append in batch],
        [append.recorded_at for append in batch] if timed else None,
        [len(append.events) for append in batch],
        [owner for owner, _, _ in events],
        [index for _, index, _ in events],
        [event.event_id for _, _, event in events],
        [event.type for _, _, event in events],
        [event.schema_version for _, _, event in events],
        [event.data for _, _, event in events],
        [known.get(lane_of(append.stream), 0) for append in batch],
    )


def _outcome(append: Append, index: int, row: Any) -> Outcome:
    outcomes, versions, positions, times, event_ids = row
    match outcomes[index]:
        case "appended":
            ids = tuple(event.event_id for event in append.events)
        case "repeated":
            ids = tuple(event_ids[index].split(",")) if event_ids[index] else ()
        case "conflict":
            return Conflict(append.command_id, append.stream, versions[index])
        case _:
            return Mismatch(append.command_id)
    repeated = outcomes[index] == "repeated"
    lane = lane_of(append.stream)
    return Appended(append.command_id, append.stream, versions[index], lane, positions[index], times[index], ids, repeated)
