"""From the numbers of an answer to charts: which amounts, words and links a drawing of `shared.charts` gets on the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast

from services.reporting.indicators.definition import Unit
from services.reporting.pages import filters
from services.reporting.pages.words import Language, say
from services.reporting.questions import wording
from shared.charts.bullet import Bullet, Mark, Part, Span
from shared.charts.chart import Amount, Chart
from shared.charts.multiples import Small, SmallMultiples
from shared.charts.parts import Basis
from shared.charts.spark import Moment, Spark
from shared.charts.tiles import Legend, Tile, TileGrid
from shared.kernel.place import MapName

Json = dict[str, Any]

_BASES: Final[Mapping[str, Basis]] = {
    "counted": "counted",
    "declared": "declared",
    "estimated": "estimated",
    "as-printed": "declared",
}
_ORDER: Final = ("counted", "declared", "estimated")


@dataclass(frozen=True, slots=True)
class Trend:
    """An area's months for a small multiple."""

    name: str
    href: str
    points: Sequence[Json]


def aim_of(number: Json) -> Json | None:
    """The target that a drawing holds a number against: the next one that has not ended, else the last one."""
    targets = cast("list[Json]", number["targets"])
    open_ones = [each for each in targets if not each["ended"]]
    if open_ones:
        return min(open_ones, key=lambda each: each["period_to"])
    return max(targets, key=lambda each: each["period_to"], default=None)


def bullet_of(number: Json, language: Language) -> Chart:
    """One figure against its target: the parts by basis, the target or its range, what would be expected by the day."""
    title = filters.both(number["title"], language)
    aim = aim_of(number)
    value = None if number["value"] is None else _amount(number["value"], number["unit"], language)
    return Bullet(
        id=f"bullet-{number['indicator']}",
        title=title,
        sentence=_sentence(number, aim, language),
        header=(say(language, "Phần"), say(language, "Số")),
        name="",
        value=value,
        parts=_parts(number, language),
        show=lambda tick: filters.short(tick, language),
        unknown=say(language, "chưa có số liệu"),
        target=None if aim is None or _is_range(aim) else _mark(aim, number["unit"], language),
        span=_span(aim, number["unit"], language) if aim is not None and _is_range(aim) else None,
        expected=_expected(aim, number["unit"], language),
        width=340,
    ).draw()


def spark_of(number: Json, points: Sequence[Json], language: Language, name: str = "") -> Chart | None:
    """The months of a number until now, of a named area; None where nothing is known. An unknown month is a gap."""
    title = filters.both(number["title"], language) + (f", {name}" if name else "")
    moments = tuple(_moment(point, number["indicator"], number["unit"], language) for point in points)
    known = [moment for moment in moments if moment.amount is not None]
    if not known:
        return None
    return Spark(
        id=f"spark-{number['indicator']}",
        title=title,
        sentence=say(
            language,
            "%(title)s: %(first)s (%(since)s), %(last)s (%(until)s).",
            title=title,
            first=_text(known[0], language),
            since=known[0].label,
            last=_text(known[-1], language),
            until=known[-1].label,
        ),
        header=(say(language, "Tháng"), title),
        moments=moments,
        unknown=say(language, "chưa có số liệu"),
    ).draw()


def tiles_of(answer: Json, slug: str, links: Mapping[str, str], language: Language) -> Chart:
    """The provinces of an answer as tiles, in five steps that hold about as many provinces each. `links` go by their codes."""
    groups, map_ = cast("list[Json]", answer["groups"]), cast("MapName", answer["map"])
    title = filters.both(number_of(answer, slug)["title"], language)
    shown = {group["key"][3:]: number_of(group, slug) for group in groups if group["kind"] == "province"}
    names = {group["key"][3:]: group["name"] for group in groups if group["kind"] == "province"}
    tiles = tuple(
        Tile(
            code,
            names[code],
            None if number["value"] is None else _amount(number["value"], number["unit"], language),
            href=links[code],
            estimated=_mostly_estimated(number),
            stale=bool(number["stale"]) and number["stale"] * 2 > (number["value"] or 0),
        )
        for code, number in shown.items()
    )
    return TileGrid(
        id="tiles",
        title=title,
        sentence=say(
            language,
            "%(title)s theo tỉnh, thành phố trên bản đồ %(map)s tỉnh. Bảng bên cạnh nói cùng số liệu.",
            title=title,
            map=map_,
        ),
        header=(say(language, "Tỉnh, thành phố"), title),
        map=map_,
        tiles=tiles,
        bounds=fifths([tile.amount.size for tile in tiles if tile.amount is not None]),
        legend=Legend(
            title,
            cast(
                "tuple[str, str, str, str, str]",
                tuple(say(language, word) for word in ("thấp nhất", "thấp", "vừa", "cao", "cao nhất")),
            ),
            say(language, "chưa có số liệu"),
            say(language, "ước tính"),
            say(language, "quá hạn báo cáo"),
        ),
        unknown=say(language, "chưa có số liệu"),
    ).draw()


