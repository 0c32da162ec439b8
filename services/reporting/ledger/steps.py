"""Step functions: a report holds from its day until the next report's day, and grows old after its lifetime.

`put` says how the timeline changes when one step is put, replaced or taken away, without looking at the others: only the
step before and the day of the step after matter. That is what makes a late report cheap, and nothing is ever edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.reporting.ledger.entries import FOREVER, Page

Amounts = Mapping[int, int]


ALWAYS: Final = ((0, FOREVER),)
"""The windows of what is never clipped."""


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


@dataclass(slots=True)
class Line:
    """The timeline of one kind of report of one subject, written on the page of the subject's key.

    `windows` are the days `[start, end)` on which the subject counts at all, in order.
    """

    page: Page
    rule: Rule
    windows: tuple[tuple[int, int], ...]

    def put(self, before: Step | None, old: Step | None, new: Step | None, until: int) -> None:
        """The change when the step of one day goes from `old` to `new`; None is no step.

        `before` is the step in front of that day and `until` the day of the step behind it, or `FOREVER`. What held on
        the day until now, the old step or else the one before it, gives way to what holds from now on.
        """
        gone, come = old or before, new or before
        if gone is come or (gone is None and come is None):
            return
        day = new.day if new is not None else old.day if old is not None else until
        self._live(gone, come, day, until)
        for step, sign in ((gone, -1), (come, 1)):
            if step is not None and step.stale:
                self._span(step.basis, max(day, self.rule.expires(step.day)), until, step.stale, sign)

    def write(self, steps: Sequence[Step], sign: int) -> None:
        """All steps, in order of their days."""
        for index, step in enumerate(steps):
            until = steps[index + 1].day if index + 1 < len(steps) else FOREVER
            self._span(step.basis, step.day, self._end(step, until), step.live, sign)
            if step.stale:
                self._span(step.basis, self.rule.expires(step.day), until, step.stale, sign)

    def _live(self, gone: Step | None, come: Step | None, day: int, until: int) -> None:
        """One step gives way to another from a day on. What they have in common is never written."""
        if gone is None or come is None or gone.basis != come.basis:
            if gone is not None:
                self._span(gone.basis, day, self._end(gone, until), gone.live, -1)
            if come is not None:
                self._span(come.basis, day, self._end(come, until), come.live, 1)
            return
        ends, lasts = max(day, self._end(gone, until)), max(day, self._end(come, until))
        both = min(ends, lasts)
        if gone.live is not come.live:
            self._span(come.basis, day, both, _less(come.live, gone.live), 1)
        if both < lasts:
            self._span(come.basis, both, lasts, come.live, 1)
        elif both < ends:
            self._span(gone.basis, both, ends, gone.live, -1)

    def _end(self, step: Step, until: int) -> int:
        if self.rule.holds:
            return until
        expires = self.rule.expires(step.day)
        return min(until, expires)

    def _span(self, basis: str, start: int, end: int, amounts: Amounts, sign: int) -> None:
        if not amounts or start >= end:
            return
        if self.windows is ALWAYS:
            self.page.span(start, end, basis, amounts, sign)
            return
        for opens, closes in self.windows:
            self.page.span(max(start, opens), min(end, closes), basis, amounts, sign)


def _less(amounts: Amounts, others: Amounts) -> Amounts:
    """The first less the second, without what is equal."""
    if amounts.keys() == others.keys():
        return {number: amount - other for number, amount in amounts.items() if amount != (other := others[number])}
    left = {number: change for number, amount in amounts.items() if (change := amount - others.get(number, 0))}
    return left | {number: -amount for number, amount in others.items() if amount and number not in amounts}
