"""What an indicator (chỉ tiêu thống kê) is: a definition with a number and a version for ever, a formula, a worked example.

A formula is evaluated over sums of measures, whatever area and date they are of. It refuses to guess: a share of which nobody
stated the whole is unknown (None), not zero. Changing a formula means a new version; a number's id cites it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple, assert_never

Sums = Mapping[str, int]
"""The sums of measures by name; an absent measure is 0."""

Unit = Literal[
    "clubs",
    "people",
    "communes",
    "provinces",
    "percent",
    "vnd",
    "rounds",
    "attendances",
    "loans",
    "inspections",
    "recommendations",
    "boards",
]
Window = Literal["ever", "year"]
"""`ever`: everything until the day; `year`: from the beginning of the day's calendar year."""


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of one measure, of some cohorts only if they are named. `stale` is the part that nobody reported for a year."""

    measure: str
    cohorts: tuple[str, ...] = ()
    stale: str | None = None
    stated: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole in percent, over those that stated the part; `stated` counts them."""

    part: str
    whole: str
    stated: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many provinces or communes have a positive sum, recounted on the asked map, never summed."""

    level: Literal["province", "commune"]
    measure: str = "clubs_existing"


Formula = Sum | Share | Coverage


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: these sums give this value. For a coverage, each sum is one place's."""

    sums: Sums
    value: Decimal


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of an indicator. `number` is its name in number ids, for ever."""

    slug: str
    number: int
    version: int
    title: Words
    unit: Unit
    text: Words
    """The formula in words."""
    formula: Formula
    example: Example
    window: Window = "ever"
    of_clubs: bool = True
    """Whether a club-by-club count can be held against a declared total of clubs."""

    def measures(self) -> tuple[str, ...]:
        """Every measure that the formula reads."""
        match self.formula:
            case Sum(measure, _, stale, stated):
                return tuple(name for name in (measure, stale, stated) if name is not None)
            case Share(part, whole, stated):
                return (part, whole, stated)
            case Coverage(_, measure):
                return (measure,)
            case _:
                assert_never(self.formula)


class Value(NamedTuple):
    """What a formula gives; None is unknown."""

    value: Decimal | None
    part: int | None = None
    whole: int | None = None
    stated: int | None = None
    stale: int | None = None


def evaluate(formula: Formula, sums: Sums) -> Value:
    """The value over sums. The sums of a `Sum` with cohorts are of those cohorts already."""
    match formula:
        case Sum(measure, _, stale, stated):
            return Value(
                Decimal(sums.get(measure, 0)),
                stale=None if stale is None else sums.get(stale, 0),
                stated=None if stated is None else sums.get(stated, 0),
            )
        case Share(part, whole, stated):
            of = sums.get(whole, 0)
            return Value(percent(sums.get(part, 0), of), sums.get(part, 0), of, sums.get(stated, 0))
        case Coverage():
            return Value(Decimal(sum(amount > 0 for amount in sums.values())))
        case _:
            assert_never(formula)


def percent(part: int, whole: int) -> Decimal | None:
    """`part` of `whole` in percent, to one decimal, halves up; None of nothing."""
    if whole <= 0:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP)
