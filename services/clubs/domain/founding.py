"""What may be said of a founding: impossible things are refused, odd ones pointed out.

A club of 2022 may be entered today under its commune of 2025: the map is no matter, only a code that is absent from the list
that it names is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.clubs.domain.state import Club
from shared.events.clubs import FoundingFacts
from shared.kernel.checks import in_order, known_place, not_in_future
from shared.kernel.decider import Context
from shared.kernel.errors import Notice, Refused

USUAL_LAUNCH = 180
"""The launch ceremony follows the decision within days or months; more days than this are pointed out."""


def check_founding(facts: FoundingFacts, context: Context) -> None:
    """The commune is one, in its list; the decision comes before the launch; both have happened. Else `Refused`."""
    known_place(facts.commune, context, "commune")
    if facts.commune.level != "commune":
        raise Refused(
            "not-a-commune",
            "Câu lạc bộ thuộc một xã, phường, thị trấn hoặc đặc khu; hãy ghi mã năm chữ số của nơi đó.",
            "A club belongs to a commune, ward, township or special zone; give that place's code of five digits.",
            field="commune",
        )
    not_in_future(facts.founded_on, context, "founded_on")
    if facts.launched_on is not None:
        in_order(
            facts.founded_on, facts.launched_on, "launched_on",
            "Ngày ra mắt đứng trước ngày quyết định thành lập; hãy kiểm tra hai ngày.",
            "The launch comes before the founding decision; check both days.",
        )  # fmt: skip
        not_in_future(facts.launched_on, context, "launched_on")


def check_correction(club: Club, facts: FoundingFacts, context: Context) -> None:
    """As a founding, and not later than what was already reported of the club; else `Refused`."""
    check_founding(facts, context)
    earliest = club.earliest()
    if earliest is not None:
        in_order(
            facts.founded_on, earliest, "founded_on",
            f"Câu lạc bộ đã có số liệu ngày {earliest:%d/%m/%Y}, trước ngày thành lập mới; hãy kiểm tra ngày.",
            f"The club has figures of {earliest.isoformat()}, before the new founding date; check the day.",
        )  # fmt: skip


def odd_founding(facts: FoundingFacts, context: Context) -> Iterable[Notice]:
    """A launch long after the decision, a divided commune, a code of a list that was no longer in force."""
    if facts.launched_on is not None and (facts.launched_on - facts.founded_on).days > USUAL_LAUNCH:
        yield Notice(
            "launched-late",
            f"Lễ ra mắt sau quyết định thành lập hơn {USUAL_LAUNCH} ngày; hãy kiểm tra hai ngày.",
            f"The launch is more than {USUAL_LAUNCH} days after the founding decision; check both days.",
            "launched_on",
        )
    if facts.commune.list == "63" and context.places.map_on(facts.founded_on) == "34":
        yield Notice(
            "old-commune-code",
            "Ngày thành lập từ 01/07/2025 nhưng mã xã thuộc danh mục cũ; nên dùng mã mới.",
            "Founded from 1 July 2025 on, but the commune's code is of the old list; better give the new one.",
            "commune",
        )
    if context.places.map_on(context.today) == "34":
        yield from _divided(facts, context)


def _divided(facts: FoundingFacts, context: Context) -> Iterable[Notice]:
    located = context.places.locate(facts.commune, "34")
    if located.undecided:
        names = ", ".join(f"{context.places.name(place)} ({place.code})" for place in located.candidates)
        yield Notice(
            "commune-divided",
            f"Xã này đã chia cho nhiều xã mới: {names}. Câu lạc bộ chờ phân định cho đến khi đính chính mã xã mới.",
            f"This commune was divided among {names}. The club waits to be assigned until its new commune is recorded.",
            "commune",
        )


def check_since_founding(club: Club, day: date, context: Context, field: str) -> None:
    """The day has come, and the club had been founded by then; else `Refused`."""
    not_in_future(day, context, field)
    founded_on = club.founding.founded_on
    if day < founded_on:
        raise Refused(
            "before-founding",
            f"Ngày {day:%d/%m/%Y} đứng trước ngày thành lập câu lạc bộ ({founded_on:%d/%m/%Y}); hãy kiểm tra ngày.",
            f"{day.isoformat()} is before the club was founded ({founded_on.isoformat()}); check the day.",
            field=field,
        )
