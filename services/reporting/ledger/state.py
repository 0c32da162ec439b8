"""The state of a subject as compact JSON bytes, and back. The same state has the same bytes, so that rebuilds compare."""

from __future__ import annotations

from typing import Any, Final, assert_never

import orjson

from services.reporting.ledger.club import Club
from services.reporting.ledger.inspection import Advice, Inspection, Step
from services.reporting.ledger.round import Board, Round

Subject = Club | Round | Board | Inspection

_NO_STATE: Final = b"null"


def encode(state: Subject | None) -> bytes:
    """The bytes of a state: a list that begins with its kind."""
    match state:
        case None:
            return _NO_STATE
        case Club():
            fields: list[object] = ["club", state.place, state.founded_on, state.generated, state.dissolved_on]
            fields += [state.suspensions, state.boards, state.snapshots, state.months, state.meetings]
        case Round():
            fields = ["round", state.place, state.starts_on, state.status, state.amounts]
        case Board():
            fields = ["board", state.place, state.needed_from, state.trained_on]
        case Inspection():
            fields = ["inspection", state.places, state.planned_on, state.completed_on, state.generated, state.visited]
            fields += [state.findings, state.steps]
        case _:
            assert_never(state)
    return orjson.dumps(fields, default=tuple)


def decode(data: bytes) -> Subject | None:
    """The state that some bytes hold. May raise `ValueError` for bytes that `encode` never wrote."""
    fields: list[Any] | None = orjson.loads(data)
    match fields:
        case None:
            return None
        case ["club", place, founded, generated, dissolved, suspensions, boards, snapshots, months, meetings]:
            return Club(
                place,
                founded,
                generated,
                dissolved,
                tuple((start, end) for start, end in suspensions),
                tuple(boards),
                tuple((day, basis, total, tuple(rest)) for day, basis, total, rest in snapshots),
                tuple(map(tuple, months)),
                tuple(meetings),
            )
        case ["round", place, starts_on, status, amounts]:
            return Round(place, starts_on, status, tuple((number, amount) for number, amount in amounts))
        case ["board", place, needed_from, trained_on]:
            return Board(place, needed_from, trained_on)
        case ["inspection", places, planned_on, completed_on, generated, visited, findings, steps]:
            return Inspection(
                tuple(places),
                planned_on,
                completed_on,
                generated,
                visited,
                tuple(map(Advice._make, findings)),
                tuple(map(Step._make, steps)),
            )
        case _:
            raise ValueError("not the state of a subject")
