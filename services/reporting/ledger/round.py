"""How training rounds (đợt tập huấn) and boards still to be trained move the ledger. Pure.

Everything about a round counts from the day on which it starts: "5 to 7 rounds a year" goes by the start year. Only rounds
that the plan's lead department held are `rounds_lead`. Distinct people are never a measure: they cannot be summed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from services.reporting.ledger.entries import COUNTED, FOREVER, Book
from services.reporting.ledger.keys import Keys
from services.reporting.ledger.measures import measure
from shared.events.trainings import (
    BoardEvent,
    BoardTrained,
    BoardTrainingRequired,
    TrainingCancelled,
    TrainingEvent,
    TrainingHeld,
    TrainingPlanned,
)


@dataclass(frozen=True, slots=True)
class Round:
    """A round as it stands: planned, held or cancelled, and what it amounts to."""

    place: str
    starts_on: int
    status: str
    amounts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The board of one club as a to-do: needed from a day on, until it was trained. Asked for again, it is open again."""

    place: str | None = None
    needed_from: int = FOREVER
    trained_on: int = FOREVER


def fold_round(state: Round | None, event: TrainingEvent, keys: Keys, book: Book) -> Round | None:
    """The round after an event; the book takes the new amounts minus the old ones."""
    match event:
        case TrainingPlanned():
            new = Round(event.place.key, event.starts_on.toordinal(), "planned", ((measure("rounds_planned"), 1),))
        case TrainingHeld():
            new = Round(event.place.key, event.starts_on.toordinal(), "held", tuple(sorted(_held(event).items())))
        case TrainingCancelled():
            new = None if state is None else replace(state, status="cancelled", amounts=())
        case _:
            assert_never(event)
    for sign, each in ((-1, state), (1, new)):
        if each is not None and each.amounts:
            book.at(keys.of(each.place)).add(each.starts_on, COUNTED, dict(each.amounts), sign)
    return new


def _held(event: TrainingHeld) -> dict[int, int]:
    amounts = {
        "rounds": 1,
        "rounds_lead": int(event.organiser == "lead-department"),
        "rounds_generated": int(event.generated),
        "attendances": event.attendances or 0,
        "attendances_stated": int(event.attendances is not None),
        "participants": sum((part.women or 0) + (part.men or 0) + (part.unstated or 0) for part in event.participants),
        "participants_women": sum(part.women or 0 for part in event.participants),
    }
    for cost in event.costs:
        name = f"cost_{cost.source.replace('-', '_')}"
        amounts[name] = amounts.get(name, 0) + cost.amount
    return {measure(name): amount for name, amount in amounts.items() if amount}


def fold_board(state: Board | None, event: BoardEvent, keys: Keys, book: Book) -> Board:
    """The to-do after an event: open from the founding until a round has trained the board."""
    old = state or Board()
    match event:
        case BoardTrainingRequired():
            new = Board(event.commune.key, event.founded_on.toordinal())
        case BoardTrained():
            new = replace(old, trained_on=event.trained_on.toordinal())
        case _:
            assert_never(event)
    for sign, each in ((-1, old), (1, new)):
        if each.place is not None:
            page = book.at(keys.of(each.place))
            page.span(each.needed_from, each.trained_on, COUNTED, {measure("board_todos_open"): 1}, sign)
    return new
