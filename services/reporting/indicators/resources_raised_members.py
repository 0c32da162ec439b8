"""CLB huy động: từ thành viên: raised by clubs: from members."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="resources-raised-members",
    number=37,
    version=1,
    title=Words("CLB huy động: từ thành viên", "Raised by clubs: from members"),
    unit="vnd",
    text=Words(
        "Tiền từ thành viên mà câu lạc bộ ghi ở mảng vận động nguồn lực, trong năm.",
        "Money from members that clubs report under resources, in the year.",
    ),
    formula=Sum("raised_from_members"),
    example=Example({"raised_from_members": 10000000}, Decimal(10000000)),
    window="year",
)
