"""Lượt kiện toàn Ban chủ nhiệm: boards renewed."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="boards-renewed",
    number=30,
    version=1,
    title=Words("Lượt kiện toàn Ban chủ nhiệm", "Boards renewed"),
    unit="boards",
    text=Words("Số lần kiện toàn Ban chủ nhiệm trong năm.", "Renewals of boards in the year."),
    formula=Sum("boards_renewed"),
    example=Example({"boards_renewed": 31}, Decimal(31)),
    window="year",
)
