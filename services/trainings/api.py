"""Questions to the trainings service. Rounds are public; whose boards they trained is for holders of a token of that area.

The boards' to-dos name clubs, so they need a token, and show only places inside its area. Commands come in through the one
door of all services (`POST /v1/commands`), not here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.trainings import queries
from shared.events.trainings import Organiser, TrainingCancelled, TrainingHeld, TrainingPlanned
from shared.kernel.authority import holds_area, require_area
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Principal
from shared.projections.builds import reading
from shared.web.access import Anyone, Holder
from shared.web.questions import Limit, Offset, PlaceText, asked_place


class RoundAnswer(BaseModel):
    """A round (đợt tập huấn) as last planned and reported."""

    round: str
    version: int
    status: Literal["planned", "held", "cancelled"]
    place_name: str
    plan: TrainingPlanned | None
    report: TrainingHeld | None
    cancellation: TrainingCancelled | None
    clubs_trained: int
    provisional_boards_trained: int
    withheld: bool
    """True if the names of clubs and boards were left out, because the asker holds no token of the round's area."""
    recorded_at: datetime


class RoundsAnswer(BaseModel):
    """A page of rounds, the latest first."""

    rounds: list[RoundAnswer]


class BoardTodo(BaseModel):
    """A board (ban chủ nhiệm) that no known round has trained."""

    club: str
    commune: PlaceRef
    commune_name: str
    founded_on: date
    provisional_board: str | None
    generated: bool


class BoardTodosAnswer(BaseModel):
    """The open to-dos of an area, the longest waiting first."""

    place: PlaceRef
    total: int
    todos: list[BoardTodo]


def router(pool: Pool, places: PlaceBook) -> APIRouter:
    """The routes, on a pool of the service's own database."""
    routes = APIRouter(prefix="/v1", tags=["trainings"])

    @routes.get("/trainings")
    async def trainings(
        *,
        principal: Anyone,
        place: PlaceText = None,
        status: Literal["planned", "held", "cancelled"] | None = None,
        year: Annotated[int | None, Query(ge=1990, le=2099)] = None,
        organiser: Organiser | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> RoundsAnswer:
        """Rounds in or for a place, by status, by the year in which they begin, and by who holds them."""
        area = None if place is None else asked_place(place, places).key
        async with reading(pool, queries.ROUNDS) as connection:
            rows = await queries.rounds(
                connection, area=area, status=status, year=year, organiser=organiser, limit=limit, offset=offset
            )
        return RoundsAnswer(rounds=[_round(row, principal, places) for row in rows])

    @routes.get("/trainings/{round}")
    async def training(principal: Anyone, round: str) -> RoundAnswer:
        """One round."""
        async with reading(pool, queries.ROUNDS) as connection:
            row = await queries.round_of(connection, round)
        if row is None:
            raise Refused(
                "unknown-round",
                "Không có đợt tập huấn này; hãy kiểm tra mã.",
                "There is no such round; check the id.",
                status=404,
            )
        return _round(row, principal, places)

    @routes.get("/board-todos")
    async def board_todos(
        principal: Holder, place: PlaceText = None, limit: Limit = 100, offset: Offset = 0
    ) -> BoardTodosAnswer:
        """Boards of an area that still need a training; without `place` those of the token's own area."""
        area = principal.area if place is None else asked_place(place, places)
        require_area(principal, area, places)
        async with reading(pool, queries.BOARDS) as connection:
            total = await queries.count_of_board_todos(connection, area=area.key)
            rows = await queries.board_todos(connection, area=area.key, limit=limit, offset=offset)
        return BoardTodosAnswer(place=area, total=total, todos=[_todo(row, places) for row in rows])

    _ = (trainings, training, board_todos)
    return routes


def _round(row: Any, principal: Principal | None, places: PlaceBook) -> RoundAnswer:
    place = PlaceRef.parse(row["place"])
    report = None if row["report"] is None else TrainingHeld.model_validate_json(row["report"])
    clubs, boards = (0, 0) if report is None else (len(report.clubs), len(report.provisional_boards))
    withheld = (clubs or boards) > 0 and not (principal is not None and holds_area(principal, place, places))
    if report is not None and withheld:
        report = report.model_copy(update={"clubs": (), "provisional_boards": ()})
    return RoundAnswer(
        round=row["round"],
        version=row["version"],
        status=row["status"],
        place_name=places.name(place),
        plan=None if row["plan"] is None else TrainingPlanned.model_validate_json(row["plan"]),
        report=report,
        cancellation=None if row["cancellation"] is None else TrainingCancelled.model_validate_json(row["cancellation"]),
        clubs_trained=clubs,
        provisional_boards_trained=boards,
        withheld=withheld,
        recorded_at=row["recorded_at"],
    )


def _todo(row: Any, places: PlaceBook) -> BoardTodo:
    commune = PlaceRef.parse(row["commune"])
    return BoardTodo(
        club=row["club"],
        commune=commune,
        commune_name=places.name(commune),
        founded_on=row["founded_on"],
        provisional_board=row["provisional_board"],
        generated=row["generated"],
    )
