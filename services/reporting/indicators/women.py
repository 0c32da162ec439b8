"""Thành viên nữ: women."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="women",
    number=8,
    version=1,
    title=Words("Thành viên nữ", "Women"),
    unit="people",
    text=Words(
        "Tổng thành viên nữ theo báo cáo gần nhất của các câu lạc bộ có ghi số này.",
        "Women by the latest report of the clubs that stated it.",
    ),
    formula=Sum("women", stale="women_stale", stated="women_stated"),
    example=Example({"women": 260100, "women_stated": 6100}, Decimal(260100)),
)
