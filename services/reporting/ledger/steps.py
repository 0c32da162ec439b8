"""Step functions: a report holds from its day until the next report's day, and grows old after its lifetime.

`put` says how the timeline changes when one step is put, replaced or taken away, without looking at the others: only the
step before and the day of the step after matter. That is what makes a late report cheap, and nothing is ever edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.reporting.ledger.entries import FOREVER, Book, Key

Amounts = Mapping[int, int]


class Step(NamedTuple):
    """A report: its day, its basis, the amounts that hold from its day on, and those that it turns into when it is stale."""

    day: int
    basis: str
    live: Amounts
    stale: Amounts


@dataclass(frozen=True, slots=True)
class Rule:
    """How long a step counts. `expires` is the day from which it is stale; `holds` keeps its amounts beyond that day.

    Membership holds and is also shown as stale; a meeting makes a club active until it expires, and no longer.
    """

    expires: Callable[[int], int]
    holds: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The timeline of one kind of report of one subject, written into a book.

    `windows` are the days `[start, end)` on which the subject counts at all, in order.
    """

    book: Book
    key: Key
    rule: Rule
    windows: tuple[tuple[int, int], ...]

    def put(self, before: Step | None, old: Step | None, new: Step | None, until: int) -> None:
        """The change when the step of one day goes from `old` to `new`; None is no step.

        `before` is the step in front of that day and `until` the day of the step behind it, or `FOREVER`.
        """
        if before is not None and (old is None) != (new is None):
            day = (new or old or before).day
            self._hold(before, until if old is None else day, -1)
            self._hold(before, day if old is None else until, 1)
        if old is not None:
            self._hold(old, until, -1)
        if new is not None:
            self._hold(new, until, 1)

    def write(self, steps: Sequence[Step], sign: int) -> None:
        """All steps, in order of their days."""
        for index, step in enumerate(steps):
            self._hold(step, steps[index + 1].day if index + 1 < len(steps) else FOREVER, sign)

    def _hold(self, step: Step, until: int, sign: int) -> None:
        expires = self.rule.expires(step.day)
        self._span(step, step.day, until if self.rule.holds else min(until, expires), step.live, sign)
        if step.stale:
            self._span(step, expires, until, step.stale, sign)

    def _span(self, step: Step, start: int, end: int, amounts: Amounts, sign: int) -> None:
        for opens, closes in self.windows:
            self.book.span(self.key, max(start, opens), min(end, closes), step.basis, amounts, sign=sign)
