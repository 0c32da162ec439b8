"""What may be asked of the views of rounds and of the boards' to-dos, as SQL. Facts come as JSON text."""

from __future__ import annotations

from typing import Any, Literal

from services.trainings.views import BoardTodos, Rounds
from shared.kernel.database import Connection

ROUNDS = Rounds.name
BOARDS = BoardTodos.name
"""The views whose live build a connection must be looking at."""

_ROUND = """
    select round, version, status, place, plan::text as plan, report::text as report, cancellation::text as cancellation,
           recorded_at
    from rounds
"""


async def rounds(
    connection: Connection,
    *,
    area: str | None = None,
    status: Literal["planned", "held", "cancelled"] | None = None,
    year: int | None = None,
    organiser: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Any]:
    """Rounds in or for an area, by status, year of their first day and organiser, the latest first."""
    return await connection.fetch(
        f"""
        {_ROUND}
        where ($1::text is null or areas @> array[$1])
          and ($2::text is null or status = $2)
          and ($3::int is null or extract(year from starts_on) = $3)
          and ($6::text is null or organiser = $6)
        order by starts_on desc, round limit $4 offset $5
        """,
        area, status, year, limit, offset, organiser,
    )  # fmt: skip


async def round_of(connection: Connection, round: str) -> Any:
    """One round, or None."""
    return await connection.fetchrow(f"{_ROUND} where round = $1", round)


async def board_todos(connection: Connection, *, area: str, limit: int = 100, offset: int = 0) -> list[Any]:
    """The open to-dos of an area, the longest waiting first."""
    return await connection.fetch(
        """
        select club, commune, founded_on, provisional_board, generated from boards where open and areas @> array[$1]
        order by founded_on, club limit $2 offset $3
        """,
        area, limit, offset,
    )  # fmt: skip


async def count_of_board_todos(connection: Connection, *, area: str) -> int:
    """How many boards of an area still need a training."""
    return await connection.fetchval(
        "select count(*) from boards where open and areas @> array[$1]",
        area,
    )
