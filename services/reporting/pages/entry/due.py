"""What a club still owes: the report of the last whole month, and its members once a year. As the clubs service lists clubs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from services.reporting.pages.stamps import due_month

Json = dict[str, Any]

YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Due:
    """A club and what it owes. `month` and `members_on` are what was reported last."""

    club: str
    name: str
    commune: str
    status: str
    generated: bool
    month: str | None
    members_on: str | None
    total: int | None
    month_due: str | None
    members_due: bool

    @property
    def owes(self) -> bool:
        """Whether anything is due."""
        return self.month_due is not None or self.members_due


def due_of(club: Json, today: date) -> Due:
    """What one club of the list owes; a club that is suspended or dissolved owes nothing."""
    works = club["status"] == "active"
    wanted = due_month(today)
    month: str | None = (club["month"] or {"month": None})["month"]
    members: Json = club["members"] or {}
    founded = club["founding"]["founded_on"]
    late = works and founded[:7] <= wanted and (month is None or month[:7] < wanted)
    old = works and (not members or date.fromisoformat(members["as_of"]) < today - YEAR)
    return Due(
        club["club"], club["founding"]["name"], (club["commune_today"] or club["commune"])["name"], club["status"],
        club["generated"], month, members.get("as_of"), members.get("total"), wanted if late else None, old,
    )  # fmt: skip
