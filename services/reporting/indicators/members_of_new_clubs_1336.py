"""Thành viên của CLB mới theo Đề án 1336: members of new clubs under scheme 1336."""

from __future__ import annotations

from decimal import Decimal

from services.reporting.indicators.definition import Definition, Example, Sum, Words

DEFINITION = Definition(
    slug="members-of-new-clubs-1336",
    number=10,
    version=1,
    title=Words("Thành viên của CLB mới theo Đề án 1336", "Members of new clubs under scheme 1336"),
    unit="people",
    text=Words(
        "Thành viên của các câu lạc bộ thành lập từ 31/08/2020 đến 31/07/2025.",
        "Members of the clubs founded from 31/08/2020 to 31/07/2025.",
    ),
    formula=Sum("members", cohorts=("1336",), stale="members_stale", stated="members_stated"),
    example=Example({"members": 300000}, Decimal(300000)),
)
