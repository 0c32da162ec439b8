"""What was declared and targeted, as known at an instant: published figures with their sources, and targets of the schemes.

A declaration is known from its publication on where that is stated, else from its entry in the log, and says which.
Of several versions of one declaration the last one known stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from services.reporting.questions.question import Clocks
from services.reporting.questions.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Declared:
    """A published figure (số liệu kê khai)."""

    stream: str
    metric: str
    indicator: str | None
    area: str | None
    scope: str | None
    value: Decimal
    unit: str
    qualifier: str
    basis: str
    formula: str | None
    valid_from: date | None
    valid_to: date | None
    date_as_printed: str
    published_on: date | None
    source: str
    recorded_at: datetime
    event_id: str


@dataclass(frozen=True, slots=True)
class Target:
    """A target (chỉ tiêu) of a scheme for an area and a period."""

    scheme: str
    indicator: str
    area: str
    period_from: date
    period_to: date
    low: Decimal
    high: Decimal | None
    measure: str
    source: str


class _Words(NamedTuple):
    """Every version of every declaration and target, each with the instant from which on it is known."""

    declared: list[tuple[datetime, Declared]]
    aimed: list[tuple[datetime, str, Target]]


async def declarations(found: Snapshot, indicators: Iterable[str], clocks: Clocks) -> list[Declared]:
    """Every declaration of some indicators that was known, in a fixed order."""
    last = {each.stream: each for known_at, each in (await _words(found)).declared if known_at <= clocks.known_at}
    asked = frozenset(indicators)
    return [each for each in last.values() if each.indicator in asked]


async def targets(found: Snapshot, clocks: Clocks) -> list[Target]:
    """Every target that was known and whose period had begun, in a fixed order."""
    last = {stream: each for known_at, stream, each in (await _words(found)).aimed if known_at <= clocks.known_at}
    begun = [target for target in last.values() if target.period_from <= clocks.as_of]
    return sorted(begun, key=lambda target: (target.indicator, target.area, target.period_to, target.scheme, target.low))


async def how_many_known(found: Snapshot, clocks: Clocks) -> tuple[int, int]:
    """How many versions of declarations and targets were known: in one state of the view this says which."""
    declared, aimed = await _words(found)
    at = clocks.known_at
    return sum(known_at <= at for known_at, _ in declared), sum(known_at <= at for known_at, _, _ in aimed)


async def _words(found: Snapshot) -> _Words:
    """All of them, read once a state of the view; of a stream's versions the last comes last."""
    look = found.look
    known: _Words | None = look.held.memory.get(("words", look.state))
    if known is None:
        declared = await found.fetch(
            """select known_at, stream, metric, indicator, area, scope, value, unit, qualifier, basis, formula,
                valid_from, valid_to, date_as_printed, published_on, source, recorded_at, event_id
            from declarations order by stream, version"""
        )
        aimed = await found.fetch(
            """select recorded_at, stream, scheme, indicator, area, period_from, period_to, low, high, measure, source
            from targets order by stream, version"""
        )
        known = _Words(
            [(at, Declared(*fields)) for at, *fields in declared],
            [(at, stream, Target(*fields)) for at, stream, *fields in aimed],
        )
        look.held.memory.keep(("words", look.state), known)
    return known
