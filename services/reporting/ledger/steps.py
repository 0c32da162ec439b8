"""Step functions: a report holds from its day until the next report's day, and grows old after its lifetime.

`put` says how the timeline changes when one step is put, replaced or taken away, without looking at the others: only the
step before and the day of the step after matter. That is what makes a late report cheap, and nothing is ever edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.reporting.ledger.entries import FOREVER, Page

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
    """The timeline of one kind of report of one subject, written on the page of the subject's key.

    `windows` are the days `[start, end)` on which the subject counts at all, in order.
    """

    page: Page
    rule: Rule
    windows: tuple[tuple[int, int], ...]

    def put(self, before: Step | None, old: Step | None, new: Step | None, until: int) -> None:
        """The change when the step of one day goes from `old` to `new`; None is no step.

        `before` is the step in front of that day and `until` the day of the step behind it, or `FOREVER`.
        """
        if before is not None:
            if old is None and new is not None:
                self._hold(before, new.day, until, -1)
            elif old is not None and new is None:
                self._hold(before, old.day, until, 1)
        if old is not None:
            self._hold(old, old.day, until, -1)
        if new is not None:
            self._hold(new, new.day, until, 1)

    def write(self, steps: Sequence[Step], sign: int) -> None:
        """All steps, in order of their days."""
        for index, step in enumerate(steps):
            self._hold(step, step.day, steps[index + 1].day if index + 1 < len(steps) else FOREVER, sign)

    def _hold(self, step: Step, start: int, until: int, sign: int) -> None:
        """A step counts, or no longer counts, on the days from `start` until `until`."""
        expires = self.rule.expires(step.day)
        self._span(step.basis, start, until if self.rule.holds else min(until, expires), step.live, sign)
        if step.stale:
            self._span(step.basis, max(start, expires), until, step.stale, sign)

    def _span(self, basis: str, start: int, end: int, amounts: Amounts, sign: int) -> None:
        for opens, closes in self.windows:
            self.page.span(max(start, opens), min(end, closes), basis, amounts, sign)
