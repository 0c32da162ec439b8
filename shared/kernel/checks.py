"""Checks that the deciders of several services make: places, days, order, repetition. Pure; each raises `Refused` or returns.

They refuse what cannot be so. What is merely odd is a notice and the decider's own business.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import date

from shared.kernel.decider import Context
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef


def known_place(place: PlaceRef, context: Context, field: str) -> None:
    """The code is in the list that it names; else `unknown-place`."""
    if not context.places.exists(place):
        raise Refused(
            "unknown-place",
            f"Mã {place.code} không có trong danh mục {place.list} tỉnh, thành; hãy kiểm tra mã và danh mục.",
            f"Code {place.code} is not in the list of the {place.list} provinces; check the code and its list.",
            field=field,
        )


def in_order(earlier: date, later: date, field: str, vi: str, en: str) -> None:
    """The days do not run backwards; else `dates-out-of-order` with the given sentence."""
    if earlier > later:
        raise Refused("dates-out-of-order", vi, en, field=field)


def not_in_future(day: date, context: Context, field: str) -> None:
    """The day has come (in Vietnam); else `in-the-future`."""
    if day > context.today:
        raise Refused(
            "in-the-future",
            f"Ngày {day:%d/%m/%Y} chưa đến; chỉ ghi việc đã xảy ra.",
            f"{day.isoformat()} is still to come; record only what has happened.",
            field=field,
        )


def no_repeats(items: Iterable[Hashable], field: str) -> None:
    """Nothing is named twice; else `named-twice`."""
    seen: set[Hashable] = set()
    for number, item in enumerate(items, start=1):
        if item in seen:
            raise Refused(
                "named-twice",
                f"Mục thứ {number} đã được ghi ở trên; hãy bỏ một trong hai.",
                f"Item {number} was named before; remove one of the two.",
                field=field,
            )
        seen.add(item)
