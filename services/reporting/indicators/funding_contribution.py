"""Kinh phí tập huấn: đóng góp: training costs: contributions."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="funding-contribution",
    number=32,
    version=1,
    title=Words("Kinh phí tập huấn: đóng góp", "Training costs: contributions"),
    unit="vnd",
    text=Words(
        "Chi phí các đợt bắt đầu trong năm từ nguồn đóng góp, huy động.",
        "Costs of the rounds that start in the year, from contributions.",
    ),
    formula=Sum("cost_contribution"),
    example=Example({"cost_contribution": 40000000}, Decimal(40000000)),
    window="year",
    of_clubs=False,
)
