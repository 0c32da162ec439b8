"""Đoàn kiểm tra, giám sát: inspections."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="inspections",
    number=26,
    version=1,
    title=Words("Đoàn kiểm tra, giám sát", "Inspections"),
    unit="inspections",
    text=Words("Số đoàn đã hoàn thành.", "Inspections completed."),
    formula=Sum("inspections"),
    example=Example({"inspections": 9}, Decimal(9)),
    of_clubs=False,
)
