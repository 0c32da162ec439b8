"""CLB thành lập mới theo Đề án 1648: new clubs under scheme 1648."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="clubs-new-1648",
    number=3,
    version=1,
    title=Words("CLB thành lập mới theo Đề án 1648", "New clubs under scheme 1648"),
    unit="clubs",
    text=Words("Số câu lạc bộ thành lập từ 01/08/2025.", "Clubs founded from 01/08/2025."),
    formula=Sum("clubs_founded", cohorts=("1648",)),
    example=Example({"clubs_founded": 412}, Decimal(412)),
)
