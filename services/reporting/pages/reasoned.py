"""Why numbers that published figures speak of show what they show: the rule, and for each figure that is not shown its reason.

The words are those of `questions.why`, so that every page gives one number the same reasons as the number's own page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.pages.todo_list import Contradiction, contradictions
from services.reporting.pages.words import Language, say
from services.reporting.questions import number_id, render, why
from services.reporting.questions.desk import Figure
from services.reporting.questions.progress import figures
from services.reporting.questions.snapshot import Snapshot
from shared.kernel.place import PlaceRef
from shared.reference.book import Places

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reasons:
    """Of one number. `others`: why not, by the stream of each published figure that is not shown."""

    rule: Json
    others: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sources that disagree, of an area that is named so that an old province is not taken for the one of today."""

    key: str
    place: str
    number: Json
    claims: tuple[Json, ...]
    reasons: Reasons


def reasons_of(figure: Figure, places: Places) -> Reasons:
    """Of a computed answer."""
    told = {claim.stream: render.words(reason) for claim, reason in why.claims(figure, places) if reason is not None}
    return Reasons(render.words(why.shown(figure, places)), told)


async def reasoned(found: Snapshot, places: Places, numbers: Iterable[Json]) -> dict[str, Reasons]:
    """By the ids of those among some numbers of provinces and above that published figures speak of."""
    spoken = {each["id"]: each for each in numbers if each["id"] is not None and (each["others"] or each["declarations"])}
    answered = await figures(found, places, [number_id.decode(each) for each in spoken])
    return {each: reasons_of(figure, places) for each, figure in zip(spoken, answered, strict=True)}


def disagreements(
    told: Iterable[Contradiction], reasons: Mapping[str, Reasons], places: Places, language: Language
) -> list[Disagreement]:
    """Disagreements with their reasons, which are by the ids of the numbers."""
    return [
        Disagreement(
            each.area["key"],
            unmistakable(each.area, places, language),
            each.number,
            each.claims,
            reasons[each.number["id"]],
        )
        for each in told
    ]


def disagreements_in(parts: Sequence[Figure], places: Places, language: Language) -> list[Disagreement]:
    """Where sources disagree about some computed figures."""
    found: list[Disagreement] = []
    for part in parts:
        number, question = render.figure(part), part.question
        area = render.area(question.area, places)
        clocks = {"as_of": question.clocks.as_of.isoformat(), "map": question.clocks.map}
        answer: Json = {**clocks, "area": area, "numbers": [number], "groups": []}
        found += disagreements(contradictions([answer]), {number["id"]: reasons_of(part, places)}, places, language)
    return found


def unmistakable(area: Json, places: Places, language: Language) -> str:
    """The name of an area; an old province that went into one of today says that it is the old one."""
    name, key = str(area["name"]), str(area["key"])
    if area["kind"] != "province" or not key.startswith("63:"):
        return name
    merged = len(places.predecessors(places.successor(PlaceRef.parse(key)))) > 1
    return f"{name} ({say(language, 'trước sáp nhập')})" if merged else name
