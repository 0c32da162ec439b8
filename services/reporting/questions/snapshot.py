"""One consistent look at the ledger: everything in an answer is read in one repeatable-read transaction of the view's schema.

The stamp of an answer: how many events of each log are in it, whether some lane may still add to what was known at its instant,
and how fresh each province is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.reporting.ledger.view import FiguresView
from shared.events.language import UNIONS
from shared.kernel.database import Connection, Pool
from shared.kernel.lanes import LANES

SOURCES: Final = tuple(UNIONS)


@dataclass(frozen=True, slots=True)
class Fresh:
    """How fresh a province is: its last event, how many there were, and the latest month that a club reported."""

    place: str
    events: int
    recorded_at: datetime
    latest_month: date | None


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
async def snapshot(pool: Pool, schema: str) -> AsyncGenerator[Connection]:
    """A read-only transaction that sees one state of the view."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set transaction isolation level repeatable read, read only")
        await connection.execute(f'set local search_path to "{schema}"')
        yield connection


async def stamp(connection: Connection, known_at: datetime) -> Stamp:
    """The stamp for an instant."""
    rows = await connection.fetch(
        """select source, sum(position)::bigint as events, count(*) filter (where recorded_at > $1) as closed
        from lanes group by source""",
        known_at,
    )
    positions = dict.fromkeys(SOURCES, 0) | {row["source"]: row["events"] for row in rows}
    closed = sum(row["closed"] for row in rows)
    fresh = await connection.fetch("select province, events, recorded_at, latest_month from freshness order by province")
    parked: int = await connection.fetchval(
        "select count(*) from projection.parked where view = $1 and version = $2", FiguresView.name, FiguresView.version
    )
    return Stamp(positions, LANES * len(SOURCES) - closed, parked, {row["province"]: Fresh(*row) for row in fresh})
