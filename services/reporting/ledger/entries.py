"""What a fold writes: entries (bút toán), signed amounts of measures at a place on a day. Amounts that cancel are dropped.

Days are ordinals (`date.toordinal`), because a fold compares and adds days far more often than it prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

FOREVER: Final = 1_000_000
"""Later than any day of the programme: an interval that ends here has no end."""

COUNTED: Final = "counted"


class Key(NamedTuple):
    """Where an entry belongs: the place as recorded, its province on both maps, and the cohort of the club.

    An empty province means that the place lies in no single one: the nation, or an old province that cannot be known.
    """

    place: str
    province63: str
    province34: str
    cohort: str


class Entry(NamedTuple):
    """The signed amounts of one event on one day, of one basis, in no order."""

    key: Key
    valid_on: int
    basis: str
    amounts: dict[int, int]


@dataclass(slots=True)
class Page:
    """The differences at one key, by day and basis."""

    rows: dict[tuple[int, str], dict[int, int]] = field(default_factory=dict[tuple[int, str], dict[int, int]])

    def add(self, day: int, basis: str, amounts: Mapping[int, int], sign: int = 1) -> None:
        """Amounts that begin to count on a day."""
        row = self.rows.get((day, basis))
        if row is None:
            self.rows[day, basis] = dict(amounts) if sign == 1 else {number: -amount for number, amount in amounts.items()}
        elif sign == 1:
            for number, amount in amounts.items():
                row[number] = row.get(number, 0) + amount
        else:
            for number, amount in amounts.items():
                row[number] = row.get(number, 0) - amount

    def span(self, start: int, end: int, basis: str, amounts: Mapping[int, int], sign: int = 1) -> None:
        """Amounts that count from `start` until the day before `end`."""
        if start < end:
            self.add(start, basis, amounts, sign)
            if end < FOREVER:
                self.add(end, basis, amounts, -sign)


@dataclass(slots=True)
class Book:
    """Collects the differences that one event makes; what adds up to nothing is never written."""

    pages: dict[Key, Page] = field(default_factory=dict[Key, Page])

    def at(self, key: Key) -> Page:
        """The page of a key."""
        page = self.pages.get(key)
        if page is None:
            page = self.pages[key] = Page()
        return page

    def entries(self) -> Iterator[Entry]:
        """What is left, in the order of days."""
        for key, page in sorted(self.pages.items()) if len(self.pages) > 1 else self.pages.items():
            rows = sorted(page.rows.items()) if len(page.rows) > 1 else page.rows.items()
            for (day, basis), row in rows:
                left = {number: amount for number, amount in row.items() if amount} if 0 in row.values() else row
                if left:
                    yield Entry(key, day, basis, left)
