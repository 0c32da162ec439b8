"""Tổng vốn cho vay: sum lent."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="loans-total",
    number=22,
    version=1,
    title=Words("Tổng vốn cho vay", "Sum lent"),
    unit="vnd",
    text=Words("Tổng số tiền cho vay qua các tháng đã báo cáo.", "Money lent over the reported months."),
    formula=Sum("loans_total"),
    example=Example({"loans_total": 405000000}, Decimal(405000000)),
)
