"""What an event was, in words: one sentence a type, and its fields with the names that people use.

An event or a field that is not known here is shown under its own name, never left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from services.reporting.pages.filters import day, month, number
from services.reporting.pages.story_names import CODED, FIELDS, TYPES, VALUES
from services.reporting.pages.words import Language, say
from shared.kernel.place import PlaceRef
from shared.reference.book import Places

Json = dict[str, Any]

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_KEY: Final = re.compile(r"VN|(34|63):(\d{2}|\d{5})")
_PLACED: Final = frozenset({"commune", "place", "places", "provinces", "area"})
_MONEY: Final = re.compile(r"(_fund|^amount|\.amount|\.total|\.from_\w+)$")
AREAS: Final = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A field in words: what was there before, what is now; None where nothing was said. `code`: of the place that it names."""

    name: str
    before: str | None
    after: str | None
    code: str | None = None


def type_name(type: str, language: Language) -> str:
    """`Báo cáo thành viên`."""
    return say(language, TYPES[type]) if type in TYPES else type


def club_sentence(type: str, facts: Json, on: str, language: Language, *, corrects: bool) -> str:
    """What happened to a club, in one sentence. `facts` are flat; a correction's are only what it changed."""
    match type:
        case "clubs.members-reported" if not corrects:
            return _members(facts, on, language)
        case "clubs.month-reported" if not corrects:
            return _month(facts, on, language)
        case "clubs.members-reported":
            return say(language, "Đính chính báo cáo thành viên ngày %(day)s", day=day(on, language))
        case "clubs.month-reported":
            return say(language, "Đính chính báo cáo tháng %(month)s", month=month(on, language))
        case "clubs.club-founded":
            return _founded(facts, on, language)
        case "clubs.board-renewed":
            size = facts.get("board_size")
            words = say(language, "Kiện toàn ban chủ nhiệm ngày %(day)s", day=day(on, language))
            return words if size is None else f"{words}: {say(language, '%(n)s người', n=number(size, language))}"
        case "clubs.club-suspended":
            return _because(say(language, "Tạm dừng hoạt động từ ngày %(day)s", day=day(on, language)), facts)
        case "clubs.club-resumed":
            return say(language, "Hoạt động trở lại từ ngày %(day)s", day=day(on, language))
        case "clubs.club-dissolved":
            return _because(say(language, "Giải thể ngày %(day)s", day=day(on, language)), facts)
        case _:
            return _because(type_name(type, language), facts)


def _members(facts: Json, on: str, language: Language) -> str:
    words = say(
        language, "Báo cáo thành viên ngày %(day)s: %(n)s người", day=day(on, language), n=number(facts.get("total"), language)
    )
    named = (("women", "%(n)s nữ"), ("aged_60_plus", "%(n)s NCT"))
    parts = [say(language, text, n=number(facts[name], language)) for name, text in named if facts.get(name) is not None]
    return f"{words}, {say(language, 'trong đó')} {', '.join(parts)}" if parts else words


def _month(facts: Json, on: str, language: Language) -> str:
    parts: list[str] = []
    if facts.get("meeting_held"):
        met = facts.get("met_on")
        parts.append(say(language, "có họp ngày %(day)s", day=day(met, language)) if met else say(language, "có họp"))
    elif facts.get("meeting_held") is False:
        parts.append(say(language, "không họp"))
    areas = {name.split(".")[1] for name, value in facts.items() if name.startswith("areas.") and value is not None}
    if areas:
        parts.append(say(language, "%(n)s/%(all)s mảng hoạt động", n=len(areas), all=AREAS))
    if facts.get("income_fund") is not None:
        parts.append(say(language, "quỹ tăng thu nhập %(sum)s", sum=money(facts["income_fund"], language)))
    if facts.get("operating_fund") is not None:
        parts.append(say(language, "quỹ hoạt động %(sum)s", sum=money(facts["operating_fund"], language)))
    words = say(language, "Báo cáo tháng %(month)s", month=month(on, language))
    return f"{words}: {'; '.join(parts)}" if parts else words


def _founded(facts: Json, on: str, language: Language) -> str:
    decision = facts.get("decision_number")
    words = say(language, "Thành lập câu lạc bộ ngày %(day)s", day=day(on, language))
    return words if not decision else f"{words} {say(language, 'theo quyết định số %(decision)s', decision=decision)}"


def _because(words: str, facts: Json) -> str:
    return f"{words}: {facts['reason']}" if facts.get("reason") else words


