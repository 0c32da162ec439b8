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
    """`trained_by` is the round that closed the to-do; None while it is open."""

    trained_by: str | None = None
    trained_on: date | None = None


def board_stream(club: str) -> str:
    """The stream of a club's board."""
    return f"board-{club}"


def decide(board: Board | None, command: BoardCommand, context: Context) -> Iterable[BoardEvent]:
    """Record only what changes something."""
    match command:
        case RequireBoardTraining():
            withdrawn = board is not None and board.trained_by is not None and board.trained_by == command.withdrawn
            if board is None or withdrawn:
                yield BoardTrainingRequired(
                    club=command.club,
                    commune=command.commune,
                    founded_on=command.founded_on,
                    provisional_board=command.provisional_board,
                    generated=command.generated,
                )
        case RecordBoardTrained():
            open_ = board is None or board.trained_by is None
            redated = board is not None and board.trained_by == command.round and board.trained_on != command.trained_on
            if open_ or redated:
                yield BoardTrained(club=command.club, round=command.round, trained_on=command.trained_on)
        case _:
            assert_never(command)


def evolve(board: Board | None, event: BoardEvent) -> Board:
    """The last event says whether the to-do is open."""
    match event:
        case BoardTrainingRequired():
            return Board()
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
