"""Đợt tập huấn của đơn vị chủ trì: training rounds of the lead department."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="training-rounds",
    number=23,
    version=1,
    title=Words("Đợt tập huấn của đơn vị chủ trì", "Training rounds of the lead department"),
    unit="rounds",
    text=Words(
        "Số đợt do Cục chủ trì tổ chức, bắt đầu trong năm (kế hoạch: mỗi năm 5-7 đợt); đợt của địa phương không tính.",
        "Rounds led by the plan's lead department that start in the year (plan: 5 to 7 a year); local courses do not count.",
    ),
    formula=Sum("rounds_lead"),
    example=Example({"rounds_lead": 4}, Decimal(4)),
    window="year",
    of_clubs=False,
)
