"""The members of a club as of a day (báo cáo thành viên), with the last report's numbers in the fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry import report, sheets
from services.reporting.pages.entry.desk import Desk
from services.reporting.pages.entry.draft import Draft, en_day, vi_day
from services.reporting.pages.entry.fields import Facts, Read, nested, typed_from
from services.reporting.pages.entry.record import Record
from services.reporting.pages.entry.report import Kind
from services.reporting.pages.reading import Chosen
from shared.web.sessions import SignedIn, Visiting

Blank = Annotated[bool, Query()]


def _fresh(draft: Draft, record: Record, today: date, empty: bool) -> None:
    last = record.last(record.members, today)
    draft.typed = {"as_of": today.isoformat(), "basis": "counted"}
    if last is None:
        return
    day, facts = last
    if day == today.isoformat():
        KIND.show_standing(draft, day, facts)
    if empty:
        return
    draft.typed = typed_from(KIND.sections, facts) | {"as_of": today.isoformat()}
    if day != today.isoformat():
        draft.source = Words(
            f"Như lần trước: các số lấy từ báo cáo ngày {vi_day(day)}. Chỉ cần sửa số đã thay đổi.",
            f"As last time: the numbers are of the report of {en_day(day)}. Change only what has changed.",
        )


def _facts(found: Read, _: Mapping[str, str]) -> Facts:
    return nested(found.values)


def _standing(day: str) -> Words:
    return Words(
        f"Ngày {vi_day(day)} đã có báo cáo thành viên. Gửi biểu mẫu này là sửa báo cáo đó; số cũ vẫn còn trong lịch sử.",
        f"There is a report of {en_day(day)} already. Sending this form corrects it; the old numbers stay in the history.",
    )


KIND = Kind(
    path="/nhap/thanh-vien",
    type="clubs.report-members",
    heading=lambda _: Words("Báo cáo thành viên", "Report of members"),
    button=Words("Gửi báo cáo", "Send the report"),
    sections=sheets.MEMBERSHIP,
    reports="members",
    day="as_of",
    fresh=_fresh,
    facts=_facts,
    standing=_standing,
)


def router(desk: Desk) -> APIRouter:
    """The form and its receiver."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(KIND.path + "/{stream}", response_class=Response)
    async def members(request: Request, visitor: SignedIn, reading: Chosen, stream: str, trong: Blank = False) -> Response:
        """The form of a club's members."""
        return await report.fresh(desk, KIND, request, visitor, reading, stream, empty=trong, kept={})

    @routes.post(KIND.path + "/{stream}", response_class=Response)
    async def report_members(request: Request, visitor: Visiting, reading: Chosen, stream: str) -> Response:
        """Record the members of a club."""
        return await report.take(desk, KIND, request, visitor, reading, stream)

    _ = (members, report_members)
    return routes
