"""What questions over HTTP have in common: the place asked for, and pages.

A place is written as in events, `34:38` or `VN`. A code that is absent from the list it names is refused with 422.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook

PlaceText = Annotated[
    str | None, Query(max_length=16, description="`VN`, or the list and the code: `34:38` (province), `34:14758` (commune)")
]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


def asked_place(text: str, places: PlaceBook) -> PlaceRef:
    """The place that a question names, or `Refused` (`unknown-place`)."""
    try:
        place = PlaceRef.parse(text)
    except ValueError:
        place = None
    if place is None or not places.exists(place):
        raise Refused(
            "unknown-place",
            "Không có nơi này; hãy ghi danh mục và mã, ví dụ 34:38 (tỉnh), 34:14758 (xã), hoặc VN.",
            "There is no such place; write the list and the code, such as 34:38 (province), 34:14758 (commune), or VN.",
            field="place",
        )
    return place
