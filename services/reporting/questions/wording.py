"""Numbers and verdicts in words, computed and never typed: "6.521", "73,6%", "đạt 220% (vượt 120%)". Pure.

Everything is said in both languages. Vietnamese writes a point between thousands and a comma before decimals, English the
other way round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from services.reporting.indicators.definition import Unit, Words
from services.reporting.questions.declared import Declared, Target

UNITS: Final[Mapping[Unit, Words]] = {
    "clubs": Words("câu lạc bộ", "clubs"),
    "people": Words("người", "people"),
    "communes": Words("xã, phường", "communes"),
    "provinces": Words("tỉnh, thành", "provinces"),
    "percent": Words("%", "%"),
    "vnd": Words("đồng", "VND"),
    "rounds": Words("đợt", "rounds"),
    "attendances": Words("lượt người", "attendances"),
    "loans": Words("lượt vay", "loans"),
    "inspections": Words("đoàn", "inspections"),
    "recommendations": Words("kiến nghị", "recommendations"),
    "boards": Words("lượt", "renewals"),
}
BASES: Final[Mapping[str, Words]] = {
    "counted": Words("đếm được", "counted"),
    "declared": Words("kê khai", "declared"),
    "estimated": Words("ước tính", "estimated"),
    "as-printed": Words("chép theo nguồn", "as printed"),
}
QUALIFIERS: Final[Mapping[str, Words]] = {
    "exact": Words("", ""),
    "at-least": Words("hơn", "at least"),
    "about": Words("khoảng", "about"),
    "at-most": Words("dưới", "at most"),
}
UNKNOWN: Final = Words("chưa có số liệu", "unknown")
_LONG: Final = re.compile(r"(?<![\w.,/-])[0-9]{4,}(?![\w/-]|[.,][0-9])")
_ONE: Final = Decimal("0.1")
_VIETNAMESE: Final = str.maketrans(",.", ".,")


def number(value: Decimal) -> Words:
    """`456.470` and `456,470`; a fraction keeps at most one decimal: `73,6` and `73.6`."""
    if (whole := int(value)) == value:
        text = f"{whole:,}"
        return Words(text.replace(",", "."), text)
    rounded = value.quantize(_ONE, ROUND_HALF_UP)
    text = f"{rounded:,.1f}" if rounded != rounded.to_integral_value() else f"{int(rounded):,}"
    return Words(text.translate(_VIETNAMESE), text)


def amount(value: Decimal | None, unit: Unit) -> Words:
    """With its sign of percent, which alone is part of the number; other units stand in the heading."""
    if value is None:
        return UNKNOWN
    words = number(value)
    return Words(f"{words.vi}%", f"{words.en}%") if unit == "percent" else words


def about(value: Decimal, unit: Unit) -> Words:
    """An amount that is computed and not counted, as `expected`: only a share keeps a decimal, no club is there by a third."""
    return amount(value if unit == "percent" else value.quantize(Decimal(1), ROUND_HALF_UP), unit)


def mix(value: Decimal, parts: Mapping[str, Decimal], unit: Unit) -> Words | None:
    """`6.521 = 5.357 đếm được + 1.164 kê khai`, when a value has several parts; None when it has one."""
    if len(parts) < 2:
        return None
    ordered = [(parts[basis], BASES[basis]) for basis in BASES if basis in parts]
    whole = amount(value, unit)
    return Words(
        f"{whole.vi} = " + " + ".join(f"{amount(each, unit).vi} {basis.vi}" for each, basis in ordered),
        f"{whole.en} = " + " + ".join(f"{amount(each, unit).en} {basis.en}" for each, basis in ordered),
    )


def declared(claim: Declared) -> Words:
    """`hơn 484.000 kê khai (2024-12-31)`; an estimate says how it was made: `456.470 = 70 x 6.521, ước tính`."""
    unit: Unit = "percent" if claim.unit == "percent" else "people"
    value, basis, word = amount(claim.value, unit), BASES[claim.basis], QUALIFIERS[claim.qualifier]
    made = Words("", "")
    if claim.formula is not None:
        made = Words(f" = {_grouped(claim.formula, '.')}", f" = {_grouped(claim.formula, ',')}")
    stated = date_words(claim)
    return Words(
        f"{word.vi} {value.vi}{made.vi}, {basis.vi} ({stated.vi})".strip(),
        f"{word.en} {value.en}{made.en}, {basis.en} ({stated.en})".strip(),
    )


def date_words(claim: Declared) -> Words:
    """The days for which a declaration holds, or the words of its source when they are not known."""
    if claim.valid_to is None:
        return Words(claim.date_as_printed, claim.date_as_printed)
    if claim.valid_from in (None, claim.valid_to):
        return Words(f"{claim.valid_to:%d/%m/%Y}", claim.valid_to.isoformat())
    return Words(
        f"{claim.valid_from:%d/%m/%Y}-{claim.valid_to:%d/%m/%Y}",
        f"{claim.valid_from.isoformat()} to {claim.valid_to.isoformat()}",
    )


def _grouped(formula: str, mark: str) -> str:
    """With a mark between the thousands of its whole numbers; days and numbers that have marks of their own stay."""
    return _LONG.sub(lambda found: f"{int(found[0]):,}".replace(",", mark), formula)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A value held against a target. `percent` is value / target, as officials compute attainment; None for a range."""

    words: Words
    reached: bool | None
    percent: Decimal | None
    expected: Decimal | None
    """What the target would be by the day if it grew evenly over its period; None once the period is over."""


