"""Thành viên của CLB mới: members of new clubs."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="members-of-new-clubs",
    number=9,
    version=1,
    title=Words("Thành viên của CLB mới", "Members of new clubs"),
    unit="people",
    text=Words(
        "Thành viên của các câu lạc bộ thành lập từ 31/08/2020 (Đề án 1336 và 1648).",
        "Members of the clubs founded from 31/08/2020 (schemes 1336 and 1648).",
    ),
    formula=Sum("members", cohorts=("1336", "1648"), stale="members_stale", stated="members_stated"),
    example=Example({"members": 330000}, Decimal(330000)),
)
