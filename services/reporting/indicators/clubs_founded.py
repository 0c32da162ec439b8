"""CLB đã thành lập: clubs founded."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="clubs-founded",
    number=1,
    version=1,
    title=Words("CLB đã thành lập", "Clubs founded"),
    unit="clubs",
    text=Words(
        "Số câu lạc bộ có quyết định thành lập đến ngày đó; câu lạc bộ đã giải thể vẫn tính.",
        "Clubs with a founding decision by that day; dissolved clubs still count.",
    ),
    formula=Sum("clubs_founded"),
    example=Example({"clubs_founded": 6521}, Decimal(6521)),
)
