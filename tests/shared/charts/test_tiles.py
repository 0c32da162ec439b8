"""The country as tiles: every province once, Hoàng Sa and Trường Sa always, text that can be read on its tile."""

from __future__ import annotations

import inspect
import itertools
from dataclasses import fields, replace
from xml.etree.ElementTree import Element

import pytest

from shared.charts import TileGrid, TileMap, layout
from shared.reference.book import load
from tests.shared.charts import examples
from tests.shared.charts.reading import NS, all_of, drawn, lines, num, root, texts

MAPS: tuple[TileMap, TileMap] = ("34", "63")
NORTH_TO_SOUTH = {
    "34": (
        "Cao Bằng, Thái Nguyên, Bắc Ninh, Hưng Yên, Thanh Hóa, Nghệ An, Hà Tĩnh, Quảng Trị, Huế, Quảng Ngãi, Gia "
        "Lai, Đắk Lắk, Khánh Hòa, Hồ Chí Minh, Vĩnh Long, Cà Mau"
    ),
    "63": (
        "Hà Giang, Tuyên Quang, Vĩnh Phúc, Hà Nội, Hà Nam, Ninh Bình, Thanh Hóa, Nghệ An, Hà Tĩnh, Quảng Bình, "
        "Quảng Trị, Huế, Quảng Nam, Quảng Ngãi, Bình Định, Phú Yên, Khánh Hòa, Ninh Thuận, Bình Thuận, Bà Rịa - "
        "Vũng Tàu, Trà Vinh, Cà Mau"
    ),
}
WEST_TO_EAST = {
    "34": [
        "Điện Biên, Sơn La, Phú Thọ, Thái Nguyên, Lạng Sơn",
        "Hà Nội, Bắc Ninh, Quảng Ninh",
        "Ninh Bình, Hưng Yên, Hải Phòng",
        "Tây Ninh, Đồng Nai, Lâm Đồng, Khánh Hòa",
        "An Giang, Đồng Tháp",
        "Cần Thơ, Vĩnh Long",
        "Hà Tĩnh, Quảng Trị, Đà Nẵng",
    ],
    "63": [
        "Lai Châu, Lào Cai, Hà Giang, Cao Bằng, Lạng Sơn, Quảng Ninh",
        "Hà Nội, Bắc Ninh, Hải Dương, Hải Phòng",
        "Hà Nam, Hưng Yên, Thái Bình",
        "Kon Tum, Quảng Ngãi",
        "Gia Lai, Bình Định",
        "Đắk Lắk, Phú Yên",
        "Lâm Đồng, Ninh Thuận",
        "Tây Ninh, Bình Dương",
        "An Giang, Đồng Tháp, Long An, Hồ Chí Minh, Đồng Nai",
    ],
}
OUR_SHORT_NAMES = {"Hồ Chí Minh": "TP.HCM", "Bà Rịa - Vũng Tàu": "Bà Rịa–VT"}


def named(map: TileMap) -> dict[str, tuple[int, int]]:
    book = load()
    names = {place.code: book.name(place) for place in book.province_list(map)}
    return {names[place.code]: (place.row, place.column) for place in layout(map).places}


@pytest.mark.parametrize("map", MAPS)
def test_every_province_of_the_book_has_one_tile_and_no_two_share_a_place(map: TileMap) -> None:
    places = layout(map).places
    assert sorted(place.code for place in places) == sorted(place.code for place in load().province_list(map))
    assert len(places) == int(map) == len({(place.row, place.column) for place in places})
    assert layout(map).columns <= 8


@pytest.mark.parametrize("map", MAPS)
def test_a_tile_carries_the_official_short_name(map: TileMap) -> None:
    book = load()
    for province in book.province_list(map):
        name = book.name(province)
        assert layout(map).label(province.code) == OUR_SHORT_NAMES.get(name, name)


@pytest.mark.parametrize("map", MAPS)
def test_north_lies_above_south(map: TileMap) -> None:
    rows = [named(map)[name][0] for name in NORTH_TO_SOUTH[map].split(", ")]
    assert rows == sorted(set(rows))


@pytest.mark.parametrize("map", MAPS)
def test_west_lies_left_of_east(map: TileMap) -> None:
    for chain in WEST_TO_EAST[map]:
        columns = [named(map)[name][1] for name in chain.split(", ")]
        assert columns == sorted(set(columns)), chain


@pytest.mark.parametrize("map", MAPS)
def test_the_country_is_one_piece(map: TileMap) -> None:
    """From any tile every other is reached by steps to a neighbour, corners included."""
    left = set(named(map).values())
    reached = [left.pop()]
    for row, column in reached:
        near = {(row + dr, column + dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1)} & left
        left -= near
        reached.extend(near)
    assert left == set()


@pytest.mark.parametrize("map", MAPS)
@pytest.mark.parametrize("value", [None, 73.0])
def test_hoang_sa_and_truong_sa_are_always_drawn_with_the_provinces_they_belong_to(map: TileMap, value: float | None) -> None:
    svg = root(examples.grid(map, examples.tiles(map, value)).draw())
    found = {title.text: group for group in svg.iter() for title in group if title.tag == NS + "title" and group is not svg}
    for islands, province in (("Hoàng Sa", "Đà Nẵng"), ("Trường Sa", "Khánh Hòa")):
        mark = found[f"{islands} ({province})"]
        assert len(all_of(mark, "circle")) >= 3
        assert islands in texts(mark)
        assert f"({province})" == " ".join(texts(mark)[1:])
        assert min(num(c, "cx") for c in all_of(mark, "circle")) > max(num(r, "x") for r in drawn(svg, "rect"))


