"""Tỷ lệ nữ: share of women."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Share, Words

DEFINITION = Definition(
    slug="share-women",
    number=14,
    version=1,
    title=Words("Tỷ lệ nữ", "Share of women"),
    unit="percent",
    text=Words(
        "Thành viên nữ chia cho thành viên của các câu lạc bộ có ghi số nữ.",
        "Women over the members of the clubs that stated the number of women.",
    ),
    formula=Share("women", "women_base", "women_stated"),
    example=Example({"women": 73, "women_base": 100, "women_stated": 2}, Decimal("73.0")),
)
