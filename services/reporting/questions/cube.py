"""Sums of the ledger for both clocks: rollups for whole months, and the ledger's own rows for the months at the edges.

`sum(amount) where valid_on <= as_of and known_at <= known_at`, cut by measure, province on both maps, cohort and basis, or by
place or subject where rollups do not reach. Every value of a caller is a parameter of the statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from services.reporting.ledger.measures import NAMES, measure
from services.reporting.questions.question import Clocks
from shared.kernel.clock import HO_CHI_MINH, day_of
from shared.kernel.database import Connection


class Cell(NamedTuple):
    """One sum. `place` is empty where the sum is of a whole province; `month` where it is not cut by month."""

    measure: str
    place: str
    province63: str
    province34: str
    cohort: str
    basis: str
    amount: int
    month: date | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Which entries count: measures, both clocks, and the first day if not everything counts."""

    measures: tuple[str, ...]
    clocks: Clocks
    since: date | None = None

    def numbers(self) -> list[int]:
        """The measures by number."""
        return sorted(measure(name) for name in self.measures)


_ROLLUP_EDGES: Final = """
    select r.measure, r.province63, r.province34, r.cohort, r.basis, r.valid_month as month, r.amount
    from rollups r
    where r.measure = any($1::smallint[]) and r.valid_month < $2 and r.known_month < $3 and r.valid_month >= $6
    union all
    select m.measure, e.province63, e.province34, e.cohort, e.basis, date_trunc('month', e.valid_on)::date, m.amount
    from entries e, unnest(e.measures, e.amounts) as m(measure, amount)
    where m.measure = any($1::smallint[]) and e.known_at <= $5 and e.valid_on >= $6
      and ((e.valid_on >= $2 and e.valid_on <= $4) or (e.valid_on < $2 and e.known_at >= $7))
"""
"""$2 first month that is not whole by the day, $3 by the instant, $4 as_of, $5 known_at, $6 since, $7 the instant of $3."""

_BY_PROVINCE: Final = f"""
    select measure, province63, province34, cohort, basis, sum(amount)::bigint as amount
    from ({_ROLLUP_EDGES}) as sums group by 1, 2, 3, 4, 5
"""  # noqa: S608  put together from the two statements above
_BY_MONTH: Final = f"""
    select measure, province63, province34, cohort, basis, month, sum(amount)::bigint as amount
    from ({_ROLLUP_EDGES}) as sums group by 1, 2, 3, 4, 5, 6
"""  # noqa: S608  the same
_BY_PLACE: Final = """
    select m.measure, e.place, e.province63, e.province34, e.cohort, e.basis, sum(m.amount)::bigint as amount
    from entries e, unnest(e.measures, e.amounts) as m(measure, amount)
    where m.measure = any($1::smallint[]) and e.valid_on <= $2 and e.known_at <= $3 and e.valid_on >= $4
      and ($5::text[] is null or (e.stream = any($5::text[]) and ($6::text[] is null or e.place = any($6::text[]))))
    group by 1, 2, 3, 4, 5, 6
"""
_BY_CLUB: Final = """
    select m.measure, e.stream as place, e.province63, e.province34, e.cohort, e.basis, sum(m.amount)::bigint as amount
    from entries e, unnest(e.measures, e.amounts) as m(measure, amount)
    where m.measure = any($1::smallint[]) and e.valid_on <= $2 and e.known_at <= $3 and e.valid_on >= $4
      and e.stream = any($5::text[]) and ($6::text[] is null or e.place = any($6::text[]))
    group by 1, 2, 3, 4, 5, 6
"""
_LIVES: Final = """
    select e.place, e.province63, e.province34, sum(m.amount)::bigint as amount
    from entries e, unnest(e.measures, e.amounts) as m(measure, amount)
    where e.measures[1] <= 2 and m.measure = $1 and e.valid_on <= $2 and e.known_at <= $3
    group by 1, 2, 3
"""
_EARLIEST: Final = date(1900, 1, 1)
_LATEST: Final = date(2200, 1, 1)


async def by_province(connection: Connection, cut: Slice) -> list[Cell]:
    """Sums by province on both maps."""
    rows = await connection.fetch(_BY_PROVINCE, *await _edges(connection, cut))
    return list(_cells(rows, cut))


async def by_month(connection: Connection, cut: Slice) -> list[Cell]:
    """The same, apart for each month of validity."""
    rows = await connection.fetch(_BY_MONTH, *await _edges(connection, cut))
    return list(_cells(rows, cut))


async def by_place(
    connection: Connection, cut: Slice, streams: Sequence[str] | None, places: Sequence[str] | None
) -> list[Cell]:
    """Sums by place as recorded, of some subjects (None: all), at some places only if they are given."""
    clocks = cut.clocks
    rows = await connection.fetch(
        _BY_PLACE, cut.numbers(), clocks.as_of, clocks.known_at, cut.since or _EARLIEST, streams, places
    )
    return list(_cells(rows, cut))


async def by_club(connection: Connection, cut: Slice, streams: Sequence[str], places: Sequence[str] | None) -> list[Cell]:
    """Sums by subject; the subject stands where the place would."""
    clocks = cut.clocks
    rows = await connection.fetch(
        _BY_CLUB, cut.numbers(), clocks.as_of, clocks.known_at, cut.since or _EARLIEST, streams, places
    )
    return list(_cells(rows, cut))


async def lives(connection: Connection, name: str, clocks: Clocks) -> list[Cell]:
    """The clubs founded or existing by place as recorded, in the whole country, from the rows of beginnings and ends alone."""
    rows = await connection.fetch(_LIVES, measure(name), clocks.as_of, clocks.known_at)
    return [Cell(name, row["place"], row["province63"], row["province34"], "", "counted", row["amount"]) for row in rows]


async def _edges(connection: Connection, cut: Slice) -> tuple[object, ...]:
    """Where whole months end on both clocks. When nothing was recorded after `known_at`, every known month is whole."""
    clocks = cut.clocks
    valid = (clocks.as_of + timedelta(days=1)).replace(day=1)
    known = day_of(clocks.known_at).replace(day=1)
    latest: datetime | None = await connection.fetchval("select max(recorded_at) from lanes")
    if latest is None or latest <= clocks.known_at:
        known = _LATEST
    start = datetime.combine(known, time(), HO_CHI_MINH)
    return cut.numbers(), valid, known, clocks.as_of, clocks.known_at, cut.since or _EARLIEST, start


def _cells(rows: Iterable[Any], cut: Slice) -> Iterator[Cell]:
    for row in rows:
        if cut.clocks.basis in ("any", row["basis"]):
            yield Cell(
                NAMES[row["measure"]], row.get("place", ""), row["province63"], row["province34"], row["cohort"],
                row["basis"], row["amount"], row.get("month"),
            )  # fmt: skip
