"""Why a figure shows the source that it shows, in words: the rule of `sources`, said of one answer. Pure.

Where several sources speak of one figure, all of them stay on the page; each that is not shown is given its own reason.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.reporting.indicators.definition import Coverage, Share, Sum, Words
from services.reporting.questions import wording
from services.reporting.questions.declared import Declared
from services.reporting.questions.desk import Figure
from services.reporting.questions.geography import same_places
from shared.reference.book import Places

_BASES = ("counted", "declared", "estimated")


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
        return _declared(found, places)
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
        case Sum() if (larger := _larger(found)) is not None:
            said = wording.declared(larger)
            return Words(
                f"Đang hiện số cộng từ từng sự kiện của mọi nơi: nguồn cụ thể nhất. Số công bố mới nhất lớn hơn: {said.vi}.",
                f"The sum of single events of all places is shown, the most specific source. The newest published figure is "
                f"larger: {said.en}.",
            )
        case Sum() if choice.complete or not definition.of_clubs:
            return Words(
                "Đang hiện số cộng từ từng sự kiện: nguồn cụ thể nhất, và không có số công bố nào lớn hơn nói ngược lại.",
                "The sum of single events is shown: the most specific source, and nothing published contradicts it.",
            )
        case Sum():
            return Words(
                "Đang hiện số cộng từ từng sự kiện, nhưng chưa đủ: số câu lạc bộ đếm được còn ít hơn số kê khai.",
                "The sum of single events is shown, but it is incomplete: fewer clubs are counted than declared.",
            )


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
        f"Mỗi tỉnh lấy nguồn cụ thể nhất đã đủ: nơi đếm chưa đủ thì giữ số đã công bố (cộng lại {declared.vi}).",
        f"Each province takes its most specific complete source; where the count is not complete the published figure stays "
        f"({declared.en} together).",
    )


def not_shown(claim: Declared, found: Figure, places: Places) -> Words:
    """Why one published figure of the same area is beside the value and not in it."""
    if claim.scope is not None:
        return Words(f"chỉ nói về {claim.scope}, không phải cả địa bàn", f"is of {claim.scope} only, not of the whole area")
    if claim.basis not in _BASES:
        return Words(
            "chép theo nguồn mà chính nguồn nói khác nhau, nên không đứng thay cho cả địa bàn",
            "is printed so by a source that contradicts itself, so it does not stand for the area",
        )
    if claim.valid_to is None:
        return Words("nguồn không ghi số này của ngày nào", "its source does not say of which day it is")
    if claim.valid_to > found.question.clocks.as_of:
        return Words("là số của ngày sau ngày đang xem", "is of a later day than the one that is looked at")
    used = [each for each in found.choice.used if each.area in same_places(places, found.question.area)]
    if not used:
        return Words("đã có nguồn cụ thể hơn: cộng từ bên dưới lên", "a more specific source exists: the sum from below")
    if (used[0].valid_to or date.min) > claim.valid_to:
        return Words("cũ hơn số đang hiện", "is older than the figure shown")
    return Words(
        "cùng ngày, nhưng công bố trước hoặc căn cứ yếu hơn số đang hiện",
        "is of the same day, but was published earlier or on a weaker basis",
    )
