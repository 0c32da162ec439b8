"""From what a caller wrote to a question that means one thing; everything else is refused with a slug and a sentence.

Defaults: today, what is known now, today's map (or the list of the area that is named), every basis. Neither clock may be
asked about the future: what has not happened cannot be reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, cast, get_args

from services.reporting.indicators import indicator
from services.reporting.indicators.definition import Definition
from services.reporting.questions.area import Area, parse_area
from services.reporting.questions.question import BasisFilter, Clocks
from shared.kernel.clock import HO_CHI_MINH, day_of
from shared.kernel.errors import Refused
from shared.kernel.place import MapName
from shared.reference.book import Places

GroupBy = Literal["province", "region", "commune", "club", "month"]

HEADLINE: Final = (
    "clubs-founded", "clubs-existing", "clubs-active", "clubs-new-1336", "clubs-new-1648", "members", "older-members", "women",
    "provinces-with-clubs", "communes-with-clubs", "share-women", "share-older", "share-clubs-all-areas",
    "share-clubs-both-funds", "income-fund", "training-rounds", "inspections", "recommendations-open",
)  # fmt: skip
"""What is shown when nobody names an indicator."""

_DMY: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
FIRST: Final = date(1990, 1, 1)
"""The first day that may be asked for."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked: some indicators of one area, and how the answer is cut."""

    definitions: tuple[Definition, ...]
    area: Area
    clocks: Clocks
    group_by: GroupBy | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters as texts, as they come from an address or a command line."""

    indicator: str | None = None
    area: str | None = None
    as_of: str | None = None
    known_at: str | None = None
    map: str | None = None
    basis: str | None = None
    group_by: str | None = None


def understand(asked: Asked, places: Places, now: datetime) -> Ask:
    """The question. May raise `Refused`."""
    written = asked.area or "VN"
    listed = written[:2] if written[:3] in ("63:", "34:") else None
    map_ = _one_of(asked.map, ("34", "63"), "map") or listed or "34"
    if listed is not None and listed != map_:
        raise Refused(
            "area-not-on-map",
            f"Mã {written} thuộc danh mục {listed}; hãy hỏi với map={listed} hoặc dùng mã của danh mục {map_}.",
            f"The code {written} is of list {listed}; ask with map={listed}, or use a code of list {map_}.",
            field="map",
        )
    clocks = Clocks(
        as_of=as_of(asked.as_of, now),
        known_at=known_at(asked.known_at, now),
        map=cast("MapName", map_),
        basis=cast("BasisFilter", _one_of(asked.basis, get_args(BasisFilter), "basis") or "any"),
    )
    slugs = [slug.strip() for slug in asked.indicator.split(",")] if asked.indicator else list(HEADLINE)
    if len(slugs) > 60:
        raise _bad(
            "too-many-indicators", "Hỏi tối đa 60 chỉ tiêu một lần.", "Ask for at most 60 indicators at once.", "indicator"
        )
    group_by = cast("GroupBy | None", _one_of(asked.group_by, get_args(GroupBy), "group_by"))
    definitions = tuple(indicator(slug) for slug in dict.fromkeys(slugs))
    return Ask(definitions, parse_area(written, places, clocks.map), clocks, group_by)


def as_of(text: str | None, now: datetime) -> date:
    """The day: `2025-05-08` or `08/05/2025`; today if nothing is said. May raise `Refused`."""
    today = day_of(now)
    day = today if not text else _day(text, "as_of")
    if not FIRST <= day <= today:
        raise _bad(
            "as-of-out-of-range",
            f"Ngày phải từ 01/01/1990 đến hôm nay ({today:%d/%m/%Y}).",
            f"The day must be from 1990-01-01 to today ({today.isoformat()}).",
            "as_of",
        )
    return day


def known_at(text: str | None, now: datetime) -> datetime:
    """The instant, to the second: an ISO time with zone, or a day, which means the end of that day in Vietnam.

    Nothing said means now, rounded up to the second, so that what was just recorded is in it.
    """
    latest = now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    if not text:
        return latest
    if len(text) <= 10:
        day = _day(text, "known_at")
        instant = datetime.combine(day, time(23, 59, 59), HO_CHI_MINH).astimezone(UTC)
        instant = min(instant, latest) if day == day_of(now) else instant
    else:
        try:
            written = _instant(text)
            instant = written.astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            raise _bad_day("known_at") from None
        if written.tzinfo is None:
            raise _bad(
                "zone-needed",
                "Thời điểm biết phải kèm múi giờ, ví dụ 2025-05-08T14:05:00+07:00; hoặc chỉ ghi ngày.",
                "The instant of knowledge needs a time zone, such as 2025-05-08T14:05:00+07:00; or write only a day.",
                "known_at",
            )
    if not datetime(2000, 1, 1, tzinfo=UTC) <= instant <= latest:
        raise _bad(
            "known-at-out-of-range",
            "Thời điểm biết phải từ năm 2000 đến bây giờ.",
            "The instant of knowledge must be from the year 2000 to now.",
            "known_at",
        )
    return instant


def _instant(text: str) -> datetime:
    """An ISO time; a blank is the `+` of a zone that an address lost, or else stands before the time."""
    try:
        return datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return datetime.fromisoformat(text)


def _day(text: str, field: str) -> date:
    try:
        if found := _DMY.fullmatch(text):
            day, month, year = map(int, found.groups())
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError:
        raise _bad_day(field) from None


def _bad_day(field: str) -> Refused:
    return _bad(
        "bad-date",
        "Ngày viết 2025-05-08 hoặc 08/05/2025; thời điểm viết 2025-05-08T14:05:00+07:00.",
        "Write a day as 2025-05-08 or 08/05/2025, an instant as 2025-05-08T14:05:00+07:00.",
        field,
    )


def _one_of(text: str | None, allowed: tuple[str, ...], field: str) -> str | None:
    if text is None or text in allowed:
        return text
    listed = ", ".join(allowed)
    raise _bad("bad-parameter", f"{field} phải là một trong: {listed}.", f"{field} must be one of: {listed}.", field)


def _bad(slug: str, vi: str, en: str, field: str) -> Refused:
    return Refused(slug, vi, en, field=field)
