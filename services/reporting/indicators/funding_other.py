"""Kinh phí tập huấn: nguồn khác: training costs: other."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="funding-other",
    number=34,
    version=1,
    title=Words("Kinh phí tập huấn: nguồn khác", "Training costs: other"),
    unit="vnd",
    text=Words(
        "Chi phí các đợt bắt đầu trong năm từ nguồn khác.",
        "Costs of the rounds that start in the year, from other sources.",
    ),
    formula=Sum("cost_other"),
    example=Example({"cost_other": 5000000}, Decimal(5000000)),
    window="year",
    of_clubs=False,
)
