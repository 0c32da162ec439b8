"""A figure month by month: stocks at the end of each month, flows of each month, by the same rules as any single number.

Every point has the id of its own number, so that each opens like any other. Distinct people are stocks here: a month's
borrowers are shown, and never summed over months.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.reporting.indicators.definition import Coverage, Definition, Sum
from services.reporting.ledger.measures import FLOWS
from services.reporting.questions import cube, render
from services.reporting.questions.area import Area
from services.reporting.questions.ask import Ask
from services.reporting.questions.cube import Cell, Slice
from services.reporting.questions.desk import GENERATED, Desk
from services.reporting.questions.question import Question
from services.reporting.questions.sheet import Sheet
from shared.kernel.database import Connection
from shared.kernel.errors import Refused
from shared.reference.book import Places

Json = dict[str, Any]
MOST_MONTHS = 120


def is_flow(definition: Definition) -> bool:
    """Whether months add to it."""
    formula = definition.formula
    return isinstance(formula, Sum) and formula.measure in FLOWS


async def months_of(connection: Connection, places: Places, ask: Ask, first: date | None = None) -> list[Json]:
    """The numbers of each month until the day, from a month on (24 months back if none is named)."""
    if ask.area.kind not in ("nation", "region", "province"):
        raise Refused(
            "series-needs-province",
            "Chuỗi theo tháng có cho cả nước, vùng và tỉnh.",
            "A series by month is of the nation, a region or a province.",
            field="area",
        )
    if first is not None and first > ask.clocks.as_of:
        raise Refused(
            "from-after-as-of",
            "Tháng đầu (from) phải không muộn hơn ngày hỏi (as_of).",
            "The first month (from) must not be later than the day (as_of).",
            field="from",
        )
    months = list(_months(first or _back(ask.clocks.as_of, 23), ask.clocks.as_of))
    measures = {name for each in ask.definitions for name in each.measures()} | {"clubs_founded", *GENERATED}
    cells = await cube.by_month(connection, Slice(tuple(sorted(measures)), ask.clocks))
    desk = Desk(places, ask.clocks)
    questions = [_question(definition, ask.area, ask, months[0]) for definition in ask.definitions]
    await desk.load_words(connection, questions)
    covers = any(isinstance(each.formula, Coverage) for each in ask.definitions)
    groups: list[Json] = []
    for month in months:
        clocks = replace(ask.clocks, as_of=month)
        desk.clocks = clocks
        if covers:
            desk.lives = await cube.lives(connection, "clubs_existing", clocks)
        questions = [_question(definition, ask.area, ask, month) for definition in ask.definitions]
        desk.sheets = _sheets(cells, month, questions)
        numbers = [render.figure(desk.figure(question)) for question in questions]
        groups.append({"key": month.isoformat()[:7], "kind": "month", "name": f"{month:%m/%Y}", "numbers": numbers})
    return groups


def _question(definition: Definition, area: Area, ask: Ask, day: date) -> Question:
    return Question(definition, area, replace(ask.clocks, as_of=day), "month" if is_flow(definition) else "own")


def _sheets(cells: Sequence[Cell], day: date, questions: Sequence[Question]) -> dict[date | None, Sheet]:
    month = day.replace(day=1)
    sheets: dict[date | None, Sheet] = {None: Sheet(cell for cell in cells if cell.month is None or cell.month <= month)}
    for since in {question.since for question in questions} - {None}:
        sheets[since] = Sheet(cell for cell in cells if cell.month is None or since is None or since <= cell.month <= month)
    return sheets


def _months(first: date, last: date) -> Iterator[date]:
    """The last day of every month, and the last day asked for."""
    day = first.replace(day=1)
    count = 0
    while day <= last:
        after = (day + timedelta(days=32)).replace(day=1)
        yield min(after - timedelta(days=1), last)
        day = after
        count += 1
        if count > MOST_MONTHS:
            raise Refused(
                "too-many-months",
                f"Chuỗi dài nhất {MOST_MONTHS} tháng; hãy chọn tháng đầu muộn hơn.",
                f"A series has at most {MOST_MONTHS} months; choose a later first month.",
                field="from",
            )


def _back(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    return max(date(index // 12, index % 12 + 1, 1), date(1990, 1, 1))
