"""The members of a club as of a day (báo cáo thành viên), with the last report's numbers in the fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry import sheets
from services.reporting.pages.entry.draft import Draft, en_day, vi_day
from services.reporting.pages.entry.fields import Facts, Read, nested, typed_from
from services.reporting.pages.entry.record import Record
from services.reporting.pages.entry.report import Kind


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
