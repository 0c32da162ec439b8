"""Thành viên: members."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="members",
    number=6,
    version=1,
    title=Words("Thành viên", "Members"),
    unit="people",
    text=Words(
        "Tổng thành viên theo báo cáo gần nhất của từng câu lạc bộ; phần quá 12 tháng chưa báo cáo được ghi riêng.",
        "Members by each club's latest report; what was not reported for 12 months is shown apart.",
    ),
    formula=Sum("members", stale="members_stale", stated="members_stated"),
    example=Example({"members": 370412, "members_stale": 812, "members_stated": 6400}, Decimal(370412)),
)
