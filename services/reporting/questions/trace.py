"""Why a number is what it is (vì sao có số này): every entry behind it, its event, and the declarations in it.

Pages of 100 with subtotals. The server adds up everything that it lists on all pages and says whether that equals the
number. Who has no token of an area sees amounts, days and communes there, but neither clubs nor who recorded what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from services.reporting.indicators.definition import Coverage, Share, Sum
from services.reporting.ledger.measures import measure
from services.reporting.questions import render
from services.reporting.questions.area import Area, area_of, name_of
from services.reporting.questions.cube import lives
from services.reporting.questions.desk import Desk, Figure
from services.reporting.questions.progress import whole
from services.reporting.questions.question import Question
from services.reporting.questions.small import commune_on, streams_in
from services.reporting.questions.snapshot import stamp
from services.reporting.questions.sources import BESIDE_OLDS
from shared.kernel.authority import holds_area
from shared.kernel.database import Connection
from shared.kernel.place import PlaceRef
from shared.kernel.principal import Principal
from shared.reference.book import Places

Json = dict[str, Any]
Component = Literal["part", "whole"]
PAGE: Final = 100

_WHERE: Final = """
    from entries e
    where e.measures @> array[$1::smallint] and e.valid_on <= $2 and e.known_at <= $3 and e.valid_on >= $4
      and ($5 = 'any' or e.basis = $5) and (cardinality($6::text[]) = 0 or e.cohort = any($6::text[]))
      and ($7 or e.province34 = any($8::text[]) or e.province63 = any($9::text[])
           or (e.province63 = '' and e.province34 = any($10::text[])))
      and ($11::text[] is null or e.stream = any($11::text[])) and ($12::text[] is null or e.place = any($12::text[]))
"""
_AMOUNT: Final = "e.amounts[array_position(e.measures, $1::smallint)]"
_SUBTOTALS: Final = f"""
    select e.place, e.province63, e.province34, e.stream, sum({_AMOUNT})::bigint as amount, count(*) as entries
    {_WHERE} group by 1, 2, 3, 4
"""
_PAGE: Final = f"""
    select picked.*, v.event_id, v.type, v.actor, v.recorded_at from (
        select e.source, e.lane, e.position, e.stream, e.place, e.cohort, e.valid_on, e.known_at, e.basis, {_AMOUNT} as amount
        {_WHERE}
        order by e.valid_on, e.known_at, e.source, e.lane, e.position, e.basis, e.place, e.cohort
        limit $13 offset $14
    ) as picked join events v using (source, lane, position)
    order by valid_on, known_at, source, lane, position, basis, place, cohort
"""  # noqa: S608 - put together from our own pieces; every value of a caller is a parameter


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, and which page of which part of a share."""

    principal: Principal | None = None
    page: int = 1
    component: Component = "part"

    def may_see(self, place: str, places: Places) -> bool:
        """Whether clubs and actors of a place are shown."""
        return self.principal is not None and holds_area(self.principal, PlaceRef.parse(place), places)


