"""How many clubs, and of how many communes, have sent the report of the last whole month: what a place's page says of itself.

Counted in the ledger by both clocks, so that a page of the past says what was heard by then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from services.reporting.indicators import indicator
from services.reporting.indicators.definition import Definition, Example, Sum, Words
from services.reporting.pages.stamps import due_month
from services.reporting.questions.ask import Ask
from services.reporting.questions.desk import Desk
from services.reporting.questions.question import Question
from services.reporting.questions.small import Small
from services.reporting.questions.snapshot import Snapshot
from shared.reference.book import Places

REPORTS: Final = Definition(
    slug="month-reports",
    number=0,
    version=1,
    title=Words("CLB đã báo cáo tháng", "Clubs that reported the month"),
    unit="clubs",
    text=Words("Số câu lạc bộ có báo cáo của tháng.", "Clubs with a report of the month."),
    formula=Sum("month_reports"),
    example=Example({"month_reports": 3}, Decimal(3)),
)
"""Not an indicator of the programme: it has no number of its own and opens nowhere."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Who has sent the report of a month, `2026-10`, of the clubs and communes that were there at its end."""

    month: str
    clubs: int
    of_clubs: int
    communes: int
    of_communes: int

    @property
    def missing(self) -> int:
        """How many clubs have not."""
        return max(0, self.of_clubs - self.clubs)


async def heard(found: Snapshot, places: Places, ask: Ask) -> Heard:
    """Of a province or a commune."""
    month = due_month(ask.clocks.as_of)
    clocks = replace(ask.clocks, as_of=_end(month), basis="any")
    reports = Question(REPORTS, ask.area, clocks, "month")
    existing = Question(indicator("clubs-existing"), ask.area, clocks)
    small = await Small(Desk(places, clocks), ask.area).load(found, [reports, existing], clubs=False)

    def count(question: Question) -> int:
        return int(small.figure(question).choice.value or 0)

    areas = [area for area in small.groups.values() if area.kind == "commune"]
    return Heard(
        month,
        count(reports),
        count(existing),
        sum(count(reports.of(area)) > 0 for area in areas),
        sum(count(existing.of(area)) > 0 for area in areas),
    )


def _end(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
