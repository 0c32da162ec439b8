"""Small multiples share one scale; the dot plot keeps its order; a waterfall adds up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.charts import Amount, Dot, Small, SmallMultiples, Step, Waterfall
from tests.shared.charts import examples
from tests.shared.charts.reading import NS, all_of, drawn, lines, num, rects, root, texts

BLUE, LIGHTER, ORANGE = "#12436D", "#2073BC", "#F46A25"


def test_the_same_value_stands_at_the_same_height_in_each() -> None:
    items = tuple(
        Small(name, "câu", examples.moments(*values)) for name, values in (("A", (10, 50)), ("B", (50, 100)), ("C", (None, 0)))
    )
    parts = SmallMultiples("m", "t", "s", ("a", "b", "c"), items, "?").parts()
    first, second, third = (root(part) for part in parts)
    ends = [drawn(svg, "circle")[-1] for svg in (first, second, third)]
    start_of_second = float(all_of(second, "polyline")[0].get("points", "").split()[0].split(",")[1])
    ground = num(drawn(third, "line")[0], "y1")
    assert num(ends[0], "cy") == start_of_second
    assert ground - num(ends[1], "cy") == pytest.approx(2 * (ground - num(ends[0], "cy")), abs=0.05)
    assert num(ends[2], "cy") == ground


def test_they_keep_the_order_given_on_the_sheet_and_in_the_list() -> None:
    many = examples.multiples("Huế", "An Giang", "Đắk Lắk")
    assert [part.title for part in many.parts()] == ["Huế", "An Giang", "Đắk Lắk"]
    assert [row[0] for row in many.sheet().table.rows] == ["Huế", "An Giang", "Đắk Lắk"]
    assert many.html().startswith('<ul class="multiples" role="list"><li><svg')
    assert many.html().count("<li>") == 3


def test_ids_in_the_list_are_unique() -> None:
    ids = [e.get("id") for e in root(examples.multiples("Huế", "Huế", "Huế").html()).iter() if e.get("id")]
    assert len(ids) == len(set(ids)) == 9


def test_each_has_the_target_line_and_its_own_where_it_has_one() -> None:
    many = examples.multiples("Huế", "An Giang")
    own = replace(many.items[0], target=examples.amount(45))
    heights = [
        next(num(x, "y1") for x in drawn(root(part), "line") if x.get("stroke") == "#801650")
        for part in replace(many, items=(own, many.items[1])).parts()
    ]
    ground = num(drawn(root(many.parts()[0]), "line")[0], "y1")
    assert ground - heights[1] == pytest.approx(2 * (ground - heights[0]), abs=0.05)


def test_no_places_give_a_sheet_that_says_so() -> None:
    assert texts(root(SmallMultiples("m", "t", "s", ("a", "b", "c"), (), "chưa có số liệu").sheet())) == ["chưa có số liệu"]


def test_a_dot_stands_at_its_share_of_the_scale() -> None:
    svg = root(
        examples.dots(
            Dot("A", examples.amount(50, "%")), Dot("B", examples.amount(100, "%")), Dot("C", examples.amount(0, "%"))
        ).draw()
    )
    half, full, zero = (num(c, "cx") for c in drawn(svg, "circle"))
    target = next(num(x, "x1") for x in drawn(svg, "line") if x.get("stroke") == "#801650")
    assert full - zero == pytest.approx(2 * (half - zero), abs=0.03)
    assert target == pytest.approx(full)


def test_a_row_without_a_figure_has_no_dot_and_says_so() -> None:
    chart = examples.dots(Dot("A", examples.amount(50, "%")), Dot("B", None)).draw()
    assert len(drawn(root(chart), "circle")) == 1
    assert chart.table.rows[1] == ("B", "chưa có")
    assert "chưa có" in texts(root(chart))


def test_rows_keep_the_order_given_lead_somewhere_and_are_tall_enough_for_a_finger() -> None:
    svg = root(examples.dots(*(Dot(name, examples.amount(5, "%"), href=f"/tinh/{name}") for name in "BCA")).draw())
    assert [a.get("href") for a in all_of(svg, "a")] == ["/tinh/B", "/tinh/C", "/tinh/A"]
    assert all(num(all_of(a, "rect")[0], "height") >= 24 for a in all_of(svg, "a"))


def test_an_estimated_dot_is_hatched() -> None:
    svg = root(examples.dots(Dot("A", examples.amount(50, "%"), estimated=True)).draw())
    assert drawn(svg, "circle")[0].get("fill") == "url(#d-hatch)"


def test_a_long_name_is_shortened_on_the_drawing_and_whole_in_its_title_and_table() -> None:
    name = "Thành phố Hồ Chí Minh và các xã lân cận"
    chart = examples.dots(Dot(name, examples.amount(50, "%"))).draw()
    assert any(text.endswith("…") for text in texts(root(chart)))
    assert f"{name}: 50%" in [t.text for t in all_of(root(chart), "title")]
    assert chart.table.rows[0][0] == name


def test_an_empty_ranking_is_drawn() -> None:
    assert drawn(root(examples.dots().draw()), "circle") == []


def test_each_step_begins_where_the_one_before_ended() -> None:
    svg = root(examples.waterfall(100, (80, -130), 50).draw())
    up, down = rects(svg, LIGHTER)[0], rects(svg, ORANGE)[0]
    start, end = rects(svg, BLUE)
    assert start[2] == pytest.approx(360 * 100 / 200)
    assert (up[0], up[2]) == pytest.approx((360 * 100 / 200, 360 * 80 / 200))
    assert (down[0], down[0] + down[2]) == pytest.approx((360 * 50 / 200, 360 * 180 / 200))
    assert end[2] == pytest.approx(360 * 50 / 200)


def test_steps_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="make 6531, not 6532"):
        examples.waterfall(end=6532).draw()


def test_sums_are_checked_exactly_and_not_in_binary() -> None:
    steps = tuple(Step("x", Amount(0.1, "+0,1")) for _ in range(3))
    Waterfall(
        "w",
        "t",
        "s",
        examples.HEADER,
        Step("a", Amount(0, "0")),
        steps,
        Step("b", Amount(Decimal("0.3"), "0,3")),
        examples.show,
    ).draw()


def test_small_steps_are_seen_and_the_bars_that_do_not_begin_at_zero_are_broken() -> None:
    svg = root(examples.waterfall().draw())
    assert rects(svg, LIGHTER)[0][2] > 60
    assert len([x for x in drawn(svg, "line") if x.get("stroke") == "#FFFFFF"]) == 4
    assert "0" not in texts(svg)


def test_a_scale_from_zero_breaks_no_bar() -> None:
    svg = root(examples.waterfall(100, (80, -130), 50).draw())
    assert not [x for x in drawn(svg, "line") if x.get("stroke") == "#FFFFFF"]
    assert "0" in texts(svg)


def test_a_waterfall_may_pass_below_zero_and_have_no_steps() -> None:
    below = root(examples.waterfall(10, (-30, 25), 5).draw())
    assert rects(below, ORANGE)[0][2] == pytest.approx(rects(below, LIGHTER)[0][2] * 30 / 25, rel=0.01)
    assert len(rects(root(examples.waterfall(5, (), 5).draw()), BLUE)) == 2


def test_no_name_of_a_step_reaches_into_its_number() -> None:
    svg = root(examples.waterfall(label="một lý do rất dài được viết đầy đủ ra để không còn chỗ").draw())
    rows: dict[float, list[tuple[float, float]]] = {}
    for line in lines(svg):
        rows.setdefault(round(line.bottom), []).append((line.left, line.right))
    assert all(min(row)[1] <= max(row)[0] for row in rows.values() if len(row) == 2)
    assert NS + "title" in {e.tag for e in svg.iter()}
