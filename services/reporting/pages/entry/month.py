"""The monthly report of a club (báo cáo tháng), "như tháng trước": the last report's values stand in the fields.

The month is chosen before the form is filled in, so that the form can say what stands of that month already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry import report, sheets
from services.reporting.pages.entry.desk import Desk
from services.reporting.pages.entry.draft import MONTH, Draft
from services.reporting.pages.entry.fields import Facts, Read, nested, typed_from
from services.reporting.pages.entry.record import Record
from services.reporting.pages.entry.report import Kind
from services.reporting.pages.reading import Chosen
from services.reporting.pages.site import Named
from shared.web.sessions import SignedIn, Visiting

OFFERED: Final = 12
_MONTH: Final = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")
_NOTHING_DONE: Final = Words(
    "Mảng chỉ có số 0 nghĩa là không làm trong tháng: hãy để trống cả mảng, hoặc đánh dấu ô “Có làm”.",
    "An area with nothing but zeros was not carried out: leave all of it blank, or tick the box.",
)


def before(month: str) -> str:
    """The month before, `2026-09` of `2026-10`."""
    return (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat()[:7]


def months_to(today: date, founded_on: str) -> Iterator[str]:
    """The months that may be reported, the newest first, not before the founding."""
    month = today.isoformat()[:7]
    for _ in range(OFFERED):
        if month < founded_on[:7]:
            return
        yield month
        month = before(month)


def due(record: Record, today: date) -> str:
    """The month that the form is for unless another is chosen: the last whole one, or the running one when that is there."""
    running = today.isoformat()[:7]
    last = before(running)
    wanted = last >= record.founded_on[:7] and f"{last}-01" not in record.months
    return last if wanted else running


def named(month: str) -> Words:
    """`tháng 10/2026`."""
    found = date.fromisoformat(f"{month[:7]}-01")
    return Words(f"tháng {found:%m/%Y}", f"{found:%B %Y}")


def _fresh(draft: Draft, record: Record, today: date, empty: bool) -> None:
    offered = list(months_to(today, record.founded_on))
    month = draft.kept.get(MONTH) or due(record, today)
    draft.kept[MONTH] = month
    draft.title = _heading(draft.kept)
    draft.choices_title = Words("Báo cáo tháng khác", "Another month")
    for each in offered:
        there = f"{each}-01" in record.months
        said = named(each)
        words = Words(said.vi + (" (đã có)" if there else ""), said.en + (" (reported)" if there else ""))
        draft.choices.append((f"{draft.action}?{MONTH}={each}", words, each == month))
    stands = record.months.get(f"{month}-01")
    if stands is not None:
        KIND.show_standing(draft, f"{month}-01", stands)
        draft.typed = typed_from(KIND.sections, stands)
        return
    last = record.last(record.months, date.fromisoformat(f"{month}-01"))
    if last is not None and not empty:
        day, facts = last
        draft.typed = typed_from(KIND.sections, {**facts, "met_on": None})
        said = named(day)
        close = day[:7] == before(month)
        draft.source = Words(
            f"{'Như tháng trước' if close else 'Như lần trước'}: các số lấy từ báo cáo {said.vi}. Chỉ cần sửa số đã thay đổi.",
            f"As last {'month' if close else 'time'}: the values are those of the report of {said.en}. "
            "Change only what has changed.",
        )


def _facts(found: Read, form: Mapping[str, str]) -> Facts:
    """Areas: one of which anything was done is present; none present means that the areas were not reported."""
    boxes = [f"areas.{area}" for area, _ in sheets.AREAS]
    ticked = {path for path in boxes if found.values.get(path)}
    facts = nested({path: value for path, value in found.values.items() if path not in boxes})
    areas: Facts = facts.pop("areas", {})
    for path in boxes:
        area = path.removeprefix("areas.")
        numbers: Facts = areas.get(area, {})
        if path in ticked:
            areas[area] = numbers
        elif numbers and not any(numbers.values()):
            found.errors.setdefault(f"{path}.{next(iter(numbers))}", _NOTHING_DONE)
    if areas:
        facts["areas"] = areas
    month = form.get(MONTH, "")
    if _MONTH.fullmatch(month):
        facts["month"] = f"{month}-01"
    return facts


def _standing(day: str) -> Words:
    said = named(day)
    return Words(
        f"Đã có báo cáo {said.vi}. Gửi biểu mẫu này là sửa báo cáo đó; số cũ vẫn còn trong lịch sử.",
        f"There is a report of {said.en} already. Sending this form corrects it; the old numbers stay in the history.",
    )


def _heading(kept: Mapping[str, str]) -> Words:
    month = kept.get(MONTH, "")
    return _title(month) if _MONTH.fullmatch(month) else Words("Báo cáo tháng", "Monthly report")


def _title(month: str) -> Words:
    said = named(month)
    return Words(f"Báo cáo {said.vi}", f"Report of {said.en}")


KIND = Kind(
    path="/nhap/thang",
    type="clubs.report-month",
    heading=_heading,
    button=Words("Gửi báo cáo", "Send the report"),
    sections=sheets.MONTH,
    reports="months",
    day="month",
    fresh=_fresh,
    facts=_facts,
    standing=_standing,
)

Wanted = Annotated[str | None, Query(pattern=_MONTH.pattern, max_length=7)]


def router(desk: Desk) -> APIRouter:
    """The form and its receiver."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(KIND.path + "/{stream}", response_class=Response)
    async def month(
        request: Request, visitor: SignedIn, reading: Chosen, stream: Named, thang: Wanted = None, trong: report.Blank = False
    ) -> Response:
        """The form of a club's month."""
        kept = {MONTH: thang} if thang else {}
        return await report.fresh(desk, KIND, request, visitor, reading, stream, empty=trong, kept=kept)

    @routes.post(KIND.path + "/{stream}", response_class=Response)
    async def report_month(request: Request, visitor: Visiting, reading: Chosen, stream: Named) -> Response:
        """Record a club's month."""
        return await report.take(desk, KIND, request, visitor, reading, stream)

    _ = (month, report_month)
    return routes
