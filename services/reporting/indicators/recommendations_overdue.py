"""Kiến nghị quá hạn: recommendations overdue."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="recommendations-overdue",
    number=29,
    version=1,
    title=Words("Kiến nghị quá hạn", "Recommendations overdue"),
    unit="recommendations",
    text=Words("Kiến nghị chưa khắc phục sau hạn.", "Recommendations open after their deadline."),
    formula=Sum("recommendations_overdue"),
    example=Example({"recommendations_overdue": 2}, Decimal(2)),
    of_clubs=False,
)
