"""Which source a figure comes from, when several speak of the same: the most specific complete one wins. Pure.

- A province's club-by-club count is complete when it holds at least as many founded clubs as the latest declared total
  that was valid by the day; with no such declaration nothing speaks against it. Else the declaration stands, beside
  what was counted; but not a declaration of a day for which the count has caught up: the count of now then goes before
  the old figure, and is said to be incomplete.
- A province of the 34-map without a declaration of its own is the sum of its old provinces, each by the same rule.
- A region and the nation are the sums of their provinces if every one has a source, else the nation's own declaration.
- Declarations of a district, a club or a project never stand for a whole area, nor do numbers that their own source
  contradicts. Whatever does not win is listed, never added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from services.reporting.questions.declared import Declared

BESIDE_OLDS = "/63:"
"""Ends the key of what lies in a new province and in no single old one: `34:37/63:`."""

RANKED = {"counted": 3, "declared": 2, "estimated": 1}
"""The bases of which a figure may stand for a whole area, the stronger ones higher."""


_NOTHING: Mapping[str, int] = {}


class Counted(NamedTuple):
    """What the ledger holds of an area: the amount by basis, and how many clubs were founded there.

    `stated` False: no club there stated the figure; blank is unknown, not zero. `zero`: nothing recorded means none, as
    of training rounds, while a province without any club reported may have hundreds.
    """

    amounts: Mapping[str, int] = _NOTHING
    clubs: int = 0
    stated: bool = True
    zero: bool = False

    @property
    def total(self) -> int:
        """All bases together."""
        return sum(self.amounts.values())

    @property
    def empty(self) -> bool:
        """Nothing was ever reported."""
        return not any(self.amounts.values()) and not (self.clubs and self.stated)


class Choice(NamedTuple):
    """The chosen value: its parts by basis, the declarations in it, what was counted, whether it is complete.

    `value` None: no source speaks of the area. `areas`: where what was counted is in the value.
    """

    value: Decimal | None
    parts: Mapping[str, Decimal]
    used: tuple[Declared, ...] = ()
    counted: int = 0
    complete: bool = True
    areas: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """`none`, `counted`, `declared` or `mixed`: where the value comes from."""
        if self.value is None:
            return "none"
        if not self.used:
            return "counted"
        return "declared" if sum(each.value for each in self.used) == self.value else "mixed"


class Rank(NamedTuple):
    """What decides between published figures of one area: the first of these that differs, and the greater stands. The stream
    only settles what nothing else tells apart."""

    valid_to: date
    published_on: date
    basis: int
    exact: bool
    value: Decimal
    stream: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What is declared, valid by a day: of the asked indicator, and of the total of clubs. The latest of each area.

    `totals`: every total of clubs, for what was known of an area when an older figure was declared.
    """

    values: Mapping[str, Declared]
    clubs: Mapping[str, Declared]
    totals: tuple[Declared, ...] = ()

    @classmethod
    def by(cls, day: date, indicator: str, declared: Iterable[Declared]) -> Claims:
        """The claims that stand by a day."""
        known = list(declared)
        totals = tuple(each for each in known if _stands(each, day, "clubs-founded"))
        return cls(_latest(day, indicator, known), _latest(day, "clubs-founded", known), totals)

    def of_its_day(self, claim: Declared, names: Sequence[str]) -> Declared | None:
        """The total of clubs that was declared by the claim's own day; the present one when there was none yet."""
        until = claim.valid_to or date.min
        earlier = (each for each in self.totals if each.area in names and (each.valid_to or date.max) <= until)
        return max(earlier, key=rank, default=None) or _newest(self.clubs, names)


def _stands(each: Declared, day: date, indicator: str) -> bool:
    """Of the indicator, for a whole area, not contradicted by its own source, and valid by the day."""
    if each.indicator != indicator or each.scope is not None or each.area is None or each.basis not in RANKED:
        return False
    return each.valid_to is not None and each.valid_to <= day


def _latest(day: date, indicator: str, declared: Iterable[Declared]) -> dict[str, Declared]:
    latest: dict[str, Declared] = {}
    for each in declared:
        if each.area is None or not _stands(each, day, indicator):
            continue
        other = latest.get(each.area)
        if other is None or rank(each) > rank(other):
            latest[each.area] = each
    return latest


def rank(each: Declared) -> Rank:
    """Where a published figure stands among those of its area."""
    published = each.published_on or date.min
    return Rank(
        each.valid_to or date.min, published, RANKED.get(each.basis, 0), each.qualifier == "exact", each.value, each.stream
    )


