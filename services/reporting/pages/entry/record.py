"""What a club's log says already: its facts, its reports by their day, and whether it still exists.

Read from the log and not from a view, so that a form never shows less than what its own officer sent a moment ago. The
service answers with the visitor's own rights; a club of another's area is refused there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from services.reporting.pages.site import Site
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.web.sessions import Visitor

Json = dict[str, Any]

_A_PAGE: Final = 500
_REPORTS: Final = {
    "clubs.members-reported": ("members", "as_of"),
    "clubs.month-reported": ("months", "month"),
    "clubs.board-renewed": ("boards", "renewed_on"),
}
_STATUS: Final = {
    "clubs.club-suspended": "suspended",
    "clubs.club-resumed": "active",
    "clubs.club-dissolved": "dissolved",
}


@dataclass(slots=True)
class Record:
    """A club as its log tells it. Reports by the ISO day (of a month its first) as they stand after corrections."""

    stream: str
    name: str = ""
    commune: PlaceRef | None = None
    founded_on: str = ""
    status: str = "active"
    members: dict[str, Json] = field(default_factory=dict[str, Json])
    months: dict[str, Json] = field(default_factory=dict[str, Json])
    boards: dict[str, Json] = field(default_factory=dict[str, Json])
    corrections: set[str] = field(default_factory=set[str])
    """The ids of the events that corrected an earlier report of the same day or month."""

    @staticmethod
    def last(reports: Mapping[str, Json], up_to: date) -> tuple[str, Json] | None:
        """The last report up to a day, and the day it speaks of."""
        day = max((day for day in reports if day <= up_to.isoformat()), default=None)
        return None if day is None else (day, reports[day])


async def record_of(site: Site, visitor: Visitor, stream: str) -> Record:
    """The record of a club. May raise `Refused`: unknown, of another's area, or the service does not answer."""
    found: list[Json] = []
    before: int | None = None
    while True:
        page = await site.ask("clubs", f"/v1/streams/{stream}/events", visitor, limit=_A_PAGE, before=before)
        found += page["events"]
        before = page["next_before"]
        if before is None:
            break
    record = Record(stream)
    for event in reversed(found):
        _put(record, event["type"], event["event_id"], event["data"] or {})
    if record.commune is None:
        raise Refused(
            "unknown-club",
            "Không có câu lạc bộ nào mang mã này; hãy kiểm tra mã câu lạc bộ.",
            "There is no club with this id; check the club's id.",
            status=404,
            field="club",
        )
    return record


def _put(record: Record, kind: str, identity: str, data: Json) -> None:
    if kind in ("clubs.club-founded", "clubs.founding-corrected"):
        record.name = data["name"]
        record.commune = PlaceRef.model_validate(data["commune"])
        record.founded_on = data["founded_on"]
    elif kind in _REPORTS:
        reports, day = _REPORTS[kind]
        held: dict[str, Json] = getattr(record, reports)
        if data[day] in held:
            record.corrections.add(identity)
        held[data[day]] = data
    elif kind in _STATUS:
        record.status = _STATUS[kind]
