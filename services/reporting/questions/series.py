"""A figure month by month: stocks at the end of each month, flows of each month, by the same rules as any single number.

Every point has the id of its own number, so that each opens like any other. Distinct people are stocks here: a month's
borrowers are shown, and never summed over months.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice, takewhile
from typing import Any

from services.reporting.indicators.definition import Coverage, Definition, Sum
from services.reporting.ledger.measures import FLOWS
from services.reporting.questions import cube, remembered
from services.reporting.questions.area import WHOLE_COUNTRY, Area
from services.reporting.questions.ask import FIRST, Ask
from services.reporting.questions.covered import Covered
from services.reporting.questions.desk import GENERATED, Desk
from services.reporting.questions.lines import Lines, days_needed
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.remembered import Row
from services.reporting.questions.snapshot import Snapshot
from shared.kernel.errors import Refused
from shared.reference.book import Places

Json = dict[str, Any]
MOST_MONTHS = 120
RowOf = Callable[[Json, Desk, Sequence[Question]], Row]


def _told(head: Json, desk: Desk, questions: Sequence[Question]) -> Row:
    return Row.of(head, [desk.figure(each) for each in questions])


def _drawn(head: Json, desk: Desk, questions: Sequence[Question]) -> Row:
    return Row.drawn(head, [(each.definition.slug, desk.value(each)) for each in questions])


def is_flow(definition: Definition) -> bool:
    """Whether months add to it."""
    formula = definition.formula
    return isinstance(formula, Sum) and formula.measure in FLOWS


async def months_of(found: Snapshot, places: Places, ask: Ask, first: date | None = None) -> list[Json]:
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
    months = _months(first or _back(ask.clocks.as_of, 23), ask.clocks.as_of)
    asked = {month: [_question(each, ask.area, ask.clocks, month) for each in ask.definitions] for month in months}
    return (await _series(found, places, asked, (ask.area,), ask.clocks))[ask.area.text]


async def quarters_of(
    found: Snapshot, places: Places, definitions: Sequence[Definition], areas: Sequence[Area], clocks: Clocks, quarters: int
) -> dict[str, list[Json]]:
    """What many areas (provinces and above) stood at when each of the last quarters ended, and on the day, by the area's text.

    For sparklines and small multiples: every number over its own window, as it is shown on a day by itself, but its amount
    alone: the words and ids of hundreds of numbers that nobody reads took most of the time of the page. Days before the first
    that may be asked for are left out.
    """
    ended = takewhile(lambda day: day >= FIRST, islice(_quarter_ends(clocks.as_of), quarters))
    days = [*reversed(list(ended)), clocks.as_of]
    asked = {day: [Question(each, WHOLE_COUNTRY, replace(clocks, as_of=day)) for each in definitions] for day in days}
    return await _series(found, places, asked, areas, clocks, _drawn)


async def _series(
    found: Snapshot,
    places: Places,
    asked: Mapping[date, Sequence[Question]],
    areas: Sequence[Area],
    clocks: Clocks,
    row_of: RowOf = _told,
) -> dict[str, list[Json]]:
    """The same questions of several areas, on several days."""
    what = (
        "series",
        row_of.__name__,
        tuple(areas),
        *((day, *((each.definition.slug, each.period) for each in asked[day])) for day in asked),
    )
    rows = await remembered.rows(found, clocks, what, lambda: _rows(found, Desk(places, clocks), asked, areas, row_of))
    count = len(asked)
    return {area.text: rows[index * count : (index + 1) * count] for index, area in enumerate(areas)}


async def _rows(
    found: Snapshot, desk: Desk, asked: Mapping[date, Sequence[Question]], areas: Sequence[Area], row_of: RowOf
) -> list[Row]:
    """Every day of the first area, then of the next."""
    clocks, months = desk.clocks, list(asked)
    definitions = [question.definition for question in asked[months[0]]]
    since = {question.since for questions in asked.values() for question in questions}
    measures = sorted({name for each in definitions for name in each.measures()} | {"clubs_founded", *GENERATED})
    numbers = cube.Slice(tuple(measures), clocks).numbers()
    lines = await cube.aside(found.look, numbers, lambda: Lines(found.look, measures, clocks, days_needed(months, since)))
    covers = any(isinstance(each.formula, Coverage) for each in definitions)
    await desk.load_words(found, asked[months[0]])
    series: dict[Area, list[Row]] = {area: [] for area in areas}
    for month, questions in asked.items():
        then = replace(clocks, as_of=month)
        sheets = {first: lines.at(month, first) for first in {question.since for question in questions} | {None}}
        desk.move(then, sheets, Covered.on(desk.places, found.look, then) if covers else None)
        head = {"key": month.isoformat()[:7], "kind": "month", "name": f"{month:%m/%Y}", "as_of": month.isoformat()}
        for area in areas:
            series[area].append(row_of(head, desk, [question.of(area) for question in questions]))
    return [row for rows in series.values() for row in rows]


def _question(definition: Definition, area: Area, clocks: Clocks, day: date) -> Question:
    return Question(definition, area, replace(clocks, as_of=day), "month" if is_flow(definition) else "own")


def _quarter_ends(day: date) -> Iterator[date]:
    """The last days of the quarters that ended before a day, the latest first."""
    while True:
        day = date(day.year, (day.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1)
        yield day


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
    return max(date(index // 12, index % 12 + 1, 1), FIRST)
