"""CLB huy động: từ xã hội: raised by clubs: from society."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="resources-raised-society",
    number=36,
    version=1,
    title=Words("CLB huy động: từ xã hội", "Raised by clubs: from society"),
    unit="vnd",
    text=Words(
        "Tiền từ xã hội mà câu lạc bộ ghi ở mảng vận động nguồn lực, trong năm.",
        "Money from society that clubs report under resources, in the year.",
    ),
    formula=Sum("raised_from_society"),
    example=Example({"raised_from_society": 20000000}, Decimal(20000000)),
    window="year",
)
