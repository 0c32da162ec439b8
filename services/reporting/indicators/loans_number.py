"""Lượt vay: loans."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="loans-number",
    number=21,
    version=1,
    title=Words("Lượt vay", "Loans"),
    unit="loans",
    text=Words(
        "Tổng lượt vay qua các tháng đã báo cáo (lượt, không phải người).",
        "Loans over the reported months (loans, not people).",
    ),
    formula=Sum("loans_number"),
    example=Example({"loans_number": 70}, Decimal(70)),
)
