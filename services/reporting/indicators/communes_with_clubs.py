"""Xã, phường có CLB: communes with clubs."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Coverage, Definition, Example, Words

DEFINITION = Definition(
    slug="communes-with-clubs",
    number=13,
    version=1,
    title=Words("Xã, phường có CLB", "Communes with clubs"),
    unit="communes",
    text=Words(
        "Số xã, phường có ít nhất một câu lạc bộ hiện có, đếm lại trên bản đồ được hỏi; xã bị chia tách ghi là chờ phân định.",
        "Communes with at least one existing club, recounted on the asked map; divided communes wait to be decided.",
    ),
    formula=Coverage("commune"),
    example=Example({"34:00004": 2, "34:00008": 1, "34:00025": 0}, Decimal(2)),
)