def money(value: Any, language: Language) -> str:
    """`53.000.000 ₫`."""
    return f"{number(value, language)} ₫"


def lines_of_changes(changes: Sequence[Json], places: Places, here: PlaceRef, language: Language) -> list[Line]:
    """The fields of a moment's changes in words; a commune, told as code and list, in one line by its name. A code that changed
    alone stays on the list of `here`, where the club is."""
    told = {change["field"]: change for change in changes}
    lines: list[Line] = []
    for change in changes:
        above, _, last = change["field"].rpartition(".")
        if above not in _PLACED or f"{above}.code" not in told:
            lines.append(
                Line(
                    field_name(change["field"], language),
                    None if change["before"] is None else value_words(change["field"], change["before"], language),
                    None if change["after"] is None else value_words(change["field"], change["after"], language),
                )
            )
        elif last == "code":
            lists = told.get(f"{above}.list", {"before": here.list, "after": here.list})
            before, after = (_key_of(lists[when], change[when]) for when in ("before", "after"))
            lines.append(
                Line(
                    field_name(above, language),
                    None if before is None else _place_words(above, before, places, language),
                    None if after is None else _place_words(above, after, places, language),
                    after,
                )
            )
    return lines


def _key_of(list_: str | None, code: str | None) -> str | None:
    return None if list_ is None or code is None else f"{list_}:{code}"


def _place_words(path: str, key: str, places: Places, language: Language) -> str:
    place = _place(path, key, places)
    return key if place is None else _named(place, places, language)


def lines_of_data(data: Json, places: Places, language: Language) -> list[Line]:
    """The fields of an event's data in words, in their order; a place by its name, with its code beside it."""
    lines: list[Line] = []
    for path, value in flat(data):
        if value is None:
            continue
        place = _place(path, value, places)
        words = value_words(path, value, language) if place is None else _named(place, places, language)
        lines.append(Line(field_name(path, language), None, words, None if place is None else place.key))
    return lines


def _place(path: str, value: Any, places: Places) -> PlaceRef | None:
    """The place that a field names by its key, if there is such a place."""
    if _PLACED.isdisjoint(path.split(".")) or not isinstance(value, str) or not _KEY.fullmatch(value):
        return None
    place = PlaceRef.parse(value)
    return place if places.exists(place) else None


def _named(place: PlaceRef, places: Places, language: Language) -> str:
    """A commune with its province: there are many of one name."""
    if place.level == "nation":
        return say(language, "Cả nước")
    province = places.locate(place, place.list).province
    name = places.name(place)
    return name if province is None or province == place else f"{name}, {places.name(province)}"


def flat(facts: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and word of nested data with its path: `areas.health.members_checked`, `findings.1.text`."""
    for name, value in facts.items():
        path = f"{above}{name}"
        if isinstance(value, dict):
            inner = cast("Json", value)
            if set(inner) == {"code", "list"}:
                yield path, "VN" if inner["code"] == "VN" else f"{inner['list']}:{inner['code']}"
            elif inner:
                yield from flat(inner, f"{path}.")
            else:
                yield path, True
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            if any(isinstance(each, dict) for each in items):
                yield from flat({str(index): each for index, each in enumerate(items, 1)}, f"{path}.")
            else:
                yield path, ", ".join(map(str, items)) or None
        else:
            yield path, value


def field_name(path: str, language: Language) -> str:
    """A field's name: of the longest part of its path that has one, with the number of the item where it is of a list."""
    parts = path.split(".")
    numbers = [part for part in parts if part.isdecimal()]
    plain = [part for part in parts if not part.isdecimal()]
    for start in range(len(plain)):
        known = FIELDS.get(".".join(plain[start:]))
        if known is not None:
            above = FIELDS.get(plain[0]) if start and numbers else None
            words = say(language, known)
            return f"{say(language, above)} {' '.join(numbers)}: {words}" if above else words
    return path


def value_words(path: str, value: Any, language: Language) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return say(language, "có") if value else say(language, "không")
    if isinstance(value, int):
        return money(value, language) if _MONEY.search(path) and path != "total" else number(value, language)
    if isinstance(value, str):
        if _DAY.fullmatch(value):
            return month(value, language) if path == "month" else day(value, language)
        if path.rpartition(".")[2] in CODED or path.startswith("costs."):
            return ", ".join(say(language, VALUES[each]) if each in VALUES else each for each in value.split(", "))
        return value
    if value == {}:
        return say(language, "có")
    return json.dumps(value, ensure_ascii=False)