def multiples_of(number: Json, trends: Sequence[Trend], language: Language) -> SmallMultiples:
    """A small trend for each area, in the order given, on one scale."""
    title = filters.both(number["title"], language)
    items: list[Small] = []
    for trend in trends:
        moments = tuple(_moment(point, number["indicator"], number["unit"], language) for point in trend.points)
        items.append(Small(trend.name, f"{trend.name}: {_text(moments[-1], language)}", moments, href=trend.href))
    return SmallMultiples(
        id="multiples",
        title=title,
        sentence=say(language, "%(title)s theo quý của từng tỉnh, cùng một thang đo.", title=title),
        header=(say(language, "Tháng"), title, say(language, "Tỉnh, thành phố")),
        items=tuple(items),
        unknown=say(language, "chưa có"),
    )


def number_of(group: Json, slug: str) -> Json:
    """The number of an indicator in a group or an answer. May raise `StopIteration` where it was not asked."""
    return next(each for each in group["numbers"] if each["indicator"] == slug)


def fifths(values: Sequence[float]) -> tuple[float, float, float, float]:
    """The lower bounds of steps two to five: a fifth of the values lie in each, as far as equal values allow."""
    ordered = sorted(values) or [0.0]
    at = [ordered[min(len(ordered) - 1, len(ordered) * part // 5)] for part in (1, 2, 3, 4)]
    return cast("tuple[float, float, float, float]", tuple(at))


def _parts(number: Json, language: Language) -> tuple[Part, ...]:
    sums: dict[Basis, Decimal] = {}
    if number["value"] is not None and not number["parts"]:
        sums["counted"] = Decimal(0)
    for part in number["parts"]:
        sums[_BASES[part["basis"]]] = sums.get(_BASES[part["basis"]], Decimal(0)) + Decimal(str(part["amount"]))
    return tuple(
        Part(basis, amount := _amount(sums[basis], number["unit"], language), f"{_word(basis, language)} {amount.text}")
        for basis in _ORDER
        if basis in sums and sums[basis] >= 0
    )


def _sentence(number: Json, aim: Json | None, language: Language) -> str:
    title, value = filters.both(number["title"], language), filters.both(number["display"], language)
    said = f"{title}: {value}"
    if aim is None:
        return f"{said}."
    scheme = say(
        language, "chỉ tiêu Đề án %(scheme)s đến %(day)s", scheme=aim["scheme"], day=filters.day(aim["period_to"], language)
    )
    return f"{said}; {scheme}: {filters.both(aim['words'], language)}."


def _is_range(aim: Json) -> bool:
    return aim["high"] is not None and aim["high"] != aim["low"]


def _mark(aim: Json, unit: str, language: Language) -> Mark:
    amount = _amount(aim["low"], unit, language)
    return Mark(amount, say(language, "chỉ tiêu %(amount)s đến %(year)s", amount=amount.text, year=aim["period_to"][:4]))


def _span(aim: Json, unit: str, language: Language) -> Span:
    low, high = _amount(aim["low"], unit, language), _amount(aim["high"], unit, language)
    return Span(low, high, say(language, "chỉ tiêu %(low)s\N{EN DASH}%(high)s một năm", low=low.text, high=high.text))


def _expected(aim: Json | None, unit: str, language: Language) -> Mark | None:
    if aim is None or aim["expected_by_now"] is None:
        return None
    exact = Decimal(str(aim["expected_by_now"]))
    text = filters.both(wording.about(exact, cast("Unit", unit)), language)
    return Mark(Amount(exact, text), say(language, "đến nay cần %(amount)s", amount=text))


def _moment(point: Json, slug: str, unit: str, language: Language) -> Moment:
    number = number_of(point, slug)
    label = filters.month(point["key"], language)
    return Moment(label, None if number["value"] is None else _amount(number["value"], unit, language))


def _amount(value: Any, unit: str, language: Language) -> Amount:
    number = Decimal(str(value))
    text = filters.money(number, language) if unit == "vnd" else filters.number(number, language)
    return Amount(number, f"{text}%" if unit == "percent" else text)


def _text(moment: Moment, language: Language) -> str:
    return say(language, "chưa có số liệu") if moment.amount is None else moment.amount.text


def _word(basis: Basis, language: Language) -> str:
    words = wording.BASES[basis]
    return words.vi if language == "vi" else words.en


def _mostly_estimated(number: Json) -> bool:
    """Whether more than half of a number was not counted."""
    parts = {part["basis"]: Decimal(str(part["amount"])) for part in number["parts"]}
    whole = sum(parts.values())
    return bool(whole) and parts.get("counted", Decimal(0)) * 2 < whole
