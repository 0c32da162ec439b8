"""Everything that one answer is computed from, loaded once, and the value of any indicator of any area computed from it.

The loading is here (a few sums and two statements, whatever the number of indicators and areas); the rules are in `sources`
and in the formulas. The nation's value is the same on both maps: it is summed over the provinces of today, each of which
is its old provinces where only those were declared. What areas have in common is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import assert_never

from services.reporting.indicators.definition import Coverage, Definition, Share, Sum, Value, evaluate
from services.reporting.questions import cube, sources
from services.reporting.questions.area import Area
from services.reporting.questions.covered import Covered
from services.reporting.questions.cube import Cell, Slice
from services.reporting.questions.declared import Declared, Target, declarations, targets
from services.reporting.questions.geography import (
    listed,
    names_of_region,
    parts_of_province,
    provinces_of_today,
    same_places,
)
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.sheet import NOWHERE, Sheet, Sums
from services.reporting.questions.snapshot import Snapshot
from services.reporting.questions.sources import Choice, Claims, Counted
from shared.reference.book import Places

GENERATED = ("clubs_generated", "rounds_generated", "inspections_generated")
_CLUBS = "clubs_founded"


More = Callable[[Slice], Iterable[Cell]]
"""Sums that are not in the ledger (yet): what a dry run would add."""


def nothing_more(_cut: Slice) -> Iterable[Cell]:
    """The ledger alone."""
    return ()


@dataclass(frozen=True, slots=True)
class Figure:
    """The computed answer to one question. `others` are the declarations of the same area that are not in the value."""

    question: Question
    choice: Choice
    value: Value
    generated: int
    clubs: int
    others: tuple[Declared, ...]
    targets: tuple[Target, ...]
    undecided: int = 0
    """Divided communes with clubs, whose successor is not decided (chờ phân định): not in the value."""


class Desk:
    """The loaded sums, declarations and targets of one pair of clocks."""

    def __init__(self, places: Places, clocks: Clocks, more: More = nothing_more) -> None:
        self.places = places
        self.clocks = clocks
        self.more = more
        self.sheets: Mapping[date | None, Sums] = {}
        self.covered: Covered | None = None
        self._declared: Sequence[Declared] = ()
        self._about: dict[tuple[str | None, str | None], list[Declared]] = {}
        self._spoken: dict[str | None, set[str | None]] = {}
        self._aimed: dict[str, list[Target]] = {}
        self._claims: dict[tuple[str, date], Claims] = {}
        self._provinces: dict[tuple[str, date, date | None, str], Choice] = {}

    async def load(self, found: Snapshot, questions: Sequence[Question]) -> Desk:
        """Read what some questions of provinces and above need."""
        await self.load_sums(found, questions)
        await self.load_words(found, questions)
        return self

    async def load_sums(self, found: Snapshot, questions: Sequence[Question]) -> None:
        """Add up what was counted."""
        cuts = list(slices(questions, self.clocks))
        numbers = {number for cut in cuts for number in cut.numbers()}
        made = await cube.aside(found.look, numbers, lambda: [cube.by_province(found.look, cut) for cut in cuts])
        self.sheets = {cut.since: Sheet(grouped, self.more(cut)) for cut, grouped in zip(cuts, made, strict=True)}
        if any(isinstance(question.definition.formula, Coverage) for question in questions):
            more = self.more(Slice(("clubs_existing",), self.clocks))
            self.covered = Covered.on(self.places, found.look, self.clocks, more)

    async def load_words(self, found: Snapshot, questions: Sequence[Question]) -> None:
        """Read declarations and targets."""
        slugs = {question.definition.slug for question in questions}
        self.know(await declarations(found, slugs | {"clubs-founded"}, self.clocks))
        for target in await targets(found, self.clocks):
            if target.indicator in slugs:
                self._aimed.setdefault(target.indicator, []).append(target)

    def know(self, declared: Iterable[Declared]) -> None:
        """What is declared, and nothing else."""
        self._declared = list(declared)
        self._about, self._spoken = {}, {}
        self._claims.clear()
        self._provinces.clear()
        for each in self._declared:
            self._about.setdefault((each.indicator, each.area), []).append(each)
            self._spoken.setdefault(each.indicator, set()).add(each.area)

    @property
    def declared(self) -> Sequence[Declared]:
        """Every declaration that was known of the asked indicators."""
        return self._declared

    def move(self, clocks: Clocks, sheets: Mapping[date | None, Sums], covered: Covered | None) -> None:
        """To another day of the same series: what was declared and targeted stays known."""
        self.clocks, self.sheets, self.covered = clocks, sheets, covered

    def figure(self, question: Question) -> Figure:
        """The answer for the nation, a region or a province."""
        definition, names = question.definition, self.names(question.area)
        choice, value, undecided = self._chosen(question)
        ever = self.sheets[None]
        generated = sum(ever.amount(name, generated_of(definition)) for name in names)
        clubs = sum(ever.amount(name, _CLUBS) for name in names)
        others = self._others(question, choice)
        return Figure(question, choice, value, generated, clubs, others, self._aims(question), undecided)

    def value(self, question: Question) -> Decimal | None:
        """The value of the figure alone: who draws hundreds needs no more of them."""
        if isinstance(question.definition.formula, Sum):
            return self._sum(question, self.sheets[question.since]).value
        return self._chosen(question)[0].value

    def spoken_of(self, question: Question) -> bool:
        """False: nothing that was published can be in the figure or beside it."""
        areas = self._spoken.get(question.definition.slug, set())
        if question.area.kind != "province":
            return bool(areas)
        names = (*same_places(self.places, question.area), *parts_of_province(self.places, question.area.code))
        return not areas.isdisjoint(names)

    def _chosen(self, question: Question) -> tuple[Choice, Value, int]:
        definition, area = question.definition, question.area
        names, sheet = self.names(area), self.sheets[question.since]
        formula = definition.formula
        undecided = 0
        match formula:
            case Sum():
                choice = self._sum(question, sheet)
                value = evaluate(formula, _sums(definition, sheet, names))._replace(value=choice.value)
            case Share():
                value = evaluate(formula, _sums(definition, sheet, names))
                choice = self._share(question, value)
                value = value._replace(value=choice.value)
            case Coverage(level):
                covered, undecided = self.covered_in(area, level)
                value = evaluate(formula, covered)
                choice = Choice(value.value, {"counted": value.value or Decimal(0)}, counted=int(value.value or 0))
            case _:
                assert_never(formula)
        return choice, value, undecided

    def names(self, area: Area) -> tuple[str, ...]:
        """The parts of a sheet that make up an area."""
        return names_of_region(self.places, area.code, self.clocks.map) if area.kind == "region" else (area.code,)

    def provinces(self, area: Area) -> tuple[Area, ...]:
        """The provinces of the nation or a region, on the asked map, in the order of the alphabet; a province by itself."""
        every = listed(self.places, self.clocks.map)
        if area.kind == "nation":
            return every
        inside = set(self.names(area))
        return tuple(each for each in every if each.code in inside)

    def covered_in(self, area: Area, level: str) -> tuple[dict[str, int], int]:
        """Clubs by province or commune of the asked map; and how many divided communes wait to be decided."""
        if self.covered is None:
            raise LookupError("nothing was loaded of what is covered")
        return self.covered.of(None if area.kind == "nation" else self.names(area), level)

    def _sum(self, question: Question, sheet: Sums) -> Choice:
        definition, area = question.definition, question.area
        if self.clocks.basis != "any":
            return sources.total([sources.choose(name, self._counted(definition, sheet, name)) for name in self.names(area)])
        claims = self._claims_of(definition)
        if area.kind == "nation":
            parts = [self._province(question, sheet, name, claims) for name in provinces_of_today(self.places)]
            beside = self._counted(definition, sheet, NOWHERE["34"])
            return sources.total(parts, own=claims.values.get("VN"), beside=beside)
        parts = [self._province(question, sheet, name, claims) for name in self.names(area)]
        return parts[0] if area.kind == "province" else sources.total(parts)

    def _claims_of(self, definition: Definition) -> Claims:
        key = (definition.slug, self.clocks.as_of)
        claims = self._claims.get(key)
        if claims is None:
            claims = Claims.by(self.clocks.as_of, definition.slug, self._declared)
            claims = self._claims[key] = claims if definition.of_clubs else replace(claims, clubs={}, totals=())
        return claims

    def _province(self, question: Question, sheet: Sums, name: str, claims: Claims) -> Choice:
        key = (question.definition.slug, self.clocks.as_of, question.since, name)
        choice = self._provinces.get(key)
        if choice is None:
            olds = parts_of_province(self.places, name)
            names = (name, *olds) if sources.in_parts(olds, claims, name) else (name,)
            counted = {each: self._counted(question.definition, sheet, each) for each in names}
            choice = self._provinces[key] = sources.province(name, olds, counted, claims)
        return choice

    def _counted(self, definition: Definition, sheet: Sums, name: str) -> Counted:
        formula = definition.formula
        if not isinstance(formula, Sum):
            return Counted()
        amounts = sheet.by_basis(name, formula.measure, formula.cohorts)
        stated = formula.stated is None or sheet.amount(name, formula.stated, formula.cohorts) > 0
        clubs = self.sheets[None].amount(name, _CLUBS) if definition.of_clubs else 0
        return Counted(amounts, clubs, stated, zero=not definition.of_clubs)

    def _share(self, question: Question, value: Value) -> Choice:
        if value.value is not None:
            return Choice(value.value, {"counted": value.value})
        claim = self._claims_of(question.definition).values.get(question.area.code) if self.clocks.basis == "any" else None
        return sources.choose(question.area.code, Counted(stated=False), claim)

    def _others(self, question: Question, choice: Choice) -> tuple[Declared, ...]:
        """Every declaration of the indicator for the area itself that is not in the value, newest validity first."""
        slug = question.definition.slug
        found = [each for name in same_places(self.places, question.area) for each in self._about.get((slug, name), ())]
        if not found:
            return ()
        order = sorted(found, key=lambda each: (each.valid_to or date.min, each.value, each.stream), reverse=True)
        return tuple(each for each in order if each not in choice.used)

    def _aims(self, question: Question) -> tuple[Target, ...]:
        aimed = self._aimed.get(question.definition.slug)
        if not aimed:
            return ()
        names, as_of = same_places(self.places, question.area), self.clocks.as_of
        return tuple(
            target
            for target in aimed
            if target.area in names and (target.measure != "per-year" or target.period_to.year >= as_of.year)
        )


def slices(questions: Iterable[Question], clocks: Clocks) -> Iterable[Slice]:
    """What must be summed for some questions: one slice for each first day, and one of everything."""
    asked = list(questions)
    for since in {question.since for question in asked} | {None}:
        names = {name for each in asked if each.since == since for name in each.definition.measures()}
        names |= {_CLUBS, *GENERATED} if since is None else set()
        yield Slice(tuple(sorted(names)), clocks, since)


def _sums(definition: Definition, sheet: Sums, names: Sequence[str]) -> Mapping[str, int]:
    formula = definition.formula
    cohorts = formula.cohorts if isinstance(formula, Sum) else ()
    return {name: sum(sheet.amount(area, name, cohorts) for area in names) for name in definition.measures()}


def generated_of(definition: Definition) -> str:
    """The measure that says how many generated subjects stand behind an indicator."""
    if definition.of_clubs:
        return "clubs_generated"
    return "inspections_generated" if definition.unit in ("inspections", "recommendations") else "rounds_generated"
