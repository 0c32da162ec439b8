"""Why a figure shows the source that it shows, in words: the rule of `sources`, said of one answer. Pure.

Where several sources speak of one figure, all of them stay on the page; each that is not shown is given its own reason.
Whether a count is complete is known of clubs alone; of what clubs report it is said how many of them have.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from services.reporting.indicators.definition import Coverage, Share, Sum, Words
from services.reporting.questions import wording
from services.reporting.questions.declared import Declared
from services.reporting.questions.desk import Figure
from services.reporting.questions.geography import same_places
from services.reporting.questions.sources import RANKED, Rank, rank
from shared.reference.book import Places


def shown(found: Figure, places: Places) -> Words:
    """Which source the value is from, and by which rule."""
    choice, definition, basis = found.choice, found.question.definition, found.question.clocks.basis
    if choice.value is None:
        return Words(
            "Chưa có nguồn nào nói về số này tính đến ngày đang xem; để trống, không ghi là không.",
            "No source speaks of this figure by the day; it is left blank and not shown as zero.",
        )
    if basis != "any":
        word = wording.BASES[basis]
        return Words(
            f"Chỉ cộng các bút toán có căn cứ “{word.vi}”; số đã công bố không tính ở đây.",
            f"Only entries of the basis “{word.en}” are added; published figures do not count here.",
        )
    if choice.used:
        return _and(_declared(found, places), _reported(found))
    match definition.formula:
        case Share():
            return Words(
                "Tỷ lệ tính trên những câu lạc bộ có ghi số này; nơi để trống không vào mẫu số.",
                "The share is of the clubs that stated it; blanks are not in its denominator.",
            )
        case Coverage():
            return Words(
                "Đếm những nơi có ít nhất một câu lạc bộ đang tồn tại, trên bản đồ đang xem.",
                "The places with at least one existing club are counted, on the map that is looked at.",
            )
        case Sum():
            return _and(_counted(found), _reported(found))


def _counted(found: Figure) -> Words:
    if (larger := _larger(found)) is not None:
        said = wording.declared(larger)
        return Words(
            f"Đang hiện số cộng từ từng sự kiện của mọi nơi: nguồn cụ thể nhất. Số công bố mới nhất lớn hơn: {said.vi}.",
            f"The sum of single events of all places is shown, the most specific source. The newest published figure is "
            f"larger: {said.en}.",
        )
    if found.choice.complete or not found.question.definition.of_clubs:
        return Words(
            "Đang hiện số cộng từ từng sự kiện: nguồn cụ thể nhất, và không có số công bố nào lớn hơn nói ngược lại.",
            "The sum of single events is shown: the most specific source, and nothing published contradicts it.",
        )
    return Words(
        "Đang hiện số cộng từ từng sự kiện, nhưng chưa đủ: số câu lạc bộ đếm được còn ít hơn số kê khai.",
        "The sum of single events is shown, but it is incomplete: fewer clubs are counted than declared.",
    )


def _reported(found: Figure) -> Words | None:
    """Of what clubs report, not of clubs themselves: how many of them have."""
    of = _clubs_that_reported(found)
    if of is None:
        return None
    return Words(
        f"Phần đếm được là của {of.vi} đã báo cáo số này.",
        f"What is counted is of {of.en} that have reported it.",
    )


def _clubs_that_reported(found: Figure) -> Words | None:
    if found.value.stated is None or not found.question.definition.of_clubs or not found.clubs:
        return None
    stated, clubs = wording.number(Decimal(found.value.stated)), wording.number(Decimal(found.clubs))
    return Words(f"{stated.vi} trong {clubs.vi} câu lạc bộ", f"{stated.en} of {clubs.en} clubs")


def _and(one: Words, other: Words | None) -> Words:
    return one if other is None else Words(f"{one.vi} {other.vi}", f"{one.en} {other.en}")


def _larger(found: Figure) -> Declared | None:
    """The newest published figure of the whole area by the day, if it is larger than the count that is shown."""
    day, value = found.question.clocks.as_of, found.choice.value or Decimal(0)
    whole = [each for each in found.others if each.scope is None and each.valid_to is not None and each.valid_to <= day]
    newest = max(whole, key=lambda each: (each.valid_to or date.min, each.value), default=None)
    return newest if newest is not None and newest.value > value else None


def _declared(found: Figure, places: Places) -> Words:
    choice, unit = found.choice, found.question.definition.unit
    counted = wording.amount(Decimal(choice.counted), unit)
    if len(choice.used) == 1 and choice.used[0].area in same_places(places, found.question.area):
        return Words(
            f"Đang hiện số đã công bố mới nhất: đếm từng câu lạc bộ mới được {counted.vi}, chưa đủ để thay số công bố.",
            f"The latest published figure is shown: counting club by club gives {counted.en} so far, not enough to replace it.",
        )
    declared = wording.amount(sum((each.value for each in choice.used), Decimal(0)), unit)
    return Words(
        f"Mỗi tỉnh lấy nguồn cụ thể nhất đã đủ: nơi đếm chưa đủ câu lạc bộ thì giữ số đã công bố (cộng lại {declared.vi}).",
        f"Each province takes its most specific complete source; where not all clubs are counted the published figure stays "
        f"({declared.en} together).",
    )


def claims(found: Figure, places: Places) -> Iterator[tuple[Declared, Words | None]]:
    """Every published figure that the answer knows of, with the reason why it is not shown; None for one that is."""
    yield from ((each, None) for each in found.choice.used)
    yield from ((each, not_shown(each, found, places)) for each in found.others)


def count_not_shown(found: Figure) -> Words:
    """Why what the ledger holds is beside the published figure and not in its place."""
    of = _clubs_that_reported(found)
    if of is None:
        return Words("chưa đủ so với số đã công bố", "not complete against what is published")
    return Words(
        f"đếm chưa đủ câu lạc bộ; mới là của {of.vi} đã báo cáo số này",
        f"not all clubs are counted; it is of {of.en} that have reported it so far",
    )


def not_shown(claim: Declared, found: Figure, places: Places) -> Words:
    """Why one published figure, of the same area or of a part of it, is beside the value and not in it."""
    own = same_places(places, found.question.area)
    if claim.scope is not None:
        return Words(f"chỉ nói về {claim.scope}, không phải cả địa bàn", f"is of {claim.scope} only, not of the whole area")
    if claim.area not in own:
        return Words("chỉ nói về một tỉnh cũ, không phải cả tỉnh hiện nay", "is of one old province, not of the one of today")
    if claim.basis not in RANKED:
        return Words(
            "chép theo nguồn mà chính nguồn nói khác nhau, nên không đứng thay cho cả địa bàn",
            "is printed so by a source that contradicts itself, so it does not stand for the area",
        )
    if claim.valid_to is None:
        return Words("nguồn không ghi số này của ngày nào", "does not say of which day it is")
    if claim.valid_to > found.question.clocks.as_of:
        return Words("là số của ngày sau ngày đang xem", "is of a later day than the one that is looked at")
    if claim.value == found.choice.value:
        return Words("trùng với số đang hiện", "is the same as the figure shown")
    used = [each for each in found.choice.used if each.area in own]
    if not used:
        return Words("đã có nguồn cụ thể hơn: cộng từ bên dưới lên", "gives way to a more specific source: the sum from below")
    return _ranked_lower(claim, used[0])


def _ranked_lower(claim: Declared, shown: Declared) -> Words:
    """Why another figure of the same area stands before a published one: the first difference of their ranks."""
    lower, higher = rank(claim), rank(shown)
    match next((name for name, one, other in zip(Rank._fields, lower, higher, strict=True) if one != other), "stream"):
        case "valid_to":
            return Words("cũ hơn số đang hiện", "is older than the figure shown")
        case "published_on" if claim.published_on is None:
            return Words(
                "cùng ngày, nhưng nguồn không ghi ngày công bố",
                "is of the same day, but its source does not say when it was published",
            )
        case "published_on":
            return Words("cùng ngày, nhưng công bố trước số đang hiện", "is of the same day, but was published earlier")
        case "basis":
            return Words("cùng ngày, nhưng căn cứ yếu hơn số đang hiện", "is of the same day, but on a weaker basis")
        case "exact":
            return Words("cùng ngày, nhưng chỉ là số chừng", "is of the same day, but is not an exact figure")
        case _:
            return Words(
                "cùng ngày, cùng căn cứ và không có gì để chọn giữa hai số, nên hiện số lớn hơn",
                "is of the same day and basis, and nothing tells the two apart, so the larger one is shown",
            )