def choose(
    name: str,
    counted: Counted,
    claim: Declared | None = None,
    clubs: Declared | None = None,
    of_its_day: Declared | None = None,
) -> Choice:
    """The choice for one area by itself; `name` is the area's key, `of_its_day` the total of clubs when the claim was made."""
    complete = clubs is None or counted.clubs >= clubs.value
    outgrown = of_its_day is not None and counted.clubs >= of_its_day.value
    if not counted.empty and (complete or outgrown or claim is None):
        parts = {basis: Decimal(amount) for basis, amount in sorted(counted.amounts.items()) if amount}
        return Choice(Decimal(counted.total), parts, counted=counted.total, complete=complete, areas=(name,))
    if claim is not None:
        return Choice(claim.value, {_said(claim): claim.value}, (claim,), counted.total)
    if counted.zero:
        return Choice(Decimal(0), {}, areas=(name,))
    return Choice(None, {}, complete=False)


def _said(claim: Declared) -> str:
    """A published figure is declared unless it says that it is an estimate."""
    return "estimated" if claim.basis == "estimated" else "declared"


def province(
    own: str,
    olds: Sequence[str],
    counted: Mapping[str, Counted],
    claims: Claims,
) -> Choice:
    """A province of the 34-map made of old ones, or (with no or one old one) a province by itself.

    `counted` holds the counts of the province and of its old provinces by key. The two names of a province that never
    merged are one place; claims of either count.
    """
    if in_parts(olds, claims, own):
        rest = _rest(counted.get(own, Counted()), [counted.get(old, Counted()) for old in olds])
        parts = [_alone(old, (old,), counted, claims) for old in olds]
        return total([*parts, *([] if rest.empty else [choose(own + BESIDE_OLDS, rest)])])
    return _alone(own, (own, *olds) if len(olds) <= 1 else (own,), counted, claims)


def in_parts(olds: Sequence[str], claims: Claims, own: str) -> bool:
    """Whether a province made of several old ones is their sum: something is declared of those, and nothing of itself."""
    if len(olds) <= 1 or own in claims.values or own in claims.clubs:
        return False
    return any(old in claims.values or old in claims.clubs for old in olds)


def _alone(name: str, names: Sequence[str], counted: Mapping[str, Counted], claims: Claims) -> Choice:
    claim, clubs = _newest(claims.values, names), _newest(claims.clubs, names)
    of_its_day = None if claim is None else claims.of_its_day(claim, names)
    return choose(name, counted.get(name, Counted()), claim, clubs, of_its_day)


def _newest(claims: Mapping[str, Declared], names: Iterable[str]) -> Declared | None:
    newest: Declared | None = None
    for name in names:
        found = claims.get(name)
        if found is not None and (newest is None or rank(found) > rank(newest)):
            newest = found
    return newest


def _rest(whole: Counted, parts: Sequence[Counted]) -> Counted:
    """What was counted in the new province and in no single old one."""
    amounts = {basis: amount - sum(part.amounts.get(basis, 0) for part in parts) for basis, amount in whole.amounts.items()}
    return Counted(
        {basis: amount for basis, amount in amounts.items() if amount}, whole.clubs - sum(part.clubs for part in parts)
    )


def total(parts: Sequence[Choice], *, own: Declared | None = None, beside: Counted | None = None) -> Choice:
    """The sum of areas: if every one has a source; else the whole's own declaration; else what there is, incomplete.

    `beside` is what was counted of the whole and of none of its parts (a national round of training).
    """
    spare = Counted() if beside is None else beside
    counted = sum(part.counted for part in parts) + spare.total
    sourced = [part for part in parts if part.value is not None]
    if own is not None and len(sourced) < len(parts):
        return Choice(own.value, {_said(own): own.value}, (own,), counted)
    if not sourced and spare.empty:
        return Choice(None, {}, complete=False)
    sums: dict[str, Decimal] = {}
    for part in sourced:
        for basis, amount in part.parts.items():
            sums[basis] = sums.get(basis, Decimal(0)) + amount
    for basis, amount in spare.amounts.items():
        sums[basis] = sums.get(basis, Decimal(0)) + amount
    return Choice(
        sum((part.value or Decimal(0) for part in sourced), Decimal(spare.total)),
        {basis: amount for basis, amount in sorted(sums.items()) if amount},
        tuple(used for part in sourced for used in part.used),
        counted,
        complete=len(sourced) == len(parts) and all(part.complete for part in sourced),
        areas=(*(name for part in sourced for name in part.areas), *(() if spare.empty else ("34:",))),
    )
