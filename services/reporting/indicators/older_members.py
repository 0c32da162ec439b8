"""Thành viên là NCT (từ 60 tuổi): members aged 60 and over."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="older-members",
    number=7,
    version=1,
    title=Words("Thành viên là NCT (từ 60 tuổi)", "Members aged 60 and over"),
    unit="people",
    text=Words(
        "Tổng thành viên từ 60 tuổi theo báo cáo gần nhất của các câu lạc bộ có ghi số này.",
        "Members aged 60 and over by the latest report of the clubs that stated it.",
    ),
    formula=Sum("aged_60_plus", stale="aged_60_plus_stale", stated="aged_60_plus_stated"),
    example=Example({"aged_60_plus": 231000, "aged_60_plus_stated": 6000}, Decimal(231000)),
)
