"""Ban chủ nhiệm chưa được tập huấn: boards that still need a training."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="boards-untrained",
    number=38,
    version=1,
    title=Words("Ban chủ nhiệm chưa được tập huấn", "Boards not yet trained"),
    unit="boards",
    text=Words(
        "Câu lạc bộ đã thành lập mà ban chủ nhiệm chưa dự đợt tập huấn nào, trước hay sau khi thành lập.",
        "Clubs that were founded and whose board has attended no training round, before or after the founding.",
    ),
    formula=Sum("board_todos_open"),
    example=Example({"board_todos_open": 12}, Decimal(12)),
    of_clubs=False,
)
