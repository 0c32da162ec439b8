"""What the page of a number shows of its trace, in order for its template: sources, the level below, entries, mix. Pure.

Every row below leads to a number of its own, with the same clocks, so that the way goes from the country down to the event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, cast

from services.reporting.indicators import indicator
from services.reporting.indicators.definition import Coverage
from services.reporting.pages import filters
from services.reporting.pages.site import ROLES
from services.reporting.pages.words import Language, say
from services.reporting.questions import number_id, render, why, wording
from services.reporting.questions.area import Area, name_of, parse_area
from services.reporting.questions.declared import Declared
from services.reporting.questions.desk import Figure
from services.reporting.questions.event_words import name_of_event
from services.reporting.questions.geography import parts_of_province, same_places
from services.reporting.questions.listed import Component
from services.reporting.questions.question import Question
from services.reporting.questions.wording import amount
from shared.charts import Amount, Basis, Bullet, Chart
from shared.charts.bullet import Part
from shared.kernel.place import MapName
from shared.kernel.principal import parse_actor
from shared.reference.book import Places
from shared.reference.spelling import sort_key

Json = dict[str, Any]
Crumb = tuple[str | None, str]
_ADDRESS: Final = re.compile(r"https?://[^\s;,<>\"]+[^\s;,.<>\")]")
_SIDES: Final = {"state": "cơ quan nhà nước", "association": "Hội NCT"}


def sources(figure: Figure, below: Sequence[Figure], places: Places, language: Language) -> list[Json]:
    """Every published figure of the area and of the figures `below` that are in it, shown or not, with the reason and the
    number of its own day."""
    listed = [(each, figure, True) for each in figure.choice.used] + [(each, figure, False) for each in figure.others]
    listed += [(each, figure, False) for part in below for each in part.choice.used if each not in figure.choice.used]
    listed += [(each, part, False) for part in below for each in part.others]
    return [
        {
            **render.declaration(claim),
            "shown": used,
            "own": claim.area in same_places(places, figure.question.area),
            "place": _place_name(claim, figure.question, places, language),
            "reason": None if used else render.words(why.not_shown(claim, of, places)),
            "origin": list(linked(claim.source)),
            "of_its_day": _of_its_day(claim, figure.question, places),
        }
        for claim, of, used in listed
    ]


def linked(text: str) -> Iterator[tuple[str, str | None]]:
    """A source's text in pieces: plain ones, and addresses to follow."""
    at = 0
    for match in _ADDRESS.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], None
        yield match.group(), match.group()
        at = match.end()
    if at < len(text):
        yield text[at:], None


def _place_name(claim: Declared, question: Question, places: Places, language: Language) -> str:
    """A place of the other list says so: an old province often has the name of the new one that it is a part of."""
    if claim.area is None:
        return ""
    area = _area(claim.area, places)
    name = name_of(area, places)
    old = claim.area.startswith("63:") and question.clocks.map == "34"
    return (
        f"{name} ({say(language, 'trước sáp nhập')})" if old and area.code not in same_places(places, question.area) else name
    )


def in_parts(question: Question, places: Places) -> list[Question]:
    """The same question of the old provinces that one of today was merged of, so that whatever speaks of them shows too."""
    if question.area.kind != "province":
        return []
    olds = parts_of_province(places, question.area.code)
    return [_at(question, _area(old, places)) for old in olds] if len(olds) > 1 else []


def _of_its_day(claim: Declared, question: Question, places: Places) -> str | None:
    """The number of the claim's own area and day, known as in the question."""
    if claim.area is None or claim.valid_to is None or claim.valid_to > question.clocks.as_of:
        return None
    return encoded(_at(replace(question, clocks=replace(question.clocks, as_of=claim.valid_to)), _area(claim.area, places)))


def below(answer: Json, figure: Figure, places: Places, component: Component, language: Language) -> list[Json]:
    """One level below: what the ledger holds there, and what is declared for places of their own; each with its number."""
    question, unit = figure.question, figure.question.definition.unit
    rows: list[Json] = [
        {
            "name": row["name"] if row["key"] != "none" else None,
            "club": row["key"].removeprefix("club:") if row["key"].startswith("club:") else None,
            "amount": row["amount"],
            "display": render.words(amount(Decimal(row["amount"]), "people" if unit == "percent" else unit)),
            "entries": row["entries"],
            "basis": None,
            "link": _link(question, row["key"], places, component),
        }
        for row in answer["subtotals"]
    ]
    rows.sort(key=lambda row: (row["name"] is None, sort_key(str(row["name"] or ""))))
    for claim in figure.choice.used:
        if claim.area is None or claim.area == question.area.code:
            continue
        number = encoded(_at(question, _area(claim.area, places)))
        rows.append(
            {
                "name": _place_name(claim, question, places, language),
                "club": None,
                "amount": render.plain(claim.value),
                "display": render.words(amount(claim.value, unit)),
                "entries": None,
                "basis": "estimated" if claim.basis == "estimated" else "declared",
                "link": None if number is None else f"/so/{number}",
            }
        )
    return rows


