"""What the page of comparison shows, put in order for its template: pairs of numbers, rows, sums, the waterfall. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from services.reporting.indicators.definition import Definition
from services.reporting.pages import filters
from services.reporting.pages.filters import both
from services.reporting.pages.words import Language, say
from services.reporting.questions.question import Clocks
from shared.charts import Amount, Chart, Step, Waterfall
from shared.kernel.clock import day_of

Json = dict[str, Any]

HEADLINES: Final = (
    "clubs-founded", "clubs-new-1648", "clubs-active", "members", "older-members", "training-rounds", "training-participants",
    "inspections", "recommendations-open", "provinces-with-clubs", "communes-with-clubs", "share-women", "share-older",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One side: its clocks, the headline numbers, and the chosen figure cut one level below."""

    clocks: Clocks
    numbers: Sequence[Json]
    groups: Sequence[Json]
    generated: bool


class Given(Protocol):
    """What stays the same in the links to ready comparisons."""

    @property
    def indicator(self) -> str:
        """The figure that is explained."""
        ...

    @property
    def area(self) -> str:
        """The area."""
        ...


def presets(now: datetime, what: Given) -> list[tuple[str, dict[str, str]]]:
    """Ready comparisons: their names, and what their addresses say."""
    ago = (day_of(now) - timedelta(days=365)).isoformat()
    report = "2024-08-29"
    same = {"indicator": what.indicator, "area": what.area}
    return [
        ("Hôm nay và một năm trước", {"a_as_of": ago, "a_known_at": ago, **same}),
        (
            "Báo cáo ngày 29/08/2024 biết gì và nay biết gì",
            {"a_as_of": report, "a_known_at": report, "b_as_of": report, **same},
        ),
        ("34 tỉnh và 63 tỉnh", {"a_map": "34", "b_map": "63", **same, "area": "VN"}),
    ]


def what_differs(one: Clocks, other: Clocks) -> list[str]:
    """Which of day, knowledge and map are not the same on both sides."""
    pairs = {"as_of": one.as_of != other.as_of, "known_at": one.known_at != other.known_at, "map": one.map != other.map}
    return [name for name, differs in pairs.items() if differs]


def difference(a: Json | None, b: Json | None, language: Language) -> str:
    """The change from one number to another with its sign, `0` without; a dash where one of them is not known."""
    if a is None or b is None or a["value"] is None or b["value"] is None:
        return filters.NOTHING
    change = Decimal(str(b["value"])) - Decimal(str(a["value"]))
    unit = b.get("unit")
    text = filters.signed(change, language)
    return text if unit != "percent" else say(language, "%(change)s điểm phần trăm", change=text)


def pairs(one: Sequence[Json], other: Sequence[Json], language: Language) -> list[Json]:
    """Each number on both sides and the difference."""
    return [{"a": a, "b": b, "difference": difference(a, b, language)} for a, b in zip(one, other, strict=True)]


def rows(one: Sequence[Json], other: Sequence[Json], language: Language) -> list[Json]:
    """The areas below on both sides, those that are on one side only included."""
    a, b = ({group["key"]: group for group in groups} for groups in (one, other))
    keys = [*(group["key"] for group in other if group["key"] != "none"), *(key for key in a if key not in b and key != "none")]
    listed: list[Json] = []
    for key in [*keys, *({"none"} & (a.keys() | b.keys()))]:
        group = b.get(key) or a[key]
        left, right = _number(a.get(key)), _number(b.get(key))
        listed.append(
            {"key": key, "name": group["name"], "a": left, "b": right, "difference": difference(left, right, language)}
        )
    return listed


def _number(group: Json | None) -> Json | None:
    return None if group is None or not group["numbers"] else group["numbers"][0]


def sums(sides: Sequence[Side], definition: Definition) -> list[Json]:
    """For each side: what the areas below sum to, and the whole; equal, or the page says that they are not."""
    found: list[Json] = []
    for side in sides:
        total = next(number for number in side.numbers if number["indicator"] == definition.slug)
        values = [(_number(group) or {}).get("value") or 0 for group in side.groups]
        added = sum((Decimal(str(value)) for value in values), Decimal(0))
        whole = Decimal(str(total["value"] or 0))
        count = sum(group["key"] != "none" for group in side.groups)
        found.append({"map": side.clocks.map, "count": count, "sum": added, "whole": whole, "equal": added == whole})
    return found


def waterfall(explained: Mapping[str, Any], language: Language) -> Chart | None:
    """From the one figure to the other by kinds of reason; None where nothing differs."""
    if not explained["reasons"] or not explained["check"]["equal"]:
        return None
    one, other = explained["one"], explained["other"]
    title = both(explained["title"], language)

    def end(side: Json) -> Step:
        words = "%(day)s, biết đến %(known)s"
        label = say(
            language, words, day=filters.day(side["as_of"], language), known=filters.day(_day(side["known_at"]), language)
        )
        return Step(label, _amount(side["compared"], filters.number(side["compared"], language)), f"/so/{side['id']}")

    steps = tuple(
        Step(
            f"{both(reason['words'], language)} ({filters.number(reason['count'], language)})",
            _amount(reason["amount"], filters.signed(reason["amount"], language)),
            "#revisions",
        )
        for reason in explained["reasons"]
    )
    change = filters.signed(explained["check"]["difference"], language)
    return Waterfall(
        id="why",
        title=say(language, "%(title)s: từ bên A đến bên B", title=title),
        sentence=say(
            language,
            "%(title)s từ %(a)s thành %(b)s: thay đổi %(change)s, theo từng loại lý do.",
            title=title,
            a=filters.number(one["compared"], language),
            b=filters.number(other["compared"], language),
            change=change,
        ),
        header=(say(language, "Lý do"), title),
        start=end(one),
        steps=steps,
        end=end(other),
        show=lambda size: filters.number(size, language),
    ).draw()


def _day(instant: str) -> str:
    return instant[:10]


def _amount(value: float, text: str) -> Amount:
    return Amount(Decimal(str(value)), text)
