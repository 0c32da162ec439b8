"""Numbers in their final form, remembered while nothing has changed: only their ids, which hold the instant, are made anew.

The same question a second later has the same answer as long as the view is in the same state and nothing became known
between the two instants; then only `known_at` differs. What is inside of a number is shared by answers: nobody changes it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from services.reporting.columns.sums import Window
from services.reporting.questions import number_id, render
from services.reporting.questions.declared import how_many_known
from services.reporting.questions.desk import Figure
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.snapshot import Snapshot

Json = dict[str, Any]


class Row(NamedTuple):
    """What is said of a row, and its numbers; each with its question, if it has an id."""

    head: Json
    numbers: list[tuple[Question | None, Json]]

    @classmethod
    def of(cls, head: Json, figures: Sequence[Figure]) -> Row:
        """A row of figures."""
        return cls(head, [(each.question, render.figure(each)) for each in figures])

    @classmethod
    def drawn(cls, head: Json, values: Iterable[tuple[str, Decimal | None]]) -> Row:
        """A row that is only drawn: the amounts by indicator, without words and without ids."""
        return cls(head, [(None, {"indicator": slug, "value": render.plain(value)}) for slug, value in values])


async def rows(found: Snapshot, clocks: Clocks, what: Hashable, make: Callable[[], Awaitable[list[Row]]]) -> list[Json]:
    """The rows that `make` gives, or that it gave before for the same. `what` says everything about them but the clocks."""
    look, answers = found.look, found.look.held.answers
    known = Window.of(look, clocks).known
    key = (look.state, known, await how_many_known(found, clocks), clocks.as_of, clocks.map, clocks.basis, what)
    kept: list[Row] | None = answers.get(key)
    if kept is None:
        kept = await make()
        answers.keep(key, kept, sum(len(row.numbers) for row in kept))
        return [{**row.head, "numbers": [number for _, number in row.numbers]} for row in kept]
    return [_as_known(row, clocks.known_at) for row in kept]


def _as_known(row: Row, known_at: datetime) -> Json:
    then: dict[int, Clocks] = {}
    numbers: list[Json] = []
    for question, number in row.numbers:
        if question is None:
            numbers.append(number)
            continue
        clocks = then.get(id(question.clocks))
        if clocks is None:
            clocks = then[id(question.clocks)] = replace(question.clocks, known_at=known_at)
        asked = Question(question.definition, question.area, clocks, question.period)
        numbers.append({**number, "id": number_id.encode(asked)})
    return {**row.head, "numbers": numbers}
