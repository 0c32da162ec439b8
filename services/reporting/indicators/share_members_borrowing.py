"""Tỷ lệ thành viên vay vốn: share of members borrowing."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Share, Words

DEFINITION = Definition(
    slug="share-members-borrowing",
    number=18,
    version=1,
    title=Words("Tỷ lệ thành viên vay vốn", "Share of members borrowing"),
    unit="percent",
    text=Words(
        "Số người vay ở tháng báo cáo gần nhất chia cho thành viên của các câu lạc bộ có ghi số này; không cộng qua các tháng.",
        "Borrowers of the latest reported month over the members of the clubs that stated them; never summed over months.",
    ),
    formula=Share("borrowers", "borrowers_base", "borrowers_stated"),
    example=Example({"borrowers": 12, "borrowers_base": 60, "borrowers_stated": 1}, Decimal("20.0")),
)
