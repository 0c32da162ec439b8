"""Kiến nghị chưa khắc phục: recommendations open."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="recommendations-open",
    number=27,
    version=1,
    title=Words("Kiến nghị chưa khắc phục", "Recommendations open"),
    unit="recommendations",
    text=Words(
        "Kiến nghị đã nêu và chưa khắc phục; phúc tra không đạt thì mở lại.",
        "Recommendations made and not remedied; an unsatisfied re-check opens one again.",
    ),
    formula=Sum("recommendations_open"),
    example=Example({"recommendations_open": 7}, Decimal(7)),
    of_clubs=False,
)
