"""Tỷ lệ CLB đủ 8 mảng và họp hằng tháng: share of clubs with all 8 areas and the monthly meeting."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Share, Words

DEFINITION = Definition(
    slug="share-clubs-all-areas",
    number=16,
    version=1,
    title=Words("Tỷ lệ CLB đủ 8 mảng và họp hằng tháng", "Share of clubs with all 8 areas and the monthly meeting"),
    unit="percent",
    text=Words(
        "Trong các câu lạc bộ có ghi mảng hoạt động: số đã làm đủ 8 mảng và có họp ở tháng báo cáo gần nhất. Quy tắc bản 1.",
        "Of the clubs that stated their areas: those that did all 8 and met in their latest reported month. Rule version 1.",
    ),
    formula=Share("areas_all", "areas_stated", "areas_stated"),
    example=Example({"areas_all": 40, "areas_stated": 100}, Decimal("40.0")),
)
