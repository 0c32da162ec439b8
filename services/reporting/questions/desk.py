"""Everything that one answer is computed from, loaded once, and the value of any indicator of any area computed from it.

The loading is here (a handful of statements, whatever the number of indicators and areas); the rules are in `sources`
and in the formulas. The nation's value is the same on both maps: it is summed over the provinces of today, each of which
is its old provinces where only those were declared.
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
from services.reporting.questions.cube import Cell, Slice
from services.reporting.questions.declared import Declared, Target, declarations, targets
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.sheet import NOWHERE, Sheet
from services.reporting.questions.sources import Choice, Claims, Counted
from shared.kernel.database import Connection
from shared.kernel.place import PlaceRef
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
        self.sheets: dict[date | None, Sheet] = {}
        self.lives: list[Cell] = []
        self.declared: list[Declared] = []
        self.targets: list[Target] = []

    async def load(self, connection: Connection, questions: Sequence[Question]) -> Desk:
        """Read what some questions of provinces and above need."""
        for since in {question.since for question in questions} | {None}:
            names = {name for each in questions if each.since == since for name in each.definition.measures()}
            names |= {_CLUBS, *GENERATED} if since is None else set()
            cut = Slice(tuple(sorted(names)), self.clocks, since)
            self.sheets[since] = Sheet([*await cube.by_province(connection, cut), *self.more(cut)])
        formulas = [question.definition.formula for question in questions]
        if any(isinstance(formula, Coverage) for formula in formulas):
            more = self.more(Slice(("clubs_existing",), self.clocks))
            self.lives = [*await cube.lives(connection, "clubs_existing", self.clocks), *more]
        await self.load_words(connection, questions)
        return self

    async def load_words(self, connection: Connection, questions: Sequence[Question]) -> None:
        """Read declarations and targets."""
        slugs = {question.definition.slug for question in questions}
        self.declared = await declarations(connection, slugs | {"clubs-founded"}, self.clocks)
        self.targets = [target for target in await targets(connection, self.clocks) if target.indicator in slugs]

    def figure(self, question: Question) -> Figure:
        """The answer for the nation, a region or a province."""
        definition, area = question.definition, question.area
        names, sheet = self.names(area), self.sheets[question.since]
        formula = definition.formula
        undecided = 0
        match formula:
            case Sum():
                choice = self._sum(question, sheet)
                value = replace(evaluate(formula, _sums(definition, sheet, names)), value=choice.value)
            case Share():
                value = evaluate(formula, _sums(definition, sheet, names))
                choice = self._share(question, value)
                value = replace(value, value=choice.value)
            case Coverage(level):
                covered, undecided = self.covered(area, level)
                value = evaluate(formula, covered)
                choice = Choice(value.value, {"counted": value.value or Decimal(0)}, counted=int(value.value or 0))
            case _:
                assert_never(formula)
        ever = self.sheets[None]
        generated = sum(ever.amount(name, generated_of(definition)) for name in names)
        clubs = sum(ever.amount(name, _CLUBS) for name in names)
        others = tuple(each for each in self._about(question) if each not in choice.used)
        return Figure(question, choice, value, generated, clubs, others, self._aims(question), undecided)

    def names(self, area: Area) -> tuple[str, ...]:
        """The parts of a sheet that make up an area."""
        if area.kind == "region":
            map_ = self.clocks.map
            provinces = self.places.provinces(map_)
            return tuple(each.key for each in provinces if self.places.region(each) == area.code)
        return (area.code,)

    def provinces(self, area: Area) -> tuple[Area, ...]:
        """The provinces of the nation or a region, on the asked map, in the order of the alphabet; a province by itself."""
        listed = self.places.province_list(self.clocks.map)
        inside = {each.key for each in listed} if area.kind == "nation" else set(self.names(area))
        return tuple(Area("province", each.key) for each in listed if each.key in inside)

    def _sum(self, question: Question, sheet: Sheet) -> Choice:
        definition, area = question.definition, question.area
        if self.clocks.basis != "any":
            return sources.total([sources.choose(name, self._counted(definition, sheet, name)) for name in self.names(area)])
        claims = Claims.by(self.clocks.as_of, definition.slug, self.declared)
        if not definition.of_clubs:
            claims = replace(claims, clubs={}, totals=())
        if area.kind == "nation":
            parts = [self._province(question, sheet, each.key, claims) for each in self.places.provinces("34")]
            beside = self._counted(definition, sheet, NOWHERE["34"])
            return sources.total(parts, own=claims.values.get("VN"), beside=beside)
        parts = [self._province(question, sheet, name, claims) for name in self.names(area)]
        return parts[0] if area.kind == "province" else sources.total(parts)

    def _province(self, question: Question, sheet: Sheet, name: str, claims: Claims) -> Choice:
        province = PlaceRef.parse(name)
        if province.list == "34":
            olds = tuple(each.key for each in self.places.predecessors(province))
        else:
            new = self.places.successor(province)
            olds = (new.key,) if len(self.places.predecessors(new)) == 1 else ()
        counted = {each: self._counted(question.definition, sheet, each) for each in (name, *olds)}
        return sources.province(name, olds, counted, claims)

    def _counted(self, definition: Definition, sheet: Sheet, name: str) -> Counted:
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
        claims = Claims.by(self.clocks.as_of, question.definition.slug, self.declared)
        claim = claims.values.get(question.area.code) if self.clocks.basis == "any" else None
        return sources.choose(question.area.code, Counted(stated=False), claim)

    def covered(self, area: Area, level: str) -> tuple[dict[str, int], int]:
        """Clubs by province or commune of the asked map; and how many divided communes wait to be decided."""
        covered: dict[str, int] = {}
        waiting: dict[str, int] = {}
        names = set(self.names(area))
        map_ = self.clocks.map
        for cell in self.lives:
            province = f"{map_}:{cell.province63 if map_ == '63' else cell.province34}"
            if area.kind != "nation" and province not in names:
                continue
            if level == "province":
                if province != NOWHERE[map_]:
                    covered[province] = covered.get(province, 0) + cell.amount
                continue
            commune = self.places.locate(PlaceRef.parse(cell.place), map_).commune
            into, key = (waiting, cell.place) if commune is None else (covered, commune.key)
            into[key] = into.get(key, 0) + cell.amount
        return covered, sum(amount > 0 for amount in waiting.values())

    def _about(self, question: Question) -> Iterable[Declared]:
        """Every declaration of the indicator for the area itself, newest validity first."""
        names = same_places(self.places, question.area)
        found = [each for each in self.declared if each.indicator == question.definition.slug and each.area in names]
        return sorted(found, key=lambda each: (each.valid_to or date.min, each.value, each.stream), reverse=True)

    def _aims(self, question: Question) -> tuple[Target, ...]:
        names, as_of = same_places(self.places, question.area), self.clocks.as_of
        return tuple(
            target
            for target in self.targets
            if target.indicator == question.definition.slug
            and target.area in names
            and (target.measure != "per-year" or target.period_to.year >= as_of.year)
        )


def same_places(places: Places, area: Area) -> frozenset[str]:
    """The keys of an area on both lists: of a province that never merged, both its codes."""
    place = area.place
    if place is None or place.level != "province":
        return frozenset((area.code,))
    if place.list == "34":
        olds = places.predecessors(place)
        return frozenset((place.key, olds[0].key)) if len(olds) == 1 else frozenset((place.key,))
    new = places.successor(place)
    return frozenset((place.key, new.key)) if len(places.predecessors(new)) == 1 else frozenset((place.key,))


def _sums(definition: Definition, sheet: Sheet, names: Sequence[str]) -> Mapping[str, int]:
    formula = definition.formula
    cohorts = formula.cohorts if isinstance(formula, Sum) else ()
    return {name: sum(sheet.amount(area, name, cohorts) for area in names) for name in definition.measures()}


def generated_of(definition: Definition) -> str:
    """The measure that says how many generated subjects stand behind an indicator."""
    if definition.of_clubs:
        return "clubs_generated"
    return "inspections_generated" if definition.unit in ("inspections", "recommendations") else "rounds_generated"
