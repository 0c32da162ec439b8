"""CLB thành lập mới theo Đề án 1336: new clubs under scheme 1336."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="clubs-new-1336",
    number=2,
    version=1,
    title=Words("CLB thành lập mới theo Đề án 1336", "New clubs under scheme 1336"),
    unit="clubs",
    text=Words(
        "Số câu lạc bộ thành lập từ 31/08/2020 đến 31/07/2025.",
        "Clubs founded from 31/08/2020 to 31/07/2025.",
    ),
    formula=Sum("clubs_founded", cohorts=("1336",)),
    example=Example({"clubs_founded": 3021}, Decimal(3021)),
)