@pytest.mark.parametrize("map", MAPS)
def test_the_archipelagos_lie_east_of_their_provinces_at_their_latitude(map: TileMap) -> None:
    hoang_sa, truong_sa = layout(map).archipelagos
    assert abs(hoang_sa.row - named(map)["Đà Nẵng"][0]) <= 1
    assert named(map)["Khánh Hòa"][0] < truong_sa.row <= named(map)["Cà Mau"][0]


def test_a_grid_without_the_archipelagos_cannot_be_made() -> None:
    """Nothing that a caller can pass names them, so nothing can leave them out; without their provinces there is no grid."""
    assert not [f.name for f in fields(TileGrid) if "island" in f.name or "archipelago" in f.name]
    assert list(inspect.signature(layout).parameters) == ["map"]
    for code in ("48", "56"):
        with pytest.raises(ValueError, match="each of its provinces once"):
            examples.grid("34", [tile for tile in examples.tiles("34") if tile.code != code]).draw()


def test_a_province_missing_or_twice_or_of_another_map_is_refused() -> None:
    shown = examples.tiles("34")
    for wrong in (shown[1:], [*shown, shown[0]], [], examples.tiles("63")):
        with pytest.raises(ValueError, match="each of its provinces once"):
            examples.grid("34", wrong).draw()


def by_title(svg: Element) -> dict[str, Element]:
    return {(a.find(NS + "title").text or ""): a for a in all_of(svg, "a")}  # type: ignore[union-attr]


def test_each_tile_leads_to_its_province_and_says_its_name_and_figure() -> None:
    tiles = by_title(root(examples.grid("34").draw()))
    assert tiles["Đắk Lắk: 73%"].get("href") == "/tinh/34:66"
    assert len([title for title in tiles if title.endswith(": 73%")]) == 34


def test_the_five_steps_begin_at_their_bounds() -> None:
    grid = examples.grid("34")
    fills = {"#DCEAF6": [0, 49.9], "#AED0EE": [50, 79], "#7FB8EA": [80, 99], "#2073BC": [100, 119], "#12436D": [120, 900]}
    for fill, values in fills.items():
        for value in values:
            svg = root(replace(grid, tiles=tuple(examples.tiles("34", value))).draw())
            squares = [all_of(a, "rect")[0].get("fill") for title, a in by_title(svg).items() if "Sa (" not in title]
            assert squares == [fill] * 34


def test_no_data_is_grey_and_is_not_the_colour_of_zero() -> None:
    unknown = by_title(root(examples.grid("34", examples.tiles("34", None)).draw()))["Huế: chưa có số liệu"]
    zero = by_title(root(examples.grid("34", examples.tiles("34", 0)).draw()))["Huế: 0%"]
    assert all_of(unknown, "rect")[0].get("fill") == "#E2E2E2"
    assert all_of(zero, "rect")[0].get("fill") == "#DCEAF6"
    assert texts(unknown) == ["Huế", "–"]


def test_an_estimate_is_hatched_and_what_is_out_of_date_has_a_corner_and_both_are_said() -> None:
    shown = by_title(root(examples.grid("34", examples.tiles("34", estimated=True, stale=True)).draw()))
    tile = shown["Huế: 73% · ước tính · số liệu cũ"]
    assert all_of(tile, "rect")[0].get("fill") == "url(#g-step1)"
    assert len(all_of(tile, "path")) == 1


def test_the_key_names_the_five_steps_and_the_three_marks() -> None:
    written = " ".join(texts(root(examples.grid("34").draw())))
    for words in (*examples.LEGEND.steps, examples.LEGEND.estimated, examples.LEGEND.stale, *examples.LEGEND.no_data.split()):
        assert words in written


def linear(channel: int) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    light = [sum(w * linear(int(c[i : i + 2], 16)) for w, i in ((0.2126, 1), (0.7152, 3), (0.0722, 5))) for c in (one, other)]
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize("estimated", [False, True])
@pytest.mark.parametrize("value", [None, 10.0, 60.0, 90.0, 110.0, 130.0])
def test_text_reads_on_its_tile_and_on_the_lines_of_its_hatching(value: float | None, estimated: bool) -> None:
    svg = root(examples.grid("34", examples.tiles("34", value, estimated=estimated)).draw())
    for tile in (a for title, a in by_title(svg).items() if title.startswith("Huế")):
        fill = all_of(tile, "rect")[0].get("fill", "")
        grounds = [fill]
        if fill.startswith("url"):
            pattern = next(p for p in all_of(svg, "pattern") if f"url(#{p.get('id')})" == fill)
            grounds = [all_of(pattern, "rect")[0].get("fill", ""), all_of(pattern, "line")[0].get("stroke", "")]
        for text in all_of(tile, "text"):
            for ground in grounds:
                assert contrast(text.get("fill", ""), ground) >= 4.5, (text.text, ground)


def test_neighbouring_steps_can_be_told_apart() -> None:
    steps = ["#DCEAF6", "#AED0EE", "#7FB8EA", "#2073BC", "#12436D"]
    for lighter, darker in itertools.pairwise(steps):
        assert contrast(lighter, darker) >= 1.25


@pytest.mark.parametrize("map", MAPS)
def test_a_name_fits_its_tile(map: TileMap) -> None:
    svg = root(examples.grid(map).draw())
    for title, tile in by_title(svg).items():
        if "Sa (" in title:
            continue
        square = all_of(tile, "rect")[0]
        for text in lines(tile):
            assert num(square, "x") <= text.left, text
            assert text.right <= num(square, "x") + num(square, "width"), text


def test_bounds_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        replace(examples.grid("34"), bounds=(50, 80, 70, 120)).draw()
