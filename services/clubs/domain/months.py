"""What may be said of a club's month: a meeting inside it, loans that can be, no sums of a whole province.

A month may be named by any of its days; it is kept by its first. The running month may be reported, a later one may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from services.clubs.domain.founding import check_since_founding
from services.clubs.domain.state import Club, month_end
from shared.events.clubs import Loans, MonthFacts, month_start
from shared.kernel.decider import Context
from shared.kernel.errors import Notice, Refused
from shared.kernel.numbers import dotted

MOST_PEOPLE = 10_000
"""Attendances, loans or visits of one club in one month: above this it is a slip."""

MOST_MONEY = 100_000_000_000
"""The richest club known holds about a billion đồng; above a hundred billion it is a slip, or written in another unit."""


def check_month(club: Club, facts: MonthFacts, context: Context) -> None:
    """The month has begun and the club existed in it; the meeting lies inside it; the loans can be. Else `Refused`."""
    if month_start(facts.month) > month_start(context.today):
        raise Refused(
            "in-the-future",
            f"Tháng {facts.month:%m/%Y} chưa đến; chỉ báo cáo tháng đã đến.",
            f"The month {facts.month:%Y-%m} is still to come; report months that have begun.",
            field="month",
        )
    check_since_founding(club, min(month_end(facts.month), context.today), context, "month")
    _check_meeting(club, facts, context)
    if facts.loans is not None:
        _check_loans(facts.loans)
    for field, value in _numbers(facts):
        money = field.startswith(("income_fund", "operating_fund", "loans.total", "areas.resources"))
        if value > (MOST_MONEY if money else MOST_PEOPLE):
            raise Refused(
                "absurd-count",
                f"Số {dotted(value)} ở mục {field} là quá lớn cho một câu lạc bộ trong một tháng; "
                "hãy kiểm tra số và đơn vị (đồng).",
                f"{value:,} in {field} is too large for one club in one month; check the number and the unit (đồng).",
                field=field,
            )


def _check_meeting(club: Club, facts: MonthFacts, context: Context) -> None:
    if facts.met_on is None:
        return
    if not facts.meeting_held:
        raise Refused(
            "meeting-not-held",
            "Có ngày sinh hoạt nhưng lại ghi không sinh hoạt; hãy sửa một trong hai mục.",
            "A day of the meeting is given, yet no meeting was held; correct one of the two.",
            field="met_on",
        )
    if month_start(facts.met_on) != month_start(facts.month):
        raise Refused(
            "meeting-outside-month",
            f"Ngày sinh hoạt {facts.met_on:%d/%m/%Y} không thuộc tháng {facts.month:%m/%Y}; hãy kiểm tra ngày và tháng.",
            f"The meeting of {facts.met_on.isoformat()} is not in the month {facts.month:%Y-%m}; check the day and the month.",
            field="met_on",
        )
    check_since_founding(club, facts.met_on, context, "met_on")


def _check_loans(loans: Loans) -> None:
    borrowers, number, total = loans.borrowers, loans.number, loans.total
    if borrowers is not None and number is not None and borrowers > number:
        raise Refused(
            "more-borrowers-than-loans",
            f"{dotted(borrowers)} người vay nhưng chỉ có {dotted(number)} lượt vay; mỗi người vay ít nhất một lượt.",
            f"{borrowers:,} people borrowed, but there were only {number:,} loans; each borrower takes at least one.",
            field="loans.borrowers",
        )
    lent_to_someone = [count for count in (borrowers, number) if count is not None]
    if total and lent_to_someone and not any(lent_to_someone):
        raise Refused(
            "sum-without-loans",
            "Có số tiền cho vay nhưng không có người vay hay lượt vay; hãy kiểm tra các số.",
            "A sum was lent, yet there are neither borrowers nor loans; check the numbers.",
            field="loans.total",
        )


def _numbers(part: BaseModel, path: str = "") -> Iterator[tuple[str, int]]:
    """Every number in the facts, however deep, with its path."""
    for name in type(part).model_fields:
        value: object = getattr(part, name)
        if isinstance(value, BaseModel):
            yield from _numbers(value, f"{path}{name}.")
        elif isinstance(value, int) and not isinstance(value, bool):
            yield f"{path}{name}", value


def _people(facts: MonthFacts) -> Iterator[tuple[str, int | None]]:
    """The numbers that count members of the club."""
    if facts.loans is not None:
        yield "loans.borrowers", facts.loans.borrowers
    if facts.areas is not None and facts.areas.health is not None:
        yield "areas.health.members_checked", facts.areas.health.members_checked
    if facts.areas is not None and facts.areas.income is not None:
        yield "areas.income.members_supported", facts.areas.income.members_supported


def odd_month(club: Club, facts: MonthFacts) -> Iterable[Notice]:
    """A month skipped since the last meeting, more borrowers or people examined than the club has members."""
    month = month_start(facts.month)
    previous = club.meeting_before(month)
    if facts.meeting_held and previous is not None:
        skipped = (month.year - previous.year) * 12 + month.month - previous.month - 1
        if skipped > 0:
            yield Notice(
                "meeting-late",
                f"Lần sinh hoạt trước là {previous:%d/%m/%Y}, bỏ {skipped} tháng không sinh hoạt; quy định mỗi tháng một lần.",
                f"The meeting before was on {previous.isoformat()}, with {skipped} months without one between; "
                "the rule is one a month.",
                "met_on",
            )
    members = club.members_on(month_end(month))
    if members is None:
        return
    for field, value in _people(facts):
        if value is not None and value > members:
            yield Notice(
                "more-than-members",
                f"Số {dotted(value)} ở mục {field} lớn hơn số thành viên đã báo cáo ({dotted(members)}).",
                f"{value:,} in {field} is more than the members last reported ({members:,}).",
                field,
            )
