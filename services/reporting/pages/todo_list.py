"""What needs doing, from what the ledger knows: who is late, which sources disagree. Pure; the page asks and shows.

Sources disagree when two of them state different numbers for the same indicator, the same area and the same days, or when the
newest published number of an area is larger than the one that is counted and shown. What counts the places of a map is held
only against what was published of the same map: 63 provinces of June 2025 are not more than the 34 of today.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from services.reporting.pages import filters
from services.reporting.pages.stamps import due_month
from services.reporting.pages.words import Language, say
from shared.kernel.place import MapName
from shared.reference.book import NEW_MAP

Json = dict[str, Any]
_OF_A_MAP: Final = frozenset({"provinces", "communes"})
"""The units of what counts places."""


@dataclass(frozen=True, slots=True)
class Late:
    """A province that has not reported the last whole month, and a reminder to be sent to it."""

    key: str
    name: str
    latest_month: str | None
    months: int
    reminder: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What is published otherwise, and the figure that is shown."""

    number: Json
    area: Json
    claims: tuple[Json, ...]


def late_provinces(answer: Json, language: Language) -> list[Late]:
    """Those that are late, the latest first. `answer` is a progress of the nation with its freshness."""
    as_of = date.fromisoformat(answer["as_of"])
    due = due_month(as_of)
    found = [
        Late(
            each["key"],
            each["name"],
            each["latest_month"],
            _months(each["latest_month"], due),
            _reminder(each["name"], each["latest_month"], due, language),
        )
        for each in answer["freshness"]
        if each["kind"] == "province" and (each["latest_month"] or "") < due
    ]
    return sorted(found, key=lambda each: (-each.months, each.key))


def contradictions(answers: Iterable[Json]) -> list[Contradiction]:
    """The disagreements in some answers by province and of the nation, each once."""
    found: dict[tuple[object, ...], Contradiction] = {}
    for answer in answers:
        for area, numbers in [(answer["area"], answer["numbers"]), *((each, each["numbers"]) for each in answer["groups"])]:
            for number in numbers:
                if number["id"] is None:
                    continue
                for key, claims in _alike([*number["declarations"], *number["others"]]).items():
                    if len({Decimal(str(claim["value"])) for claim in claims}) > 1:
                        found.setdefault((number["indicator"], *key), Contradiction(number, area, tuple(claims)))
                larger = _larger(number, answer["as_of"], answer["map"])
                if larger is not None:
                    found.setdefault((number["indicator"], larger["stream"]), Contradiction(number, area, (larger,)))
    return list(found.values())


def _alike(claims: Iterable[Json]) -> dict[tuple[object, ...], list[Json]]:
    alike: dict[tuple[object, ...], list[Json]] = {}
    for claim in claims:
        if claim["valid_to"] is not None and claim["qualifier"] == "exact":
            key = (claim["area"], claim["scope"], claim["valid_from"], claim["valid_to"])
            alike.setdefault(key, []).append(claim)
    return alike


def _larger(number: Json, as_of: str, map_: MapName) -> Json | None:
    """The newest published number of the whole area by the day, if it is larger than one that rests on counting alone."""
    if number["declarations"] or not number["value"] or number["unit"] == "percent":
        return None
    whole = [each for each in number["others"] if each["scope"] is None and each["valid_to"] and each["valid_to"] <= as_of]
    if number["unit"] in _OF_A_MAP:
        whole = [each for each in whole if (each["valid_to"] < NEW_MAP.isoformat()) == (map_ == "63")]
    newest = max(whole, key=lambda each: (each["valid_to"], each["value"]), default=None)
    return newest if newest is not None and newest["value"] > number["value"] else None


def _months(latest: str | None, due: str) -> int:
    """How many months are missing; a year and a half stands for one that never reported."""
    if latest is None:
        return 18
    return (int(due[:4]) - int(latest[:4])) * 12 + int(due[5:7]) - int(latest[5:7])


def _reminder(name: str, latest: str | None, due: str, language: Language) -> str:
    last = say(language, "chưa có báo cáo tháng nào") if latest is None else filters.month(latest, language)
    return say(
        language,
        "Kính gửi Ban đại diện Hội Người cao tuổi %(name)s: đề nghị các câu lạc bộ liên thế hệ tự giúp nhau gửi báo cáo tháng "
        "%(due)s. Báo cáo gần nhất mà hệ thống nhận được: %(last)s. "
        "Báo cáo ghi trên điện thoại tại trang Liên Thế, mục Nhập số liệu.",
        name=name,
        due=filters.month(due, language),
        last=last,
    )