def _link(question: Question, key: str, places: Places, component: Component) -> str | None:
    if key in ("none", question.area.text):
        return None
    number = encoded(_at(question, _area(key, places)))
    tail = "?component=whole" if component == "whole" else ""
    return None if number is None else f"/so/{number}{tail}"


def _area(key: str, places: Places) -> Area:
    map_ = cast("MapName", key[:2] if key[:3] in ("34:", "63:") else "34")
    return parse_area(key, places, map_)


def _at(question: Question, area: Area) -> Question:
    """The same question of another area, on the map of its list."""
    map_ = question.clocks.map if area.place is None or area.place.level == "nation" else area.place.list
    return replace(question, area=area, clocks=replace(question.clocks, map=map_))


def encoded(question: Question) -> str | None:
    """The id, or None for a club whose stream is not made from a command's id."""
    try:
        return number_id.encode(question)
    except ValueError:
        return None


def entry(row: Json, question: Question, places: Places, language: Language) -> Json:
    """One entry with its event and its sender in words."""
    if isinstance(question.definition.formula, Coverage):
        return {**row, "link": _clubs_there(question, row["place"]["key"], places)}
    return {
        **row,
        "event_name": render.words(name_of_event(row["event"]["type"])),
        "sender": None if row["actor"] is None else sender(row["actor"], places, language),
        "subject": subject_path(row["stream"]),
    }


def _clubs_there(question: Question, key: str, places: Places) -> str | None:
    existing = replace(question, definition=indicator("clubs-existing"))
    number = encoded(_at(existing, _area(key, places)))
    return None if number is None else f"/so/{number}"


def sender(actor: str, places: Places, language: Language) -> str:
    """Who recorded an event, without names of people: role, side, area."""
    try:
        who = parse_actor(actor)
        return f"{say(language, ROLES[who.role])}, {say(language, _SIDES[who.side])}, {places.name(who.area)}"
    except (ValueError, KeyError):
        return actor


def subject_path(stream: str | None) -> str | None:
    """The page of the subject of a stream."""
    if stream is None:
        return None
    for prefix, path in (("club-", "/clb/"), ("round-", "/tap-huan/"), ("inspection-", "/kiem-tra/")):
        if stream.startswith(prefix):
            return path + stream
    return None


def mix_chart(number: Json, language: Language) -> Chart | None:
    """How the number is made up by basis, as a bar; None where nothing is mixed or there is nothing to draw."""
    parts = [part for part in number["parts"] if part["basis"] in ("counted", "declared", "estimated")]
    if number["unit"] == "percent" or not number["value"] or any(part["amount"] < 0 for part in parts):
        return None
    value = Decimal(str(number["value"]))
    drawn = tuple(
        Part(
            cast("Basis", part["basis"]),
            _amount(part["amount"], language),
            f"{filters.both(wording.BASES[part['basis']], language)} {filters.number(part['amount'], language)}",
        )
        for part in parts
    )
    title = filters.both(number["title"], language)
    sentence = filters.both(number["mix"] or number["display"], language)
    return Bullet(
        id="mix",
        title=say(language, "%(title)s theo căn cứ", title=title),
        sentence=sentence,
        header=(say(language, "Căn cứ"), title),
        name="",
        value=Amount(value, filters.both(number["display"], language)),
        parts=drawn,
        show=lambda size: filters.number(size, language),
        unknown=say(language, "chưa có số liệu"),
        width=360,
    ).draw()


def _amount(value: float, language: Language) -> Amount:
    return Amount(Decimal(str(value)), filters.number(value, language))


def crumbs(question: Question, places: Places, name: str, language: Language) -> Sequence[Crumb]:
    """The way from the nation down to the area of a number."""
    area, map_ = question.area, question.clocks.map
    found: list[Crumb] = [("/", say(language, "Cả nước"))]
    place = area.place
    if area.kind == "region":
        found.append((f"/vung/{area.code}", name))
    elif area.kind == "club":
        found.append((f"/clb/{area.code}", name))
    elif place is not None and place.level != "nation":
        province = place if place.level == "province" else places.locate(place, map_).province
        if province is not None:
            found.append((f"/tinh/{province.key}", places.name(province)))
        if place.level == "commune":
            found.append((f"/xa/{place.key}", name))
    return found
