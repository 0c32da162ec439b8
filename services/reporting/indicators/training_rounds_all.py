"""Mọi đợt tập huấn: all training rounds."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="training-rounds-all",
    number=24,
    version=1,
    title=Words("Mọi đợt tập huấn", "All training rounds"),
    unit="rounds",
    text=Words(
        "Số đợt tập huấn của mọi đơn vị, bắt đầu trong năm.",
        "Rounds of every organiser that start in the year.",
    ),
    formula=Sum("rounds"),
    example=Example({"rounds": 385}, Decimal(385)),
    window="year",
    of_clubs=False,
)
