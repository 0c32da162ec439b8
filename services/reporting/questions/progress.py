"""How far the country has come (tiến độ): numbers of an area, or of each of its parts, with everything that an answer must say.

The rows of a group always sum to the whole: what lies in no single province of the asked map is a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.reporting.indicators.definition import Sum
from services.reporting.questions import remembered, render
from services.reporting.questions.area import REGIONS, Area
from services.reporting.questions.ask import Ask
from services.reporting.questions.desk import Desk, Figure
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.remembered import Row
from services.reporting.questions.series import months_of
from services.reporting.questions.small import Small
from services.reporting.questions.snapshot import Fresh, Snapshot, Stamp, stamp
from services.reporting.questions.wording import amount
from shared.kernel.errors import Refused
from shared.reference.book import Places

Json = dict[str, Any]

_BESIDE = {
    "province": "Không thuộc riêng tỉnh nào trên bản đồ này",
    "commune": "Không thuộc riêng xã nào",
    "club": "Không thuộc riêng câu lạc bộ nào",
}


async def progress(found: Snapshot, places: Places, ask: Ask) -> Json:
    """The whole answer. May raise `Refused` for groups that the area cannot be cut into."""
    mark = await stamp(found, ask.clocks.known_at)
    what = ("progress", tuple(each.slug for each in ask.definitions), ask.area, ask.group_by)
    total, *groups = await remembered.rows(found, ask.clocks, what, lambda: _rows(found, places, ask))
    if ask.group_by == "month":
        groups = await months_of(found, places, ask)
    return {
        **render.head(mark, ask.clocks, places),
        "area": render.area(ask.area, places),
        "group_by": ask.group_by,
        "definitions": {each.slug: each.version for each in ask.definitions},
        "generated": total["generated"],
        "numbers": total["numbers"],
        "groups": groups,
        "freshness": freshness(mark, places, ask),
    }


async def _rows(found: Snapshot, places: Places, ask: Ask) -> list[Row]:
    """The whole, then its parts, if it is cut into places or clubs."""
    questions = [Question(definition, ask.area, ask.clocks) for definition in ask.definitions]
    desk = Desk(places, ask.clocks)
    figures = await _whole(found, desk, ask.area, questions)
    total = Row.of({"generated": any(each.generated for each in figures)}, figures)
    if ask.group_by in (None, "month"):
        return [total]
    return [total, *await _groups(found, desk, ask, questions, figures)]


async def spoken_of(found: Snapshot, places: Places, ask: Ask) -> Json:
    """Of an area and its provinces those numbers alone that something published speaks of, as in the whole answer: `as_of`,
    `map`, `area`, `numbers`, and `groups` with their numbers. Most have none, and words that nobody reads cost much."""
    what = ("spoken of", tuple(each.slug for each in ask.definitions), ask.area)
    area, *groups = await remembered.rows(found, ask.clocks, what, lambda: _spoken_of(found, places, ask))
    clocks = {"as_of": ask.clocks.as_of.isoformat(), "map": ask.clocks.map}
    return {**clocks, "area": area, "numbers": area["numbers"], "groups": groups}


async def _spoken_of(found: Snapshot, places: Places, ask: Ask) -> list[Row]:
    questions = [Question(definition, ask.area, ask.clocks) for definition in ask.definitions]
    desk = Desk(places, ask.clocks)
    await desk.load_words(found, questions)
    questions = [question for question in questions if desk.spoken_of(question)]
    if questions:
        await desk.load_sums(found, questions)
    rows: list[Row] = []
    for area in (ask.area, *desk.provinces(ask.area)):
        figures = [desk.figure(its) for question in questions if desk.spoken_of(its := question.of(area))]
        rows.append(Row.of(render.area(area, places), [each for each in figures if each.choice.used or each.others]))
    return rows


async def whole(found: Snapshot, places: Places, area: Area, questions: Sequence[Question]) -> list[Figure]:
    """The figures of one area."""
    return await _whole(found, Desk(places, questions[0].clocks), area, questions)


async def figures(found: Snapshot, places: Places, questions: Sequence[Question]) -> list[Figure]:
    """The figures of questions about provinces and above, in their order; those of the same clocks are loaded at once."""
    desks: dict[Clocks, Desk] = {}
    for clocks in dict.fromkeys(each.clocks for each in questions):
        alike = [each for each in questions if each.clocks == clocks]
        desks[clocks] = await Desk(places, clocks).load(found, alike)
    return [desks[each.clocks].figure(each) for each in questions]


async def _whole(found: Snapshot, desk: Desk, area: Area, questions: Sequence[Question]) -> list[Figure]:
    if area.kind in ("commune", "club"):
        small = await Small(desk, area).load(found, questions, clubs=area.kind == "club")
        return [small.figure(question) for question in questions]
    await desk.load(found, questions)
    return [desk.figure(question) for question in questions]


async def _groups(found: Snapshot, desk: Desk, ask: Ask, questions: Sequence[Question], totals: Sequence[Figure]) -> list[Row]:
    """The rows. `desk` is loaded, unless the area is a commune or a club."""
    places = desk.places
    if ask.group_by in ("commune", "club"):
        if ask.area.kind not in ("province", "commune"):
            raise Refused(
                "group-needs-province",
                "Chia theo xã hay câu lạc bộ thì phải hỏi từng tỉnh: thêm area, ví dụ area=34:38.",
                "Cutting by commune or club needs one province: add area, such as area=34:38.",
                field="group_by",
            )
        small = await Small(desk, ask.area).load(found, questions, clubs=ask.group_by == "club")
        areas = sorted((area for area in small.groups.values() if area.kind == ask.group_by), key=lambda area: area.text)
        rows = [[small.figure(question.of(area)) for question in questions] for area in areas]
        groups = [_group(places, area, row, ask) for area, row in zip(areas, rows, strict=True)]
        return [*groups, *_remainder(rows, totals, _BESIDE[ask.group_by])]
    if ask.area.kind in ("commune", "club"):
        await desk.load(found, questions)
    areas = _regions(ask, places) if ask.group_by == "region" else desk.provinces(ask.area)
    rows = [[desk.figure(question.of(area)) for question in questions] for area in areas]
    groups = [_group(places, area, row, ask) for area, row in zip(areas, rows, strict=True)]
    return [*groups, *_remainder(rows, totals, _BESIDE["province"])] if ask.area.kind == "nation" else groups


def _regions(ask: Ask, places: Places) -> list[Area]:
    if ask.area.kind != "nation":
        raise Refused(
            "group-needs-nation", "Chia theo vùng chỉ với cả nước.", "Only the nation is cut by region.", field="group_by"
        )
    slugs = {region.slug for region in places.regions(ask.clocks.map)}
    return [Area("region", slug) for slug in REGIONS if slug in slugs]


def _group(places: Places, area: Area, figures: Sequence[Figure], ask: Ask) -> Row:
    waits = area.kind == "commune" and area.text[:2] != ask.clocks.map
    head = {**render.area(area, places), "undecided": waits, "generated": any(each.generated for each in figures)}
    return Row.of(head, figures)


def _remainder(rows: Sequence[Sequence[Figure]], totals: Sequence[Figure], name: str) -> list[Row]:
    """What an area has beside its parts: rounds and inspections of the whole of it, and what was only declared for it."""
    numbers: list[Json] = []
    generated = False
    for index, total in enumerate(totals):
        if not isinstance(total.question.definition.formula, Sum) or total.choice.value is None:
            continue
        parts = sum((row[index].choice.value or Decimal(0) for row in rows), Decimal(0))
        rest = total.choice.value - parts
        if rest:
            generated = generated or total.generated > sum(row[index].generated for row in rows)
            definition = total.question.definition
            display = render.words(amount(rest, definition.unit))
            numbers.append({"id": None, "indicator": definition.slug, "value": render.plain(rest), "display": display})
    if not numbers:
        return []
    head = {"key": "none", "kind": "none", "name": name, "undecided": False, "generated": generated}
    return [Row(head, [(None, number) for number in numbers])]


def freshness(mark: Stamp, places: Places, ask: Ask) -> list[Json]:
    """How fresh the nation and each province in the area are, whoever has sent nothing included."""
    desk = Desk(places, ask.clocks)
    within: Iterable[Area] = ()
    if ask.area.kind in ("nation", "region", "province"):
        within = desk.provinces(ask.area)
    elif (place := ask.area.place) is not None and (province := places.locate(place, ask.clocks.map).province) is not None:
        within = (Area("province", province.key),)
    listed = [Area("nation", "VN"), *within]
    return [_fresh(places, area, mark.freshness.get(area.text), ask.clocks.known_at) for area in listed]


def _fresh(places: Places, area: Area, found: Fresh | None, known_at: datetime) -> Json:
    if found is None:
        return {**render.area(area, places), "last_event_at": None, "latest_month": None, "events": 0, "seconds_behind": None}
    return {
        **render.area(area, places),
        "last_event_at": render.instant(found.recorded_at),
        "latest_month": None if found.latest_month is None else found.latest_month.isoformat()[:7],
        "events": found.events,
        "seconds_behind": max(0, int((known_at - found.recorded_at).total_seconds())),
    }
