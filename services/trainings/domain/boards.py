"""Which boards (ban chủ nhiệm) still need a training: one stream a club, written by the service's own policy.

A board is a to-do from `BoardTrainingRequired` to `BoardTrained`. Asking again for what is so already records nothing, and
the commands may come in any order. A round whose corrected report no longer names the club opens the to-do again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from shared.events.common import Day, Reference, StreamId
from shared.events.trainings import BoardEvent, BoardTrained, BoardTrainingRequired
from shared.kernel.command import Command
from shared.kernel.decider import Context, Decider, Jurisdiction
from shared.kernel.errors import Notice
from shared.kernel.place import NATION, PlaceRef


class RequireBoardTraining(Command, type="trainings.require-board-training"):
    """The board of a founded club needs a training (cần được tập huấn), unless a round has trained it already."""

    club: StreamId
    commune: PlaceRef
    founded_on: Day
    provisional_board: Reference | None = None
    generated: bool = False
    withdrawn: StreamId | None = None
    """The round whose corrected report no longer names the club: the to-do opens again if that round had closed it."""


class RecordBoardTrained(Command, type="trainings.record-board-trained"):
    """A round has trained the board of a club (đã được tập huấn)."""

    club: StreamId
    round: StreamId
    trained_on: Day


BoardCommand = RequireBoardTraining | RecordBoardTrained


@dataclass(frozen=True, slots=True)
class Board:
    """`trained_by` is the round that closed the to-do; None while it is open, as it was last `required`."""

    required: BoardTrainingRequired | None = None
    trained_by: str | None = None
    trained_on: date | None = None


def board_stream(club: str) -> str:
    """The stream of a club's board."""
    return f"board-{club}"


def decide(board: Board | None, command: BoardCommand, context: Context) -> Iterable[BoardEvent]:
    """Record only what changes something."""
    match command:
        case RequireBoardTraining():
            required = BoardTrainingRequired.model_validate(command.model_dump(exclude={"withdrawn"}))
            trained = board is not None and board.trained_by is not None
            withdrawn = board is not None and trained and board.trained_by == command.withdrawn
            known = board is not None and board.required == required
            if withdrawn or not (trained or known):
                yield required
        case RecordBoardTrained():
            if board is None or board.trained_by is None or _earlier_or_redated(board, command):
                yield BoardTrained(club=command.club, round=command.round, trained_on=command.trained_on)
        case _:
            assert_never(command)


def _earlier_or_redated(board: Board, command: RecordBoardTrained) -> bool:
    """Of several rounds the earliest is kept, so that the order in which they become known does not matter."""
    if board.trained_on is None or board.trained_by == command.round:
        return board.trained_on != command.trained_on
    return (command.trained_on, command.round) < (board.trained_on, board.trained_by or "")


def evolve(board: Board | None, event: BoardEvent) -> Board:
    """The last event says whether the to-do is open."""
    match event:
        case BoardTrainingRequired():
            return Board(event)
        case BoardTrained():
            return replace(board or Board(), trained_by=event.round, trained_on=event.trained_on)
        case _:
            assert_never(event)


def jurisdiction(board: Board | None, command: BoardCommand) -> Jurisdiction:
    """The service's own policy acts for the centre."""
    return Jurisdiction(NATION, roles=("centre",))


def notices(board: Board | None, command: BoardCommand, context: Context) -> Iterable[Notice]:
    """Nothing is odd about a to-do."""
    return ()


BOARDS: Decider[Board, BoardCommand, BoardEvent] = Decider(
    decide=decide,
    evolve=evolve,
    stream_of=lambda command, command_id: board_stream(command.club),
    jurisdiction=jurisdiction,
    notices=notices,
)
