"""Quỹ hoạt động: operating fund."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="operating-fund",
    number=20,
    version=1,
    title=Words("Quỹ hoạt động", "Operating fund"),
    unit="vnd",
    text=Words(
        "Tổng quỹ hoạt động cuối tháng báo cáo gần nhất.",
        "Operating funds at the end of the latest reported month.",
    ),
    formula=Sum("operating_fund", stale="operating_fund_stale", stated="operating_fund_stated"),
    example=Example({"operating_fund": 3000000, "operating_fund_stated": 1}, Decimal(3000000)),
)
