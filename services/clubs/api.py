"""The questions that the clubs service answers: which clubs there are in an area, and the whole story of one.

Clubs are seen by the holders of a token of that area, nobody else; figures, which anyone may see, are the reporting
service's. An answer says up to which event of the club it speaks (`version`). Commands come in through the one door of all
services (`POST /v1/commands`), not here.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.clubs import queries
from shared.events.clubs import BoardRenewed, FoundingFacts, MembersReported, MonthReported
from shared.events.common import StreamId
from shared.kernel.authority import require_area
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Role, Side, parse_actor
from shared.projections.builds import reading
from shared.web.access import Holder
from shared.web.questions import Limit, PlaceText, asked_place

Status = Literal["active", "suspended", "dissolved"]
M = TypeVar("M", bound=BaseModel)


class NamedPlace(BaseModel):
    """A place with its name."""

    key: str
    name: str


class ClubAnswer(BaseModel):
    """A club (câu lạc bộ) as it is now; `members`, `month` and `board` are the newest that were reported."""

    club: str
    version: int
    founding: FoundingFacts
    generated: bool
    commune: NamedPlace
    province: NamedPlace | None
    """The province on today's map."""
    commune_today: NamedPlace | None
    """The commune on today's map; None while that waits to be decided (chờ phân định) among the candidates."""
    candidates: list[NamedPlace]
    status: Status
    since: date | None
    last_meeting: date | None
    members: MembersReported | None
    month: MonthReported | None
    board: BoardRenewed | None
    recorded_at: datetime


class ClubsAnswer(BaseModel):
    """A page of clubs in the order of their names; `next` is the `after` of the page that follows."""

    place: NamedPlace
    clubs: list[ClubAnswer]
    next: str | None


class Change(BaseModel):
    """One field that an event changed."""

    field: str
    before: Any
    after: Any


class Recorder(BaseModel):
    """Who recorded it: a role, a side and an area; a token stands for the person."""

    role: Role
    side: Side
    area: NamedPlace
    token: str


class Moment(BaseModel):
    """One event of a club: the day it speaks of, when it was recorded by whom, and what it changed."""

    version: int
    event_id: str
    type: str
    vi: str
    en: str
    day: date
    recorded_at: datetime
    recorded_by: Recorder
    changes: list[Change]


class ClubStory(ClubAnswer):
    """A club and its timeline, the newest first; `next_before` is the `before` of the page that follows."""

    memberships: list[MembersReported]
    """Every report of members as it stands after corrections, the oldest day first: the club's trend."""
    months: list[date]
    """The months of which there is a report, the oldest first."""
    timeline: list[Moment]
    next_before: int | None


_WHAT = {
    "clubs.club-founded": ("Thành lập", "Founded"),
    "clubs.founding-corrected": ("Đính chính thông tin thành lập", "Founding corrected"),
    "clubs.members-reported": ("Báo cáo thành viên", "Members reported"),
    "clubs.month-reported": ("Báo cáo tháng", "Month reported"),
    "clubs.board-renewed": ("Kiện toàn ban chủ nhiệm", "Board renewed"),
    "clubs.club-suspended": ("Tạm dừng hoạt động", "Suspended"),
    "clubs.club-resumed": ("Hoạt động trở lại", "Resumed"),
    "clubs.club-dissolved": ("Giải thể", "Dissolved"),
}


def router(pool: Pool, places: PlaceBook) -> APIRouter:
    """The routes, on a pool of the service's own database."""
    routes = APIRouter(prefix="/v1", tags=["clubs"])

    @routes.get("/clubs")
    async def clubs(
        *,
        principal: Holder,
        place: PlaceText = None,
        q: Annotated[
            str, Query(max_length=200, description="Words of name, village or commune; diacritics may be left out")
        ] = "",
        status: Status | None = None,
        after: Annotated[str, Query(pattern=r"^(club-[a-z0-9-]{1,110})?$", description="`next` of the page before")] = "",
        limit: Limit = 50,
    ) -> ClubsAnswer:
        """Clubs of an area, by name; without `place` those of the token's own area."""
        area = principal.area if place is None else asked_place(place, places)
        require_area(principal, area, places)
        async with reading(pool, queries.VIEW) as connection:
            rows = await queries.clubs(connection, area=area.key, words=q, status=status, after=after, limit=limit + 1)
        page = [ClubAnswer(**_facts(row, places)) for row in rows[:limit]]
        return ClubsAnswer(place=_named(area, places), clubs=page, next=page[-1].club if len(rows) > limit else None)

    @routes.get("/clubs/{club}")
    async def club(
        principal: Holder,
        club: StreamId,
        before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only events before this version")] = None,
        limit: Limit = 100,
    ) -> ClubStory:
        """One club: its facts, and who recorded what about it, when, and what that changed."""
        async with reading(pool, queries.VIEW) as connection:
            row = await queries.club(connection, club)
            if row is None:
                raise _unknown()
            facts = _facts(row, places)
            require_area(principal, facts["founding"].commune, places)
            moments = await queries.timeline(connection, club, before=before, limit=limit + 1)
            members = await queries.reports(connection, club, "members")
            months = await queries.reports(connection, club, "month")
        timeline = [_moment(moment, places) for moment in moments[:limit]]
        return ClubStory(
            **facts,
            memberships=[MembersReported.model_validate_json(report["facts"]) for report in members],
            months=[report["day"] for report in months],
            timeline=timeline,
            next_before=timeline[-1].version if len(moments) > limit else None,
        )

    _ = (clubs, club)
    return routes


def _facts(row: Any, places: PlaceBook) -> dict[str, Any]:
    """A row's facts as reported, and where the club lies on today's map."""
    founding = FoundingFacts.model_validate_json(row["founding"])
    located = places.locate(founding.commune, "34")
    return {
        "club": row["club"],
        "version": row["version"],
        "founding": founding,
        "generated": json.loads(row["founding"]).get("generated", False),
        "commune": _named(founding.commune, places),
        "province": None if located.province is None else _named(located.province, places),
        "commune_today": None if located.commune is None else _named(located.commune, places),
        "candidates": [_named(place, places) for place in located.candidates],
        "status": row["status"],
        "since": row["since"],
        "last_meeting": row["last_meeting"],
        "members": _report(MembersReported, row["members"]),
        "month": _report(MonthReported, row["month"]),
        "board": _report(BoardRenewed, row["board"]),
        "recorded_at": row["recorded_at"],
    }


def _moment(row: Any, places: PlaceBook) -> Moment:
    actor = parse_actor(row["actor"])
    vi, en = _WHAT[row["type"]]
    return Moment(
        version=row["version"],
        event_id=row["event_id"],
        type=row["type"],
        vi=vi,
        en=en,
        day=row["day"],
        recorded_at=row["recorded_at"],
        recorded_by=Recorder(role=actor.role, side=actor.side, area=_named(actor.area, places), token=actor.token),
        changes=[Change.model_validate(change) for change in json.loads(row["changes"])],
    )


def _named(place: PlaceRef, places: PlaceBook) -> NamedPlace:
    return NamedPlace(key=place.key, name=places.name(place))


def _report(kind: type[M], text: str | None) -> M | None:
    return None if text is None else kind.model_validate_json(text)


def _unknown() -> Refused:
    return Refused(
        "unknown-club",
        "Không có câu lạc bộ nào mang mã này; hãy kiểm tra mã câu lạc bộ.",
        "There is no club with this id; check the club's id.",
        status=404,
        field="club",
    )
