"""The dated reports of a club by year (lịch sử): a year is decoded when it is first looked at, and stored when it changed.

An event looks at its neighbours in time, so what a fold costs does not grow with how long a club has been reporting.
Frozen: putting a row makes a new history, which shares every other year.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final

import orjson

from services.reporting.ledger.days import year_of

Row = tuple[Any, ...]
"""A `Snapshot`, a `Month` or a meeting as it is kept: its day first. An event looks at two of the hundred of a club."""
Year = tuple[tuple[Row, ...], ...]
"""The rows of one year by kind, each kind in the order of days."""

SNAPSHOTS: Final = 0
MONTHS: Final = 1
MEETINGS: Final = 2
"""A meeting is its day and the month whose report told of it."""
_TOLD_BY: Final = (1, 1, 2)
"""How many of a row's first values tell it from the others of its kind."""
_EMPTY: Final[Year] = ((), (), ())


class History:
    """Rows of the three kinds. `stored` are the bytes of years that nobody has looked at yet."""

    __slots__ = ("_order", "_stored", "_years", "changed")

    def __init__(
        self,
        stored: Mapping[int, bytes] | None = None,
        years: dict[int, Year] | None = None,
        order: list[int] | None = None,
        changed: frozenset[int] = frozenset(),
    ) -> None:
        self._stored: Mapping[int, bytes] = stored or {}
        self._years: dict[int, Year] = years or {}
        self._order = sorted(self._stored) if order is None else order
        self.changed = changed
        """The years that are no longer as they are stored."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(tuple(self._all().items()))

    def years(self) -> list[int]:
        """The years of which there is anything, in order."""
        return self._order

    def encoded(self, year: int) -> bytes:
        """The bytes of one year: the same rows have the same bytes."""
        return orjson.dumps(self._year(year))

    def rows(self, kind: int) -> list[Row]:
        """All rows of a kind, in order."""
        return [row for year in self._order for row in self._year(year)[kind]]

    def around(self, kind: int, *key: int) -> tuple[Row | None, Row | None, Row | None]:
        """The row in front of a key (a day, for a meeting and its month), the one that has it, and the one behind it."""
        number = year_of(key[0])
        rows = self._year(number)[kind]
        index = bisect_left(rows, key)
        there = rows[index] if index < len(rows) and rows[index][: len(key)] == key else None
        rest = index if there is None else index + 1
        before = rows[index - 1] if index else self._last_before(kind, number)
        return before, there, rows[rest] if rest < len(rows) else self._first_after(kind, number)

    def put(self, kind: int, row: Row) -> History:
        """With a row, in the place of the one that has its key."""
        return self._with(kind, row, (row,))

    def without(self, kind: int, row: Row) -> History:
        """Without a row that is there."""
        return self._with(kind, row, ())

    def _with(self, kind: int, row: Row, instead: tuple[Row, ...]) -> History:
        number = year_of(row[0])
        year = self._year(number)
        rows, told_by = year[kind], _TOLD_BY[kind]
        key = row[:told_by]
        index = bisect_left(rows, key)
        rest = index + (index < len(rows) and rows[index][:told_by] == key)
        years = self._years.copy()
        years[number] = (*year[:kind], (*rows[:index], *instead, *rows[rest:]), *year[kind + 1 :])
        order = self._order if number in self._order else sorted((*self._order, number))
        return History(self._stored, years, order, self.changed if number in self.changed else self.changed | {number})

    def _last_before(self, kind: int, number: int) -> Row | None:
        for year in reversed(self._order):
            if year < number and (rows := self._year(year)[kind]):
                return rows[-1]
        return None

    def _first_after(self, kind: int, number: int) -> Row | None:
        if self._order and self._order[-1] > number:
            for year in self._order:
                if year > number and (rows := self._year(year)[kind]):
                    return rows[0]
        return None

    def _all(self) -> dict[int, Year]:
        return {year: self._year(year) for year in self._order}

    def _year(self, year: int) -> Year:
        found = self._years.get(year)
        if found is None:
            data = self._stored.get(year)
            if data is None:
                return _EMPTY
            found = self._years[year] = _decoded(data)
        return found


def _decoded(data: bytes) -> Year:
    snapshots, months, meetings = orjson.loads(data)
    return (
        tuple((day, basis, total, tuple(rest)) for day, basis, total, rest in snapshots),
        tuple(map(tuple, months)),
        tuple(map(tuple, meetings)),
    )
