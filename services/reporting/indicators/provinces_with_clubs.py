"""Tỉnh, thành có CLB: provinces with clubs."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Coverage, Definition, Example, Words

DEFINITION = Definition(
    slug="provinces-with-clubs",
    number=12,
    version=1,
    title=Words("Tỉnh, thành có CLB", "Provinces with clubs"),
    unit="provinces",
    text=Words(
        "Số tỉnh, thành có ít nhất một câu lạc bộ hiện có, đếm lại trên bản đồ được hỏi.",
        "Provinces with at least one existing club, recounted on the asked map.",
    ),
    formula=Coverage("province"),
    example=Example({"34:01": 516, "34:38": 1164, "34:40": 0}, Decimal(2)),
)
