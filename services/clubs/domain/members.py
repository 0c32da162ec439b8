"""What may be said of a club's members: no part larger than the whole, no crossing larger than what it crosses.

The programme's rules on size and shares (50 to 70 members; 60 to 70 % women; 60 to 70 % older people) are soft: real clubs
have 30 to 121 members, so what lies outside is pointed out and accepted.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.clubs.domain.founding import check_since_founding
from services.clubs.domain.state import Club
from shared.events.clubs import MembersFacts
from shared.kernel.decider import Context
from shared.kernel.errors import Notice, Refused
from shared.kernel.numbers import dotted

MOST_MEMBERS = 1_000
"""The largest club known has 121 members: a number above this is the sum of many clubs, or a slip."""

_NAMES = {
    "total": ("tổng số thành viên", "members"),
    "women": ("nữ", "women"),
    "aged_60_plus": ("từ 60 tuổi", "people aged 60 and over"),
    "aged_55_plus": ("từ 55 tuổi", "people aged 55 and over"),
    "poor": ("hộ nghèo", "poor people"),
    "near_poor": ("hộ cận nghèo", "near-poor people"),
    "hardship": ("hoàn cảnh khó khăn", "people in hardship"),
    "ethnic_minority": ("dân tộc thiểu số", "people of ethnic minorities"),
    "health_insured": ("có thẻ bảo hiểm y tế", "people with health insurance"),
    "older_women": ("phụ nữ cao tuổi", "older women"),
    "older_poor_women": ("phụ nữ cao tuổi nghèo", "older poor women"),
    "older_near_poor_women": ("phụ nữ cao tuổi cận nghèo", "older near-poor women"),
    "older_ethnic_minority": ("người cao tuổi dân tộc thiểu số", "older people of ethnic minorities"),
    "older_hardship": ("người cao tuổi khó khăn", "older people in hardship"),
}

_PARTS = (
    ("women", "total"),
    ("aged_60_plus", "total"),
    ("aged_60_plus", "aged_55_plus"),
    ("aged_55_plus", "total"),
    ("poor", "total"),
    ("near_poor", "total"),
    ("hardship", "total"),
    ("ethnic_minority", "total"),
    ("health_insured", "total"),
    ("older_women", "total"),
    ("older_women", "women"),
    ("older_women", "aged_60_plus"),
    ("older_poor_women", "total"),
    ("older_poor_women", "older_women"),
    ("older_poor_women", "women"),
    ("older_poor_women", "aged_60_plus"),
    ("older_poor_women", "poor"),
    ("older_near_poor_women", "total"),
    ("older_near_poor_women", "older_women"),
    ("older_near_poor_women", "women"),
    ("older_near_poor_women", "aged_60_plus"),
    ("older_near_poor_women", "near_poor"),
    ("older_ethnic_minority", "total"),
    ("older_ethnic_minority", "aged_60_plus"),
    ("older_ethnic_minority", "ethnic_minority"),
    ("older_hardship", "total"),
    ("older_hardship", "aged_60_plus"),
    ("older_hardship", "hardship"),
)
"""Which count can be no larger than which. Unknown counts are compared with nothing."""

_DISJOINT = (
    (("poor", "near_poor", "hardship"), "total"),
    (("older_poor_women", "older_near_poor_women"), "older_women"),
)
"""Categories of which a person is in at most one, and the whole that they share."""


def check_members(club: Club, facts: MembersFacts, context: Context) -> None:
    """The counts can all be true together, of a day on which the club existed; else `Refused`."""
    check_since_founding(club, facts.as_of, context, "as_of")
    if facts.total > MOST_MEMBERS:
        raise Refused(
            "absurd-count",
            f"{dotted(facts.total)} thành viên là quá nhiều cho một câu lạc bộ; "
            "số cộng của nhiều câu lạc bộ ghi ở mục kê khai.",
            f"{facts.total:,} members are too many for one club; a sum over many clubs is recorded as a declaration.",
            field="total",
        )
    for part, whole in _PARTS:
        _check_part(facts, part, whole)
    for parts, whole in _DISJOINT:
        _check_disjoint(facts, parts, whole)
    women, older, both = facts.women, facts.aged_60_plus, facts.older_women
    if women is not None and older is not None and both is not None and women + older - both > facts.total:
        raise Refused(
            "crossing-too-small",
            f"Có {women} nữ và {older} người cao tuổi trong {facts.total} thành viên thì ít nhất {women + older - facts.total} "
            "người là phụ nữ cao tuổi; hãy kiểm tra các số.",
            f"With {women} women and {older} older people among {facts.total} members at least {women + older - facts.total} "
            "are older women; check the numbers.",
            field="older_women",
        )


def _check_part(facts: MembersFacts, part: str, whole: str) -> None:
    fewer, more = _count(facts, part), _count(facts, whole)
    if fewer is None or more is None or fewer <= more:
        return
    raise Refused(
        "part-exceeds-whole",
        f"Số {_NAMES[part][0]} ({dotted(fewer)}) lớn hơn số {_NAMES[whole][0]} ({dotted(more)}); hãy kiểm tra hai số.",
        f"There cannot be more {_NAMES[part][1]} ({fewer:,}) than {_NAMES[whole][1]} ({more:,}); check both numbers.",
        field=part,
    )


def _check_disjoint(facts: MembersFacts, parts: tuple[str, ...], whole: str) -> None:
    stated = [(part, count) for part in parts if (count := _count(facts, part)) is not None]
    limit = _count(facts, whole)
    total = sum(count for _, count in stated)
    if limit is None or total <= limit:
        return
    raise Refused(
        "parts-exceed-whole",
        f"Cộng {', '.join(_NAMES[part][0] for part, _ in stated)} được {dotted(total)}, "
        f"lớn hơn số {_NAMES[whole][0]} ({dotted(limit)}); mỗi người chỉ tính vào một nhóm.",
        f"Together {', '.join(_NAMES[part][1] for part, _ in stated)} are {total:,}, "
        f"more than the {limit:,} {_NAMES[whole][1]}; a person counts in one of these groups only.",
        field=stated[-1][0],
    )


def _count(facts: MembersFacts, name: str) -> int | None:
    value: int | None = getattr(facts, name)
    return value


def odd_members(facts: MembersFacts) -> Iterable[Notice]:
    """Size and shares outside the programme's rules."""
    if not 50 <= facts.total <= 70:
        yield Notice(
            "members-outside-50-70",
            f"Câu lạc bộ có {dotted(facts.total)} thành viên; quy định là 50 đến 70.",
            f"The club has {facts.total:,} members; the rule is 50 to 70.",
            "total",
        )
    for field, slug in (("women", "women-outside-60-70"), ("aged_60_plus", "older-outside-60-70")):
        count = _count(facts, field)
        if count is not None and facts.total and not 60 * facts.total <= 100 * count <= 70 * facts.total:
            percent = f"{100 * count / facts.total:.1f}"
            yield Notice(
                slug,
                f"Tỷ lệ {_NAMES[field][0]} là {percent.replace('.', ',')}%; quy định là 60 đến 70%.",
                f"The share of {_NAMES[field][1]} is {percent} %; the rule is 60 to 70 %.",
                field,
            )
