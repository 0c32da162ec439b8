"""The state of a subject as compact JSON bytes in parts, and back. The same state has the same bytes, so that rebuilds compare.

Part 0 (`WHOLE`) says what the subject is. The dated reports of a club are a part a year, numbered by the year.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, assert_never

import orjson

from services.reporting.ledger.club import Club
from services.reporting.ledger.history import History
from services.reporting.ledger.inspection import Advice, Inspection, Step
from services.reporting.ledger.round import Board, Round

Subject = Club | Round | Board | Inspection

Parts = Mapping[int, bytes]
"""The bytes of a subject by the number of the part."""
WHOLE: Final = 0
_NO_STATE: Final = b"null"


def encode(state: Subject | None) -> Parts:
    """All parts of a state."""
    parts = {WHOLE: _whole(state)}
    if isinstance(state, Club):
        parts |= {year: state.history.encoded(year) for year in state.history.years()}
    return parts


def changed(state: Subject | None, stored: Parts) -> Parts:
    """The parts of a state that are no longer as they are stored."""
    whole = _whole(state)
    parts = {} if stored.get(WHOLE) == whole else {WHOLE: whole}
    if isinstance(state, Club):
        parts |= {year: state.history.encoded(year) for year in sorted(state.history.changed)}
    return parts


def _whole(state: Subject | None) -> bytes:
    match state:
        case None:
            return _NO_STATE
        case Club():
            fields: list[object] = ["club", state.place, state.founded_on, state.generated, state.dissolved_on]
            fields += [state.suspensions, state.boards]
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


def decode(parts: Parts) -> Subject | None:
    """The state that some parts hold; a club without its years has no history. May raise `ValueError` for bytes that `encode`
    never wrote."""
    fields: list[Any] | None = orjson.loads(parts[WHOLE])
    match fields:
        case None:
            return None
        case ["club", place, founded, generated, dissolved, suspensions, boards]:
            return Club(
                place,
                founded,
                generated,
                dissolved,
                tuple((start, end) for start, end in suspensions),
                tuple(boards),
                History({part: data for part, data in parts.items() if part != WHOLE}),
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
