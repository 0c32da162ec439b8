"""What may be asked of the views of targets, inspections and recommendations, as SQL. Facts come as JSON text."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from services.monitoring.views import Inspections, Targets
from shared.kernel.database import Connection

RecommendationStatus = Literal["open", "overdue", "remedied", "rechecked"]

TARGETS = Targets.name
INSPECTIONS = Inspections.name
"""The views whose live build a connection must be looking at; recommendations are of the second."""

_INSPECTION = """
    select inspection, version, status, plan::text as plan, report::text as report, recorded_at from inspections
"""


async def targets(connection: Connection, *, area: str | None = None, scheme: str | None = None) -> list[Any]:
    """Targets set for exactly this area (None: for all), by scheme and name."""
    return await connection.fetch(
        """
        select target, version, facts::text as facts, recorded_at from targets
        where ($1::text is null or area = $1) and ($2::text is null or scheme = $2)
        order by scheme, indicator, area, period_to limit 1000
        """,
        area, scheme,
    )  # fmt: skip


async def inspections(
    connection: Connection, *, area: str | None = None, status: str | None = None, limit: int = 100, offset: int = 0
) -> list[Any]:
    """Inspections that went to a place of an area, the latest first."""
    return await connection.fetch(
        f"""
        {_INSPECTION}
        where ($1::text is null or areas @> array[$1]) and ($2::text is null or status = $2)
        order by starts_on desc, inspection limit $3 offset $4
        """,
        area, status, limit, offset,
    )  # fmt: skip


async def inspection_of(connection: Connection, inspection: str) -> Any:
    """One inspection, or None."""
    return await connection.fetchrow(f"{_INSPECTION} where inspection = $1", inspection)


async def recommendations(
    connection: Connection,
    *,
    today: date,
    area: str | None = None,
    status: RecommendationStatus | None = None,
    inspection: str | None = None,
    within: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Any]:
    """Recommendations of an area by status, the nearest deadline first; an overdue one is open and its day has passed.

    Those about a club only where the club lies in `within` (None: none of them).
    """
    return await connection.fetch(
        """
        select inspection, facts::text as facts, status, completed_on, remedied_on, remedy_remark, rechecked_on, satisfied,
               recheck_remark, generated, status = 'open' and coalesce(deadline < $1, false) as overdue
        from recommendations
        where ($2::text is null or areas @> array[$2])
          and case $3::text when 'overdue' then status = 'open' and deadline < $1 else $3 is null or status = $3 end
          and ($4::text is null or inspection = $4)
          and (club is null or ($5::text is not null and areas @> array[$5]))
        order by deadline nulls last, inspection, finding limit $6 offset $7
        """,
        today, area, status, inspection, within, limit, offset,
    )  # fmt: skip
