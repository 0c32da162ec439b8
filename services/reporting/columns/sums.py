"""Sums over the columns: `sum(amount) where valid_on between since and until and known_at <= known`, by cell.

A sum that was asked for before is remembered with how many amounts are in it; entries are only ever added, so a later look
adds the rest. Integers throughout: exact at any size that the database can hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from services.reporting.columns.held import Flags, Indexes, Look, Numbers, day_number, instant_number
from services.reporting.questions.question import Clocks


class Window(NamedTuple):
    """Which entries count: valid in these days, known by this instant. None: no bound."""

    since: int | None
    until: int
    known: int | None

    @classmethod
    def of(cls, look: Look, clocks: Clocks, since: date | None = None) -> Window:
        """The window of an answer. When nothing became known later, the instant is no bound."""
        known = instant_number(clocks.known_at)
        return cls(
            None if since is None else day_number(since),
            day_number(clocks.as_of),
            None if known >= look.latest else known,
        )


@dataclass(frozen=True, slots=True)
class ByCell:
    """Sums by cell, and whether there was anything to sum."""

    length: int
    """How many amounts of the measure they were made of."""
    amounts: Numbers
    present: Flags


def by_cell(look: Look, measure: int, window: Window) -> ByCell:
    """The sums of a measure by cell."""
    rows, amounts = look.amounts.get(measure, _NOTHING)
    known: ByCell | None = look.held.memory.get((measure, window))
    if known is not None and known.length > len(rows):
        return _more(look, _NONE, (rows, amounts), window)
    found = _more(look, known or _NONE, (rows, amounts), window)
    if found is not known:
        look.held.memory.keep((measure, window), found)
    return found


def counted(look: Look, rows: Indexes, window: Window) -> Flags | None:
    """Which of some entries are in a window; None for all of them."""
    days = look.days[rows]
    inside = days <= window.until
    if window.since is not None:
        inside &= days >= window.since
    if window.known is not None:
        inside &= look.known[rows] <= window.known
    return None if inside.all() else inside


def _more(look: Look, before: ByCell, all_: tuple[Indexes, Numbers], window: Window) -> ByCell:
    rows, amounts = all_[0][before.length :], all_[1][before.length :]
    if not len(rows) and len(before.amounts) == look.cell_count:
        return before
    sums, present = np.zeros(look.cell_count, np.int64), np.zeros(look.cell_count, np.bool_)
    sums[: len(before.amounts)] = before.amounts
    present[: len(before.amounts)] = before.present
    inside = counted(look, rows, window)
    if inside is not None:
        rows, amounts = rows[inside], amounts[inside]
    cells = look.cell[rows]
    np.add.at(sums, cells, amounts)
    present[cells] = True
    return ByCell(len(all_[0]), sums, present)


_NOTHING = (np.empty(0, np.int32), np.empty(0, np.int64))
_NONE = ByCell(0, np.empty(0, np.int64), np.empty(0, np.bool_))
