"""Tỷ lệ CLB có đủ hai quỹ: share of clubs with both funds."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Share, Words

DEFINITION = Definition(
    slug="share-clubs-both-funds",
    number=17,
    version=1,
    title=Words("Tỷ lệ CLB có đủ hai quỹ", "Share of clubs with both funds"),
    unit="percent",
    text=Words(
        "Trong các câu lạc bộ có ghi cả hai quỹ: số có quỹ tăng thu nhập và quỹ hoạt động đều lớn hơn 0.",
        "Of the clubs that stated both funds: those whose income fund and operating fund are above zero.",
    ),
    formula=Share("funds_both", "funds_stated", "funds_stated"),
    example=Example({"funds_both": 57, "funds_stated": 60}, Decimal("95.0")),
)
