"""CLB huy động: từ Nhà nước: raised by clubs: from the state."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="resources-raised-state",
    number=35,
    version=1,
    title=Words("CLB huy động: từ Nhà nước", "Raised by clubs: from the state"),
    unit="vnd",
    text=Words(
        "Tiền từ Nhà nước mà câu lạc bộ ghi ở mảng vận động nguồn lực, trong năm.",
        "Money from the state that clubs report under resources, in the year.",
    ),
    formula=Sum("raised_from_state"),
    example=Example({"raised_from_state": 30000000}, Decimal(30000000)),
    window="year",
)
