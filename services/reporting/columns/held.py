"""What the process holds of the ledger, and the immutable look at it that one answer is computed from.

Memory: 12 bytes an amount, 28 bytes an entry, and the texts of each cell and subject once. Nothing is ever taken out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.reporting.columns.fetch import Cell, Piece, Subject
from services.reporting.columns.growing import Growing

_DAY_ZERO: Final = date(2000, 1, 1).toordinal()
_ZERO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Numbers = NDArray[np.int64]
Indexes = NDArray[np.int32]
Flags = NDArray[np.bool_]


def day_number(day: date) -> int:
    """A day as it is held: days since 2000."""
    return day.toordinal() - _DAY_ZERO


def day_of_number(number: int) -> date:
    """The day of a number."""
    return date.fromordinal(number + _DAY_ZERO)


def instant_number(at: datetime) -> int:
    """An instant as it is held: microseconds since 2000, which is what Postgres keeps."""
    return (at - _ZERO) // _MICROSECOND


def instant_of_number(number: int) -> datetime:
    """The instant of a number."""
    return _ZERO + timedelta(microseconds=number)


@dataclass(frozen=True, slots=True)
class Look:
    """The ledger at some positions. Its arrays never change, whatever is added to what is held later."""

    held: Held
    state: int
    """Looks of one copy with the same state are of the same positions."""
    cell_count: int
    days: Indexes
    known: Numbers
    positions: Numbers
    cell: Indexes
    subject: Indexes
    amounts: Mapping[int, tuple[Indexes, Numbers]]
    """By measure: indexes of entries, and what each adds."""
    latest: int
    """No entry became known later than this."""

    @property
    def cells(self) -> list[Cell]:
        """The cells by number; those from `cell_count` on are of later looks."""
        return self.held.cells

    @property
    def subjects(self) -> list[Subject]:
        """The subjects by number, with those of later looks behind."""
        return self.held.subjects


class Memory:
    """Results that may be used again, the least used ones forgotten by weight. Threads may share it."""

    __slots__ = ("_kept", "_lock", "_most", "_weight")

    def __init__(self, most: int) -> None:
        self._kept: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()
        self._most = most
        self._weight = 0

    def get(self, key: Any) -> Any:
        """What was kept, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
            return None

    def keep(self, key: Any, value: Any, weight: int = 1) -> None:
        """Keep it for later, unless it alone would push out the half of everything."""
        if weight > self._most // 2:
            return
        with self._lock:
            self._weight += weight - self._kept.pop(key, (None, 0))[1]
            self._kept[key] = (value, weight)
            while self._weight > self._most:
                self._weight -= self._kept.popitem(last=False)[1][1]


Name = TypeVar("Name", bound=Hashable)
Thing = TypeVar("Thing")
_Amounts = tuple[Growing[np.int32], Growing[np.int64]]


@dataclass(slots=True)
class Held:
    """The columns of one view's schema. Only what refreshes them writes here."""

    cells: list[Cell] = field(default_factory=list[Cell])
    subjects: list[Subject] = field(default_factory=list[Subject])
    subject_numbers: dict[str, int] = field(default_factory=dict[str, int])
    """By stream. May hold subjects of later looks."""
    memory: Memory = field(default_factory=lambda: Memory(512))
    """Sums by cell and the like."""
    answers: Memory = field(default_factory=lambda: Memory(12_000))
    """Numbers in their final form, weighed by their count."""
    state: int = 0
    """Becomes another when anything in the view became another."""
    _cell_numbers: dict[Cell, int] = field(default_factory=dict[Cell, int])
    _days: Growing[np.int32] = field(default_factory=lambda: Growing(np.int32))
    _known: Growing[np.int64] = field(default_factory=lambda: Growing(np.int64))
    _positions: Growing[np.int64] = field(default_factory=lambda: Growing(np.int64))
    _cell: Growing[np.int32] = field(default_factory=lambda: Growing(np.int32))
    _subject: Growing[np.int32] = field(default_factory=lambda: Growing(np.int32))
    _amounts: dict[int, _Amounts] = field(default_factory=dict[int, _Amounts])
    _latest: int = -(2**62)

    def add(self, piece: Piece) -> None:
        """More entries. Nothing is awaited here, so no look ever holds a part of them."""
        base = len(self._days)
        if len(piece.days):
            self._latest = max(self._latest, int(piece.known.max()))
        self._days.add(piece.days)
        self._known.add(piece.known)
        self._positions.add(piece.positions)
        self._cell.add(_renumbered(piece.cell, piece.cells, piece.cells, self._cell_numbers, self.cells))
        streams = [subject.stream for subject in piece.subjects]
        self._subject.add(_renumbered(piece.subject, streams, piece.subjects, self.subject_numbers, self.subjects))
        for measure, (rows, amounts) in piece.amounts.items():
            if measure not in self._amounts:
                self._amounts[measure] = (Growing(np.int32), Growing(np.int64))
            own_rows, own_amounts = self._amounts[measure]
            own_rows.add(rows + base)
            own_amounts.add(amounts)

    def look(self) -> Look:
        """What is held now."""
        return Look(
            held=self,
            state=self.state,
            cell_count=len(self.cells),
            days=self._days.all(),
            known=self._known.all(),
            positions=self._positions.all(),
            cell=self._cell.all(),
            subject=self._subject.all(),
            amounts={measure: (rows.all(), amounts.all()) for measure, (rows, amounts) in self._amounts.items()},
            latest=self._latest,
        )


def _renumbered(
    numbers: Indexes, names: Sequence[Name], things: Sequence[Thing], known: dict[Name, int], listed: list[Thing]
) -> Indexes:
    """A piece's own numbers as those of everything held; what is new is listed."""
    own = np.empty(len(names), np.int32)
    for index, (name, thing) in enumerate(zip(names, things, strict=True)):
        number = known.get(name)
        if number is None:
            number = known[name] = len(listed)
            listed.append(thing)
        own[index] = number
    return own[numbers]
