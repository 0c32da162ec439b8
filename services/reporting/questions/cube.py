"""Sums of the ledger for both clocks: `sum(amount) where valid_on <= as_of and known_at <= known_at`, cut by measure and cell.

They are made over the columns in memory (`services.reporting.columns`). A cell is a place with its province on both maps, a
cohort and a basis; a question says how cells are put together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, TypeVar

import numpy as np

from services.reporting.columns.fetch import Cell as Key
from services.reporting.columns.held import Indexes, Look
from services.reporting.columns.sums import Window, by_cell, counted
from services.reporting.ledger.measures import NAMES, measure
from services.reporting.questions.question import Clocks


class Cell(NamedTuple):
    """One sum that is not in the ledger (yet)."""

    measure: str
    place: str
    province63: str
    province34: str
    cohort: str
    basis: str
    amount: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Which entries count: measures, both clocks, and the first day if not everything counts."""

    measures: tuple[str, ...]
    clocks: Clocks
    since: date | None = None

    def numbers(self) -> list[int]:
        """The measures by number."""
        return sorted(measure(name) for name in self.measures)


@dataclass(frozen=True, slots=True)
class Groups:
    """How cells are put together: `into` has the group of each of `cells` (None: of every cell of the look)."""

    keys: list[Key]
    into: Indexes
    cells: Indexes | None = None

    @classmethod
    def of(cls, look: Look, cells: Iterable[int], named: Callable[[Key], str]) -> Groups:
        """Some cells, put together where `named` gives the same place."""
        numbers: dict[Key, int] = {}
        chosen = list(cells)
        into = [numbers.setdefault(key._replace(place=named(key)), len(numbers)) for key in map(look.cells.__getitem__, chosen)]
        return cls(list(numbers), np.array(into, np.int32), np.array(chosen, np.int32))


class Part(NamedTuple):
    """The sums of one measure: of which groups there are any, and what they are."""

    measure: str
    there: list[int]
    amounts: list[int]


class Grouped(NamedTuple):
    """Sums by group. A key's place is what the group is named by."""

    keys: list[Key]
    parts: list[Part]


_LARGE: Final = 2_000_000
"""More amounts than this are added up in a thread."""
Made = TypeVar("Made")


async def aside(look: Look, measures: Iterable[int], make: Callable[[], Made]) -> Made:
    """Make something out of some measures' amounts: at once if they are few, in a thread if the loop would be held."""
    if sum(len(look.amounts[number][0]) for number in measures if number in look.amounts) <= _LARGE:
        return make()
    return await asyncio.to_thread(make)


def by_province(look: Look, cut: Slice) -> Grouped:
    """Sums by province on both maps."""
    return by_group(look, cut, provinces(look))


def by_group(look: Look, cut: Slice, groups: Groups) -> Grouped:
    """Sums by group, of the asked basis."""
    window = Window.of(look, cut.clocks, cut.since)
    asked = np.array([cut.clocks.basis in ("any", key.basis) for key in groups.keys], np.bool_)
    parts: list[Part] = []
    for number in cut.numbers():
        sums = by_cell(look, number, window)
        amounts, present = sums.amounts, sums.present
        if groups.cells is not None:
            amounts, present = amounts[groups.cells], present[groups.cells]
        added = np.zeros(len(groups.keys), np.int64)
        np.add.at(added, groups.into, amounts)
        there = np.flatnonzero(np.bincount(groups.into[present], minlength=len(groups.keys)).astype(np.bool_) & asked)
        parts.append(Part(NAMES[number], there.tolist(), added[there].tolist()))
    return Grouped(groups.keys, parts)


def by_club(look: Look, cut: Slice, subjects: Sequence[int], cells: Iterable[int]) -> Grouped:
    """Sums of some subjects within some cells; the subject's stream stands where the place would."""
    window = Window.of(look, cut.clocks, cut.since)
    wanted = np.zeros(len(look.subjects), np.bool_)
    wanted[np.array(subjects, np.int64)] = True
    inside = np.zeros(look.cell_count, np.bool_)
    inside[np.fromiter(cells, np.int64)] = True
    asked = np.array([cut.clocks.basis in ("any", cell.basis) for cell in look.cells[: look.cell_count]], np.bool_)
    inside &= asked
    numbers: dict[int, int] = {}
    parts: list[Part] = []
    for number in cut.numbers():
        if number not in look.amounts:
            continue
        rows, amounts = look.amounts[number]
        mine = np.flatnonzero(inside[look.cell[rows]] & wanted[look.subject[rows]])
        rows, amounts = rows[mine], amounts[mine]
        kept = counted(look, rows, window)
        if kept is not None:
            rows, amounts = rows[kept], amounts[kept]
        pairs, into = np.unique(look.subject[rows].astype(np.int64) * look.cell_count + look.cell[rows], return_inverse=True)
        added = np.zeros(len(pairs), np.int64)
        np.add.at(added, into, amounts)
        together: list[int] = pairs.tolist()
        there = [numbers.setdefault(pair, len(numbers)) for pair in together]
        parts.append(Part(NAMES[number], there, added.tolist()))
    keys = [
        look.cells[pair % look.cell_count]._replace(place=look.subjects[pair // look.cell_count].stream) for pair in numbers
    ]
    return Grouped(keys, parts)


def provinces(look: Look) -> Groups:
    """All cells put together by province on both maps, cohort and basis; remembered, and made longer for new cells."""
    known: Groups = look.held.memory.get("provinces") or Groups([], np.empty(0, np.int32))
    if len(known.into) >= look.cell_count:
        return Groups(known.keys, known.into[: look.cell_count])
    numbers = {key: number for number, key in enumerate(known.keys)}
    added = [numbers.setdefault(key._replace(place=""), len(numbers)) for key in look.cells[len(known.into) : look.cell_count]]
    groups = Groups(list(numbers), np.concatenate([known.into, np.array(added, np.int32)]))
    look.held.memory.keep("provinces", groups)
    return groups
