"""NCT tham gia CLB mới: older members of new clubs."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="older-members-of-new-clubs",
    number=11,
    version=1,
    title=Words("NCT tham gia CLB mới", "Older members of new clubs"),
    unit="people",
    text=Words(
        "Thành viên từ 60 tuổi của các câu lạc bộ thành lập từ 31/08/2020.",
        "Members aged 60 and over of the clubs founded from 31/08/2020.",
    ),
    formula=Sum("aged_60_plus", cohorts=("1336", "1648"), stale="aged_60_plus_stale", stated="aged_60_plus_stated"),
    example=Example({"aged_60_plus": 231000}, Decimal(231000)),
)
