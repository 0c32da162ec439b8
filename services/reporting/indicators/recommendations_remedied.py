"""Kiến nghị đã khắc phục: recommendations remedied."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="recommendations-remedied",
    number=28,
    version=1,
    title=Words("Kiến nghị đã khắc phục", "Recommendations remedied"),
    unit="recommendations",
    text=Words("Kiến nghị đang ở trạng thái đã khắc phục.", "Recommendations that stand as remedied."),
    formula=Sum("recommendations_remedied"),
    example=Example({"recommendations_remedied": 12}, Decimal(12)),
    of_clubs=False,
)
