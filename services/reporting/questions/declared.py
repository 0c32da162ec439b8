"""What was declared and targeted, as known at an instant: published figures with their sources, and targets of the schemes.

A declaration is known from its publication on where that is stated, else from its entry in the log, and says which.
Of several versions of one declaration the last one known stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

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


async def declarations(found: Snapshot, indicators: Iterable[str], clocks: Clocks) -> list[Declared]:
    """Every declaration of some indicators that was known, in a fixed order."""
    rows = await found.fetch(
        """select distinct on (stream) stream, metric, indicator, area, scope, value, unit, qualifier, basis, formula,
            valid_from, valid_to, date_as_printed, published_on, source, recorded_at, event_id
        from declarations where known_at <= $1 order by stream, version desc""",
        clocks.known_at,
    )
    asked = frozenset(indicators)
    return [Declared(*_fields(row)) for row in rows if row["indicator"] in asked]


async def targets(found: Snapshot, clocks: Clocks) -> list[Target]:
    """Every target that was known and whose period had begun, in a fixed order."""
    rows = await found.fetch(
        """select distinct on (stream) scheme, indicator, area, period_from, period_to, low, high, measure, source
        from targets where recorded_at <= $1 order by stream, version desc""",
        clocks.known_at,
    )
    known = [Target(*row) for row in rows]
    begun = [target for target in known if target.period_from <= clocks.as_of]
    return sorted(begun, key=lambda target: (target.indicator, target.area, target.period_to, target.scheme, target.low))


def _fields(row: Any) -> Sequence[Any]:
    return tuple(row)
