"""One consistent look at the ledger: everything in an answer is read in one repeatable-read transaction of the view's schema,
and every sum is of the columns in memory at exactly that transaction's positions.

The stamp of an answer: how many events of each log are in it, whether some lane may still add to what was known at its instant,
and how fresh each province is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from services.reporting.columns.held import Look
from services.reporting.columns.keeper import keeper_of
from shared.events.language import UNIONS
from shared.kernel.database import Connection, Pool
from shared.kernel.lanes import LANES
from shared.kernel.place import NATION
from shared.projections import builds

SOURCES: Final = tuple(UNIONS)
_looking: ContextVar[bool] = ContextVar("looking", default=False)


class Fresh(NamedTuple):
    """How fresh a province is: its last event, how many there were, and the latest month that a club reported."""

    place: str
    events: int
    recorded_at: datetime
    latest_month: date | None


class Lane(NamedTuple):
    """How far a lane of a log is in the ledger, and the time of its last event."""

    source: str
    lane: int
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one answer is made of. Other rows than entries are read from the same transaction, with `fetch` and its like."""

    connection: Connection
    build: int
    look: Look
    lanes: list[Lane]
    freshness: dict[str, Fresh]
    parked: int

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """All rows."""
        return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """The first row or None."""
        return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """One value of the first row or None."""
        return await self.connection.fetchval(query, *args)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an answer says of itself. `open_lanes`: lanes whose last event is not later than the answer's `known_at`.

    `parked`: events that could not be read, and those of the same streams behind them; they are not in the figures.
    """

    positions: dict[str, int]
    open_lanes: int
    parked: int
    freshness: dict[str, Fresh]

    @property
    def provisional(self) -> bool:
        """Whether some lane may still add to what was known: its times never go back, but may come up to `known_at`."""
        return self.open_lanes > 0


@asynccontextmanager
async def _looks() -> AsyncGenerator[None]:
    token = _looking.set(True)
    try:
        yield
    finally:
        _looking.reset(token)


@asynccontextmanager
async def snapshot(pool: Pool, view: str) -> AsyncGenerator[Snapshot]:
    """A read-only transaction that sees one state of the view's live build, and the columns of that state, when it is its turn.
    May raise `RuntimeError` inside of another one: two that each wait for a second turn would wait for ever."""
    if _looking.get():
        raise RuntimeError("a snapshot inside of another")
    keeper = keeper_of(pool, view)
    async with keeper.turns, _looks(), builds.repeatable(pool) as connection:
        async with keeper.lock:
            build = await builds.look(connection, view)
            lanes = [Lane(*row) for row in await connection.fetch("select source, lane, position, recorded_at from lanes")]
            rows = await connection.fetch("select province, events, recorded_at, latest_month from freshness order by province")
            freshness = {row["province"]: Fresh(*row) for row in rows}
            events = freshness[NATION.key].events if NATION.key in freshness else 0
            look = await keeper.look(connection, build, {(each.source, each.lane): each.position for each in lanes}, events)
        parked: int = await connection.fetchval(
            "select count(*) from projection.parked where view = $1 and version = $2", view, build
        )
        yield Snapshot(connection, build, look, lanes, freshness, parked)


async def stamp(found: Snapshot, known_at: datetime) -> Stamp:
    """The stamp for an instant."""
    positions = dict.fromkeys(SOURCES, 0)
    for lane in found.lanes:
        positions[lane.source] = positions.get(lane.source, 0) + lane.position
    closed = sum(lane.recorded_at > known_at for lane in found.lanes)
    return Stamp(positions, LANES * len(SOURCES) - closed, found.parked, found.freshness)
