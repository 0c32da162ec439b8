"""The renewal of a club's board (kiện toàn ban chủ nhiệm)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry import sheets
from services.reporting.pages.entry.draft import Draft, en_day, vi_day
from services.reporting.pages.entry.fields import Facts, Read, nested
from services.reporting.pages.entry.record import Record
from services.reporting.pages.entry.report import Kind


def _fresh(draft: Draft, record: Record, today: date, empty: bool) -> None:
    last = record.last(record.boards, today)
    draft.typed = {"renewed_on": today.isoformat()}
    if last is None:
        return
    day, facts = last
    if day == today.isoformat():
        KIND.show_standing(draft, day, facts)
    if not empty:
        draft.typed["board_size"] = str(facts["board_size"])
        draft.source = Words(
            f"Số người như lần kiện toàn ngày {vi_day(day)}.",
            f"The number is that of the renewal of {en_day(day)}.",
        )


def _facts(found: Read, _: Mapping[str, str]) -> Facts:
    return nested(found.values)


def _standing(day: str) -> Words:
    return Words(
        f"Ngày {vi_day(day)} đã ghi kiện toàn. Gửi biểu mẫu này là sửa lần ghi đó; số cũ vẫn còn trong lịch sử.",
        f"A renewal of {en_day(day)} is recorded already. Sending this form corrects it; the old numbers stay in the history.",
    )


KIND = Kind(
    path="/nhap/kien-toan",
    type="clubs.renew-board",
    heading=lambda _: Words("Kiện toàn ban chủ nhiệm", "Renewal of the board"),
    button=Words("Gửi", "Send"),
    sections=sheets.BOARD,
    reports="boards",
    day="renewed_on",
    fresh=_fresh,
    facts=_facts,
    standing=_standing,
)
