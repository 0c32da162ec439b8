"""CLB hiện có: clubs existing."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="clubs-existing",
    number=5,
    version=1,
    title=Words("CLB hiện có", "Clubs existing"),
    unit="clubs",
    text=Words("Số câu lạc bộ đã thành lập trừ số đã giải thể.", "Clubs founded less clubs dissolved."),
    formula=Sum("clubs_existing"),
    example=Example({"clubs_existing": 6480}, Decimal(6480)),
)
