"""CLB duy trì hoạt động: clubs active."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="clubs-active",
    number=4,
    version=1,
    title=Words("CLB duy trì hoạt động", "Clubs active"),
    unit="clubs",
    text=Words(
        "Số câu lạc bộ có họp trong 90 ngày gần nhất, không tạm dừng, chưa giải thể. Quy tắc của hệ thống, bản 1.",
        "Clubs that met within the last 90 days, neither suspended nor dissolved. The system's own rule, version 1.",
    ),
    formula=Sum("clubs_active"),
    example=Example({"clubs_active": 5900}, Decimal(5900)),
)