async def trace(connection: Connection, places: Places, question: Question, reader: Reader) -> Json:
    """One page of what is behind a number."""
    (figure,) = await whole(connection, places, question.area, [question])
    mark = await stamp(connection, question.clocks.known_at)
    body: Json = {
        **render.head(mark, question.clocks, places),
        "number": render.figure(figure),
        "area": render.area(question.area, places),
        "definition": render.definition(question.definition),
        "generated": bool(figure.generated),
        "component": reader.component if isinstance(question.definition.formula, Share) else None,
    }
    if isinstance(question.definition.formula, Coverage):
        listed = await _coverage(connection, places, question, reader)
        value = figure.choice.value or Decimal(0)
        return {**body, **listed, "check": _check(value, Decimal(listed["entries_total"]), Decimal(0))}
    wanted, counted = _wanted(figure, reader.component)
    filters = await _filters(connection, places, figure, counted)
    sums = await connection.fetch(_SUBTOTALS, *filters)
    rows = await connection.fetch(_PAGE, *filters, PAGE, PAGE * (reader.page - 1))
    entries_sum = sum((row["amount"] for row in sums), 0)
    count = sum(row["entries"] for row in sums)
    declared = Decimal(0) if isinstance(question.definition.formula, Share) else _declared(figure)
    return {
        **body,
        "measure": counted.measure,
        "declarations": [render.declaration(each) for each in figure.choice.used],
        "subtotals": _subtotals(sums, places, question, reader),
        "entries": [_entry(row, places, reader) for row in rows],
        "page": reader.page,
        "pages": max(1, -(-count // PAGE)),
        "page_subtotal": sum(row["amount"] for row in rows),
        "entries_count": count,
        "entries_total": entries_sum,
        "check": _check(wanted, Decimal(entries_sum), declared),
    }


@dataclass(frozen=True, slots=True)
class _Counted:
    measure: str
    cohorts: tuple[str, ...]
    areas: tuple[str, ...] | None
    """Where what was counted is in the value; None: in the whole area."""


def _wanted(figure: Figure, component: Component) -> tuple[Decimal, _Counted]:
    """What the listing must add up to, and what is listed."""
    formula = figure.question.definition.formula
    if isinstance(formula, Share):
        value = figure.value.part if component == "part" else figure.value.whole
        return Decimal(value or 0), _Counted(formula.part if component == "part" else formula.whole, (), None)
    if not isinstance(formula, Sum):
        raise TypeError("a coverage has no measure to be listed")
    return figure.choice.value or Decimal(0), _Counted(formula.measure, formula.cohorts, figure.choice.areas)


def _declared(figure: Figure) -> Decimal:
    return sum((each.value for each in figure.choice.used), Decimal(0))


def _check(value: Decimal, entries: Decimal, declared: Decimal) -> Json:
    """Whether what is listed, on all pages together, is the number."""
    return {
        "value": render.plain(value),
        "entries": render.plain(entries),
        "declared": render.plain(declared),
        "equal": value == entries + declared,
    }


async def _filters(connection: Connection, places: Places, figure: Figure, counted: _Counted) -> tuple[object, ...]:
    question = figure.question
    area, clocks = question.area, question.clocks
    streams: list[str] | None = None
    recorded: list[str] | None = None
    if area.kind in ("commune", "club"):
        streams, recorded = await streams_in(connection, places, area)
        names: Sequence[str] = () if counted.areas == () else ("VN",)
    else:
        names = Desk(places, clocks).names(area) if counted.areas is None else counted.areas
    plain = [name for name in names if not name.endswith(BESIDE_OLDS)]
    return (
        measure(counted.measure),
        clocks.as_of,
        clocks.known_at,
        question.since or clocks.as_of.replace(year=1900, month=1, day=1),
        clocks.basis,
        list(counted.cohorts),
        "VN" in names,
        [name[3:] for name in plain if name.startswith("34:")],
        [name[3:] for name in plain if name.startswith("63:")],
        [name.removesuffix(BESIDE_OLDS)[3:] for name in names if name.endswith(BESIDE_OLDS)],
        streams,
        recorded,
    )


def _entry(row: Any, places: Places, reader: Reader) -> Json:
    seen = reader.may_see(row["place"], places)
    return {
        "valid_on": row["valid_on"].isoformat(),
        "known_at": render.instant(row["known_at"]),
        "amount": row["amount"],
        "basis": row["basis"],
        "place": render.area(area_of(PlaceRef.parse(row["place"])), places),
        "cohort": row["cohort"],
        "event": {
            "id": row["event_id"],
            "type": row["type"],
            "source": row["source"],
            "lane": row["lane"],
            "position": row["position"],
            "recorded_at": render.instant(row["recorded_at"]),
        },
        "stream": row["stream"] if seen else None,
        "actor": row["actor"] if seen else None,
    }


def _subtotals(rows: Sequence[Any], places: Places, question: Question, reader: Reader) -> list[Json]:
    """One level below: provinces of the nation or a region, communes of a province, clubs of a commune."""
    map_ = question.clocks.map
    sums: dict[str, list[Any]] = {}
    for row in rows:
        area = _below(row, places, question, reader)
        key = "none" if area is None else area.text
        line = sums.setdefault(key, [area, 0, 0])
        line[1] += row["amount"]
        line[2] += row["entries"]
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


def _below(row: Any, places: Places, question: Question, reader: Reader) -> Area | None:
    map_ = question.clocks.map
    if question.area.kind in ("nation", "region"):
        code = row["province63"] if map_ == "63" else row["province34"]
        return Area("province", f"{map_}:{code}") if code else None
    if question.area.kind == "province" or not reader.may_see(row["place"], places):
        return commune_on(places, row["place"], map_)
    return Area("club", row["stream"])


async def _coverage(connection: Connection, places: Places, question: Question, reader: Reader) -> Json:
    """The provinces or communes with clubs, each counting one, with the number of its clubs."""
    formula = question.definition.formula
    level = formula.level if isinstance(formula, Coverage) else "commune"
    desk = Desk(places, question.clocks)
    desk.lives = await lives(connection, "clubs_existing", question.clocks)
    if question.area.kind == "commune":
        found = {question.area.code: await _clubs_in(connection, places, question)}
    else:
        found, _ = desk.covered(question.area, level)
    kept = sorted((key, clubs) for key, clubs in found.items() if clubs > 0)
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


async def _clubs_in(connection: Connection, places: Places, question: Question) -> int:
    (figure,) = await whole(connection, places, question.area, [question])
    return int(figure.choice.value or 0)
