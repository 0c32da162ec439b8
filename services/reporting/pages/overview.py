"""What the national page shows of the answers: five rows held against targets, the money, the tiles, the trends, the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from services.reporting.indicators import indicator
from services.reporting.pages import drawings, filters
from services.reporting.pages.reading import Reading
from services.reporting.pages.todo_list import late_provinces
from services.reporting.pages.words import Language, say
from shared.charts.bullet import FundingBullet, Money
from shared.charts.chart import Amount, Chart
from shared.kernel.place import PlaceRef
from shared.reference.book import Places

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Main:
    """One of the five rows: its indicator, and those told beside it."""

    slug: str
    beside: tuple[str, ...] = ()


ROWS: Final = (
    Main("clubs-new-1648", ("clubs-founded", "clubs-existing", "clubs-active", "boards-renewed")),
    Main("members", ("share-women",)),
    Main("older-members", ("share-older",)),
    Main("training-rounds", ("training-rounds-all", "training-participants")),
    Main("inspections", ("recommendations-remedied", "recommendations-open", "recommendations-overdue")),
)
DUTIES: Final = ("boards-untrained",)
QUALITY: Final = (
    "share-clubs-all-areas", "share-clubs-both-funds", "provinces-with-clubs", "communes-with-clubs", "clubs-new-1336",
    "members-of-new-clubs-1336",
)  # fmt: skip
FUNDING: Final = ("funding-state-budget", "funding-contribution", "funding-international", "funding-other")
RAISED: Final = ("resources-raised-state", "resources-raised-society", "resources-raised-members")
SHOWN: Final = tuple(
    dict.fromkeys([*(slug for row in ROWS for slug in (row.slug, *row.beside)), *DUTIES, *QUALITY, *FUNDING, *RAISED])
)
COLUMNS: Final = ("clubs-founded", "clubs-new-1648", "clubs-active", "members", "older-members", "share-clubs-all-areas")
TRENDS: Final = tuple(row.slug for row in ROWS)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is drawn. `change` is against the day `since`, None where that is not known."""

    number: Json
    beside: tuple[Json, ...]
    aims: tuple[Json, ...]
    bullet: Chart
    spark: Chart | None
    change: Decimal | None
    since: str


def rows_of(answer: Json, points: Sequence[Json], language: Language) -> list[Row]:
    """The five rows."""
    return [_row(main, answer, points, language) for main in ROWS]


def _row(main: Main, answer: Json, points: Sequence[Json], language: Language) -> Row:
    number = drawings.number_of(answer, main.slug)
    aims = tuple(each for each in number["targets"] if not each["ended"]) or tuple(
        each for each in [drawings.aim_of(number)] if each is not None
    )
    return Row(
        number,
        tuple(drawings.number_of(answer, slug) for slug in main.beside),
        aims,
        drawings.bullet_of(number, language),
        drawings.spark_of(number, points, language),
        _change(points, main.slug),
        points[-2:][0]["as_of"],
    )


def _change(points: Sequence[Json], slug: str) -> Decimal | None:
    """Against the end of the last quarter; a count that begins anew each year says nothing across the years.

    On the first days that may be asked for there is no quarter before.
    """
    if len(points) < 2:
        return None
    (before, was), (now, value) = ((point, drawings.number_of(point, slug)["value"]) for point in points[-2:])
    yearly = indicator(slug).window == "year" and before["as_of"][:4] != now["as_of"][:4]
    return None if yearly or was is None or value is None else Decimal(str(value)) - Decimal(str(was))


def duties_of(answer: Json, contradicting: int, language: Language) -> list[tuple[str, str, int]]:
    """What needs doing, in numbers: where it is told on the page of things to do, its name, how much of it."""
    overdue, boards = (drawings.number_of(answer, slug) for slug in ("recommendations-overdue", "boards-untrained"))
    undecided = drawings.number_of(answer, "communes-with-clubs")["undecided"]
    return [
        ("late", say(language, "tỉnh chậm báo cáo"), len(late_provinces(answer, language))),
        ("overdue", say(language, "kiến nghị quá hạn"), int(overdue["value"] or 0)),
        ("boards", say(language, "ban chủ nhiệm chưa tập huấn"), int(boards["value"] or 0)),
        ("sources", say(language, "chỗ các nguồn nói khác nhau"), contradicting),
        ("undecided", say(language, "xã bị chia chờ phân định"), int(undecided)),
    ]


def money_of(answer: Json, language: Language) -> Chart:
    """What was spent on training rounds by source, and what clubs raised: nobody records a plan or an allocation yet."""

    def total(slugs: Sequence[str]) -> Amount | None:
        values = [drawings.number_of(answer, slug)["value"] for slug in slugs]
        known = [Decimal(str(value)) for value in values if value is not None]
        return Amount(sum(known, Decimal(0)), filters.money(sum(known, Decimal(0)), language)) if known else None

    title = say(language, "Kinh phí tập huấn và nguồn lực huy động")
    return FundingBullet(
        id="funding",
        title=title,
        sentence=say(language, "Dự toán và kinh phí giao chưa có ai ghi vào hệ thống; đã chi và huy động là cộng từ báo cáo."),
        header=(say(language, "Khoản"), say(language, "Số tiền")),
        name="",
        planned=Money(say(language, "dự toán"), None),
        allocated=Money(say(language, "đã giao"), None),
        spent=Money(say(language, "đã chi"), total(FUNDING)),
        raised=Money(say(language, "câu lạc bộ huy động"), total(RAISED)),
        show=lambda tick: filters.short(tick, language),
        unknown=say(language, "chưa có số liệu"),
        width=340,
    ).draw()


def province_links(answer: Json, reading: Reading) -> dict[str, str]:
    """Where each province's tile leads, by its code."""
    return {each["key"][3:]: reading.link(f"/tinh/{each['key']}") for each in answer["groups"] if each["kind"] == "province"}


def trends_of(slug: str, answer: Json, series: Mapping[str, Sequence[Json]], reading: Reading) -> list[drawings.Trend]:
    """The provinces' months, those farthest from their target first; without targets the smallest first."""
    groups = {each["key"]: each for each in answer["groups"] if each["kind"] == "province"}

    def distance(key: str) -> tuple[Decimal, str]:
        number = drawings.number_of(groups[key], slug)
        aim = drawings.aim_of(number)
        value = Decimal(str(number["value"] or 0))
        return (value / Decimal(str(aim["low"])) if aim is not None and aim["low"] else value, key)

    return [
        drawings.Trend(groups[key]["name"], reading.link(f"/tinh/{key}"), series[key])
        for key in sorted(groups, key=distance)
        if key in series
    ]


def sorted_groups(answer: Json, places: Places, sort: str, *, descending: bool) -> list[Json]:
    """The rows of the table: by name in Vietnamese order, or by an indicator; what lies in no province stays last."""
    provinces = [each for each in answer["groups"] if each["kind"] == "province"]
    rest = [each for each in answer["groups"] if each["kind"] != "province"]

    def by_name(group: Json) -> str:
        return places.sort_key(PlaceRef.parse(group["key"]))

    def by_number(group: Json) -> tuple[bool, Decimal]:
        value = drawings.number_of(group, sort)["value"]
        return value is not None, Decimal(str(value or 0))

    provinces.sort(key=by_name)
    if sort == "name":
        return [*(reversed(provinces) if descending else provinces), *rest]
    return [*sorted(provinces, key=by_number, reverse=descending), *rest]
