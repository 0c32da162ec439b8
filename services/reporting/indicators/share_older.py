"""Tỷ lệ NCT: share of older members."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Share, Words

DEFINITION = Definition(
    slug="share-older",
    number=15,
    version=1,
    title=Words("Tỷ lệ NCT", "Share of older members"),
    unit="percent",
    text=Words(
        "Thành viên từ 60 tuổi chia cho thành viên của các câu lạc bộ có ghi số này.",
        "Members aged 60 and over over the members of the clubs that stated it.",
    ),
    formula=Share("aged_60_plus", "aged_60_plus_base", "aged_60_plus_stated"),
    example=Example({"aged_60_plus": 34, "aged_60_plus_base": 52, "aged_60_plus_stated": 1}, Decimal("65.4")),
)
