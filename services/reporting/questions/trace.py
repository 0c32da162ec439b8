"""Why a number is what it is (vì sao có số này): every entry behind it, its event, and the declarations in it.

Pages of 100 with subtotals. The server adds up everything that it lists on all pages and says whether that equals the
number. Who has no token of an area sees amounts, days and communes there, but neither clubs nor who recorded what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from services.reporting.columns.sums import Window
from services.reporting.indicators.definition import Coverage, Share
from services.reporting.ledger.measures import measure
from services.reporting.questions import listed, render
from services.reporting.questions.area import Area, area_of, name_of
from services.reporting.questions.behind import Behind, Line, Subtotal
from services.reporting.questions.covered import Covered
from services.reporting.questions.cube import aside
from services.reporting.questions.desk import Desk, Figure
from services.reporting.questions.geography import commune_on
from services.reporting.questions.listed import Component
from services.reporting.questions.progress import whole
from services.reporting.questions.question import Question
from services.reporting.questions.snapshot import Snapshot, stamp
from shared.kernel.authority import holds_area
from shared.kernel.place import PlaceRef
from shared.kernel.principal import Principal
from shared.reference.book import Places

Json = dict[str, Any]
PAGE: Final = 100
_PASSES: Final = 8
"""A page costs as much as so many sums: its entries are put in order."""

_EVENTS: Final = """
    select v.source, v.lane, v.position, v.event_id, v.type, v.actor, v.recorded_at
    from unnest($1::text[], $2::smallint[], $3::bigint[]) as page(source, lane, position)
    join events v using (source, lane, position)
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, and which page of which part of a share."""

    principal: Principal | None = None
    page: int = 1
    component: Component = "part"

    def may_see(self, place: str, places: Places) -> bool:
        """Whether clubs and actors of a place are shown."""
        return self.principal is not None and holds_area(self.principal, PlaceRef.parse(place), places)


async def trace(found: Snapshot, places: Places, question: Question, reader: Reader) -> Json:
    """One page of what is behind a number."""
    (figure,) = await whole(found, places, question.area, [question])
    mark = await stamp(found, question.clocks.known_at)
    body: Json = {
        **render.head(mark, question.clocks, places),
        "number": render.figure(figure),
        "area": render.area(question.area, places),
        "definition": render.definition(question.definition),
        "generated": bool(figure.generated),
        "component": reader.component if isinstance(question.definition.formula, Share) else None,
    }
    if isinstance(question.definition.formula, Coverage):
        covered = _coverage(found, places, question, reader, figure)
        value = figure.choice.value or Decimal(0)
        return {**body, **covered, "check": _check(value, Decimal(covered["entries_total"]), Decimal(0))}
    wanted = listed.wanted(figure, reader.component, places)
    window = Window.of(found.look, question.clocks, question.since)
    look, start = found.look, PAGE * (reader.page - 1)
    by_subject = question.area.kind in ("commune", "club")

    def read() -> tuple[Behind, list[Subtotal], list[Line]]:
        behind = Behind.of(look, places, wanted, window)
        return behind, behind.subtotals(by_subject=by_subject), behind.page(start, PAGE)

    behind, sums, lines = await aside(look, [measure(wanted.measure)] * _PASSES, read)
    events = await _events(found, lines)
    entries_sum, count = behind.total, len(behind.rows)
    return {
        **body,
        "measure": wanted.measure,
        "declarations": [render.declaration(each) for each in figure.choice.used],
        "subtotals": _subtotals(sums, places, question, reader),
        "entries": [_entry(line, events, places, reader) for line in lines],
        "page": reader.page,
        "pages": max(1, -(-count // PAGE)),
        "page_subtotal": sum(line.amount for line in lines),
        "entries_count": count,
        "entries_total": entries_sum,
        "check": _check(listed.total(figure, reader.component), Decimal(entries_sum), listed.declared(figure)),
    }


def _check(value: Decimal, entries: Decimal, declared: Decimal) -> Json:
    """Whether what is listed, on all pages together, is the number."""
    return {
        "value": render.plain(value),
        "entries": render.plain(entries),
        "declared": render.plain(declared),
        "equal": value == entries + declared,
    }


async def _events(found: Snapshot, lines: Sequence[Line]) -> Mapping[tuple[str, int, int], Any]:
    """The events of a page, by where they stand."""
    where = [(line.subject.source, line.subject.lane, line.position) for line in lines]
    if not where:
        return {}
    rows = await found.fetch(_EVENTS, *(list(column) for column in zip(*where, strict=True)))
    return {(row["source"], row["lane"], row["position"]): row for row in rows}


def _entry(line: Line, events: Mapping[tuple[str, int, int], Any], places: Places, reader: Reader) -> Json:
    place, subject = line.cell.place, line.subject
    seen = reader.may_see(place, places)
    event = events[subject.source, subject.lane, line.position]
    return {
        "valid_on": line.valid_on.isoformat(),
        "known_at": render.instant(line.known_at),
        "amount": line.amount,
        "basis": line.cell.basis,
        "place": render.area(area_of(PlaceRef.parse(place)), places),
        "cohort": line.cell.cohort,
        "event": {
            "id": event["event_id"],
            "type": event["type"],
            "source": subject.source,
            "lane": subject.lane,
            "position": line.position,
            "recorded_at": render.instant(event["recorded_at"]),
        },
        "stream": subject.stream if seen else None,
        "actor": event["actor"] if seen else None,
    }


def _subtotals(rows: Sequence[Subtotal], places: Places, question: Question, reader: Reader) -> list[Json]:
    """One level below: provinces of the nation or a region, communes of a province, clubs of a commune."""
    map_ = question.clocks.map
    sums: dict[str, list[Any]] = {}
    for row in rows:
        area = _below(row, places, question, reader)
        key = "none" if area is None else area.text
        line = sums.setdefault(key, [area, 0, 0])
        line[1] += row.amount
        line[2] += row.entries
    return [
        {
            "key": key,
            "name": f"Không thuộc riêng tỉnh nào (bản đồ {map_})" if area is None else name_of(area, places),
            "amount": amount,
            "entries": entries,
        }
        for key, (area, amount, entries) in sorted(sums.items())
        if entries
    ]


def _below(row: Subtotal, places: Places, question: Question, reader: Reader) -> Area | None:
    map_, cell = question.clocks.map, row.cell
    if question.area.kind in ("nation", "region"):
        code = cell.province63 if map_ == "63" else cell.province34
        return Area("province", f"{map_}:{code}") if code else None
    if row.subject is None or not reader.may_see(cell.place, places):
        return commune_on(places, cell.place, map_)
    return Area("club", row.subject.stream)


def _coverage(found: Snapshot, places: Places, question: Question, reader: Reader, figure: Figure) -> Json:
    """The provinces or communes with clubs, each counting one, with the number of its clubs."""
    formula = question.definition.formula
    level = formula.level if isinstance(formula, Coverage) else "commune"
    if question.area.kind == "commune":
        covered = {question.area.code: int(figure.choice.value or 0)}
    else:
        desk = Desk(places, question.clocks)
        desk.covered = Covered.on(places, found.look, question.clocks)
        covered, _ = desk.covered_in(question.area, level)
    kept = sorted((key, clubs) for key, clubs in covered.items() if clubs > 0)
    shown = kept[PAGE * (reader.page - 1) : PAGE * reader.page]
    return {
        "measure": "clubs_existing",
        "declarations": [],
        "subtotals": [],
        "entries": [{"place": render.area(area_of(PlaceRef.parse(key)), places), "amount": 1, "clubs": n} for key, n in shown],
        "page": reader.page,
        "pages": max(1, -(-len(kept) // PAGE)),
        "page_subtotal": len(shown),
        "entries_count": len(kept),
        "entries_total": len(kept),
    }