def verdict(value: Decimal | None, target: Target, unit: Unit, as_of: date) -> Verdict:
    """`đạt 220% (vượt 120%)`; `4/5-7 đợt: chưa đạt, thiếu 1`."""
    expected = _expected(target, as_of)
    if value is None:
        return Verdict(UNKNOWN, reached=None, percent=None, expected=expected)
    if target.high is not None and target.high != target.low:
        return _range(value, target, unit, expected)
    if target.low == 0:
        return Verdict(Words("đạt", "reached"), reached=True, percent=None, expected=expected)
    share = value * 100 / target.low
    rounded = share.quantize(_ONE, ROUND_HALF_UP)
    if value < target.low and rounded >= 100:
        rounded = Decimal("99.9")
    said = amount(rounded, "percent")
    if value >= target.low:
        over = amount(rounded - 100, "percent")
        more = Words(f" (vượt {over.vi})", f" ({over.en} above)") if rounded > 100 else Words("", "")
        return Verdict(
            Words(f"đạt {said.vi}{more.vi}", f"{said.en} reached{more.en}"), reached=True, percent=rounded, expected=expected
        )
    missing = amount(target.low - value, unit)
    words = Words(f"đạt {said.vi}, còn thiếu {missing.vi}", f"{said.en} reached, {missing.en} missing")
    return Verdict(words, reached=False, percent=rounded, expected=expected)


def _range(value: Decimal, target: Target, unit: Unit, expected: Decimal | None) -> Verdict:
    high = target.high or target.low
    of, word = number(value), UNITS[unit]
    head = Words(
        f"{of.vi}/{number(target.low).vi}-{number(high).vi} {word.vi}: ",
        f"{of.en}/{number(target.low).en}-{number(high).en} {word.en}: ",
    )
    if value < target.low:
        gap = number(target.low - value)
        tail = Words(f"chưa đạt, thiếu {gap.vi}", f"not reached, {gap.en} missing")
    elif value > high:
        gap = number(value - high)
        tail = Words(f"vượt khoảng, nhiều hơn {gap.vi}", f"above the range by {gap.en}")
    else:
        tail = Words("trong khoảng", "within the range")
    words = Words(head.vi + tail.vi, head.en + tail.en)
    return Verdict(words, reached=value >= target.low, percent=None, expected=expected)


def _expected(target: Target, as_of: date) -> Decimal | None:
    start, end = target.period_from, target.period_to
    if target.measure == "per-year":
        start, end = date(as_of.year, 1, 1), date(as_of.year, 12, 31)
    if not start <= as_of < end:
        return None
    days = Decimal((as_of - start).days + 1) / Decimal((end - start).days + 1)
    return (target.low * days).quantize(_ONE, ROUND_HALF_UP)
