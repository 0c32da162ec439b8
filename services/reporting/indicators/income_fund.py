"""Quỹ tăng thu nhập: income fund."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="income-fund",
    number=19,
    version=1,
    title=Words("Quỹ tăng thu nhập", "Income fund"),
    unit="vnd",
    text=Words(
        "Tổng quỹ tăng thu nhập cuối tháng báo cáo gần nhất; phần quá 12 tháng chưa báo cáo được ghi riêng.",
        "Income funds at the end of the latest reported month; what was not reported for 12 months is shown apart.",
    ),
    formula=Sum("income_fund", stale="income_fund_stale", stated="income_fund_stated"),
    example=Example({"income_fund": 51000000, "income_fund_stated": 1}, Decimal(51000000)),
)
