"""Vague dates as intervals of days, both ends included, in which the printed date certainly lies; None and None: unknown.

`about 2018` is taken as a year to either side; `before 2016-08` begins with the first day that the system knows. A form that
is not listed here is refused rather than guessed at.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from shared.reference.points.problem import BadCell

Interval = tuple[date | None, date | None]
"""Both ends, or neither."""

BEGINNING = date(1990, 1, 1)
"""No figure is of a day before."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTH = "|".join(_MONTHS)


def interval(printed: str) -> Interval:
    """The days for which a figure of this printed date was valid. May raise `BadCell`."""
    text = " ".join(printed.split())
    for pattern, days in _FORMS:
        match = pattern.fullmatch(text)
        if match is None:
            continue
        try:
            first, last = days(*match.groups())
        except ValueError as error:
            raise BadCell("no-such-date", f"ngày {text!r} không có trong lịch", f"there is no date {text!r}") from error
        _in_range(first, last, text)
        return first, last
    raise BadCell(
        "unreadable-date",
        f"không đọc được ngày {text!r}; viết 2024-12-31, 2024-12, 2024, '2025 (before 1 July)' hoặc 'unknown'",
        f"cannot read the date {text!r}; write 2024-12-31, 2024-12, 2024, '2025 (before 1 July)' or 'unknown'",
    )


def _in_range(first: date | None, last: date | None, text: str) -> None:
    for day in (first, last):
        if day is not None and not 1990 <= day.year <= 2099:
            raise BadCell("date-out-of-range", f"ngày {text!r} ngoài 1990–2099", f"{text!r} is outside 1990 to 2099")
    if first is not None and last is not None and first > last:
        raise BadCell("dates-out-of-order", f"{text!r}: đầu sau cuối", f"{text!r}: the start is after the end")


def _month_number(name: str) -> int:
    return _MONTHS.index(name) + 1


def _month(year: int, month: int) -> tuple[date, date]:
    first = date(year, month, 1)
    return first, date(year, month, monthrange(year, month)[1])


def _day(year: str, month: str, day: str) -> Interval:
    exact = date(int(year), int(month), int(day))
    return exact, exact


def _whole_month(year: str, month: str) -> Interval:
    return _month(int(year), int(month))


def _years(first: str, last: str) -> Interval:
    return date(int(first), 1, 1), date(int(last), 12, 31)


def _year(year: str) -> Interval:
    return _years(year, year)


def _year_before_day(year: str, day: str, month: str) -> Interval:
    return date(int(year), 1, 1), date(int(year), _month_number(month), int(day)) - timedelta(days=1)


def _year_before_month(year: str, month: str) -> Interval:
    return _year_before_day(year, "1", month)


def _until_month(year: str, month: str) -> Interval:
    return BEGINNING, date(int(year), int(month), 1) - timedelta(days=1)


def _until_year(year: str) -> Interval:
    return BEGINNING, date(int(year), 1, 1) - timedelta(days=1)


def _about(year: str) -> Interval:
    return date(int(year) - 1, 1, 1), date(int(year) + 1, 12, 31)


def _month_of_either(month: str, first: str, last: str) -> Interval:
    number = _month_number(month)
    return _month(int(first), number)[0], _month(int(last), number)[1]


def _unknown() -> Interval:
    return None, None


_FORMS: tuple[tuple[re.Pattern[str], Callable[..., Interval]], ...] = (
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})"), _day),
    (re.compile(r"(\d{4})-(\d{2})"), _whole_month),
    (re.compile(r"(\d{4})"), _year),
    (re.compile(rf"(\d{{4}}) \(before (\d{{1,2}}) ({_MONTH})\)"), _year_before_day),
    (re.compile(rf"(\d{{4}}) \(before ({_MONTH})\)"), _year_before_month),
    (re.compile(r"unknown \(before (\d{4})-(\d{2})\)"), _until_month),
    (re.compile(r"unknown \(before (\d{4})\)"), _until_year),
    (re.compile(r"unknown \((\d{4}) to (\d{4})\)"), _years),
    (re.compile(r"unknown \(about (\d{4})\)"), _about),
    (re.compile(rf"unknown \(({_MONTH}) (\d{{4}}) or (\d{{4}})\)"), _month_of_either),
    (re.compile(r"unknown|không rõ"), _unknown),
)
