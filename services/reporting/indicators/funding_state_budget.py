"""Kinh phí tập huấn: ngân sách nhà nước: training costs: state budget."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="funding-state-budget",
    number=31,
    version=1,
    title=Words("Kinh phí tập huấn: ngân sách nhà nước", "Training costs: state budget"),
    unit="vnd",
    text=Words(
        "Chi phí các đợt bắt đầu trong năm từ ngân sách nhà nước.",
        "Costs of the rounds that start in the year, from the state budget.",
    ),
    formula=Sum("cost_state_budget"),
    example=Example({"cost_state_budget": 250000000}, Decimal(250000000)),
    window="year",
    of_clubs=False,
)
