"""Lượt người được tập huấn: attendances at trainings."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="training-participants",
    number=25,
    version=1,
    title=Words("Lượt người được tập huấn", "Attendances at trainings"),
    unit="attendances",
    text=Words(
        "Tổng lượt người dự các đợt bắt đầu trong năm; số người khác nhau không cộng qua các đợt.",
        "Attendances at the rounds that start in the year; distinct people are never summed over rounds.",
    ),
    formula=Sum("attendances", stated="attendances_stated"),
    example=Example({"attendances": 12815, "attendances_stated": 385}, Decimal(12815)),
    window="year",
    of_clubs=False,
)
