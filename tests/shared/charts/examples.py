"""One plain example of each form, made with the texts of a place and a prefix for ids; the tests vary them."""

from __future__ import annotations

from functools import cache

from shared.charts import (
    Amount,
    Bullet,
    Chart,
    Dot,
    DotPlot,
    Forecast,
    FundingBullet,
    Legend,
    Mark,
    Moment,
    Money,
    Part,
    Small,
    SmallMultiples,
    Spark,
    Step,
    Tile,
    TileGrid,
    TileMap,
    Waterfall,
)
from shared.reference.book import load

HEADER = ("Chỉ tiêu", "Giá trị")
LEGEND = Legend(
    "Tỷ lệ đạt chỉ tiêu",
    ("dưới 50%", "50–<80%", "80–<100%", "100–<120%", "từ 120%"),
    "chưa có số liệu",
    "ước tính",
    "số liệu cũ",
)


def show(value: float) -> str:
    return f"{value:,.0f}".replace(",", ".")


def amount(value: float, unit: str = "") -> Amount:
    return Amount(value, show(value) + unit)


def mark(value: float, words: str) -> Mark:
    return Mark(amount(value), f"{words} {show(value)}")


def bullet(name: str = "CLB thành lập mới", id: str = "b", **more: object) -> Bullet:
    parts = (
        Part("counted", amount(4043), "đếm được 4.043"),
        Part("declared", amount(1478), "kê khai 1.478"),
        Part("estimated", amount(1000), "ước tính 1.000"),
    )
    given: dict[str, object] = {"target": mark(2900, "chỉ tiêu"), "expected": mark(1900, "đến hôm nay")}
    return Bullet(id, name, f"{name}: 6.521", HEADER, name, amount(6521), parts, show, "chưa có số liệu", **(given | more))  # type: ignore[arg-type]


def simple(value: float | None, id: str = "b", **more: object) -> Bullet:
    known = None if value is None else amount(value)
    parts = () if known is None else (Part("counted", known, "đếm được"),)
    return Bullet(id, "Tên", "câu", HEADER, "Tên", known, parts, show, "chưa có số liệu", **more)  # type: ignore[arg-type]


def funding(name: str = "Kinh phí", id: str = "f", given: float | None = 80, raised: float | None = 21) -> FundingBullet:
    sums = [
        Money(w, None if v is None else amount(v))
        for w, v in zip(("dự toán", "đã giao", "đã chi", "huy động"), (120, given, 52, raised), strict=True)
    ]
    return FundingBullet(id, name, f"{name}: câu", HEADER, name, *sums, show, "chưa rõ")


def moments(*values: float | None) -> tuple[Moment, ...]:
    return tuple(Moment(f"{i:02d}/2026", None if v is None else amount(v)) for i, v in enumerate(values, 1))


def spark(*values: float | None, name: str = "CLB", id: str = "s", **more: object) -> Spark:
    return Spark(id, name, f"{name}: câu", HEADER, moments(*values), "chưa có số liệu", **more)  # type: ignore[arg-type]


def forecasting(id: str = "s") -> Spark:
    later = (Forecast("Quý III", amount(900), amount(1300)), Forecast("Quý IV", amount(950), amount(1700)))
    return spark(
        700, 800, None, 990, id=id, target=amount(1500), target_label="chỉ tiêu 1.500", forecast=later, forecast_label="dự báo"
    )


def tiles(map: TileMap, value: float | None = 73, **more: object) -> list[Tile]:
    places = load()
    known = None if value is None else amount(value, "%")
    return [Tile(p.code, places.name(p), known, f"/tinh/{map}:{p.code}", **more) for p in places.province_list(map)]  # type: ignore[arg-type]


def grid(map: TileMap = "34", shown: list[Tile] | None = None, id: str = "g", name: str = "Tỷ lệ đạt") -> TileGrid:
    shown = tiles(map) if shown is None else shown
    return TileGrid(id, name, f"{name}: câu", HEADER, map, tuple(shown), (50, 80, 100, 120), LEGEND, "chưa có số liệu")


def multiples(*names: str, id: str = "m") -> SmallMultiples:
    items = tuple(Small(name, f"{name}: câu", moments(10, None, 40 + i), href="/tinh/34:01") for i, name in enumerate(names))
    return SmallMultiples(id, "Các tỉnh", "câu", ("Tỉnh", "Số cuối", "Câu"), items, "chưa có số liệu", target=amount(90))


def dots(*rows: Dot, id: str = "d") -> DotPlot:
    return DotPlot(
        id, "Xếp hạng", "câu", HEADER, rows, lambda v: f"{v:.0f}%", "chưa có", target=Mark(amount(100), "chỉ tiêu 100%")
    )


def step(label: str, value: float, *, signed: bool = True) -> Step:
    return Step(label, Amount(value, ("+" if value > 0 else "−") * signed + show(abs(value))))


def waterfall(
    start: float = 6521, changes: tuple[float, ...] = (41, -18, -25, 12), end: float = 6531, label: str = "lý do", id: str = "w"
) -> Waterfall:
    steps = tuple(step(f"{label} {i}", change) for i, change in enumerate(changes, 1))
    first, last = step("Số công bố", start, signed=False), step("Số hiện nay", end, signed=False)
    return Waterfall(id, "Số công bố và số hiện nay", "câu", HEADER, first, steps, last, show)


@cache
def everything(name: str = "Bà Rịa - Vũng Tàu") -> dict[str, Chart]:
    """All forms, with the name wherever a name may stand."""
    ranked = [Dot(name, amount(136, "%"), href="/a"), Dot("Huế", amount(40, "%"), estimated=True), Dot("Điện Biên", None)]
    named = [Tile(t.code, name, t.amount, t.href, estimated=i % 3 == 0, stale=i % 5 == 0) for i, t in enumerate(tiles("34"))]
    small = multiples(name, "Huế", "Lạng Sơn")
    return {
        "bullet": bullet(name).draw(),
        "wide bullet": bullet(name, width=640).draw(),
        "unknown bullet": simple(None, target=mark(4, "chỉ tiêu")).draw(),
        "funding": funding(name).draw(),
        "spark": spark(5, None, 3, 12, 8, 10, name=name, low_high=True, target=amount(9), target_label="chỉ tiêu 9").draw(),
        "forecast": forecasting().draw(),
        "tiles 34": grid("34", named, name=name).draw(),
        "tiles 63": grid("63").draw(),
        "multiples": small.sheet(),
        "one of the multiples": small.parts()[0],
        "dots": dots(*ranked).draw(),
        "waterfall": waterfall(label=name).draw(),
    }
