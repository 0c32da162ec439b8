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
    """The signed amounts of one event on one day, of one basis."""

    key: Key
    valid_on: int
    basis: str
    amounts: dict[int, int]


@dataclass(slots=True)
class Book:
    """Collects the differences that one event makes; what adds up to nothing is never written."""

    rows: dict[tuple[Key, int, str], dict[int, int]] = field(default_factory=dict[tuple[Key, int, str], dict[int, int]])

    def add(self, key: Key, day: int, basis: str, amounts: Mapping[int, int], *, sign: int = 1) -> None:
        """Amounts that begin to count on a day."""
        row = self.rows.get((key, day, basis))
        if row is None:
            self.rows[key, day, basis] = dict(amounts) if sign == 1 else {m: -a for m, a in amounts.items()}
            return
        for number, amount in amounts.items():
            row[number] = row.get(number, 0) + sign * amount

    def span(self, key: Key, start: int, end: int, basis: str, amounts: Mapping[int, int], *, sign: int = 1) -> None:
        """Amounts that count from `start` until the day before `end`."""
        if start < end:
            self.add(key, start, basis, amounts, sign=sign)
            if end < FOREVER:
                self.add(key, end, basis, amounts, sign=-sign)

    def entries(self) -> Iterator[Entry]:
        """What is left, in the order of days."""
        for (key, day, basis), row in sorted(self.rows.items()):
            amounts = {number: amount for number, amount in sorted(row.items()) if amount}
            if amounts:
                yield Entry(key, day, basis, amounts)
