"""Kinh phí tập huấn: quốc tế: training costs: international."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="funding-international",
    number=33,
    version=1,
    title=Words("Kinh phí tập huấn: quốc tế", "Training costs: international"),
    unit="vnd",
    text=Words(
        "Chi phí các đợt bắt đầu trong năm từ nguồn quốc tế.",
        "Costs of the rounds that start in the year, from international sources.",
    ),
    formula=Sum("cost_international"),
    example=Example({"cost_international": 90000000}, Decimal(90000000)),
    window="year",
    of_clubs=False,
)
