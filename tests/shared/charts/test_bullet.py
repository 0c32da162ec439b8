"""Bullets: lengths are proportions, nothing is cut off in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.charts import Amount, Span
from tests.shared.charts import examples
from tests.shared.charts.reading import all_of, drawn, num, rects, root, texts

BLUE, LIGHT, TURQUOISE, PINK, SHADE = "#12436D", "#6BACE6", "#28A197", "#801650", "#C9D3DC"


@pytest.mark.parametrize(("value", "target", "end"), [(50, 100, 100), (6521, 2900, 8000), (3, 4, 4), (0.25, 1, 1)])
def test_a_bar_is_as_long_as_its_share_of_the_scale(value: float, target: float, end: float) -> None:
    svg = root(examples.simple(value, target=examples.mark(target, "chỉ tiêu")).draw())
    (bar,) = rects(svg, BLUE)
    assert bar[2] == pytest.approx(360 * value / end, abs=0.01)
    tick = next(r for r in rects(svg, PINK) if r[3] > 20)
    assert min(tick[0] + 1.5, 358.5) == pytest.approx(min(360 * target / end, 358.5), abs=0.01)


def test_counted_declared_and_estimated_follow_each_other_solid_light_and_hatched() -> None:
    svg = root(examples.bullet().draw())
    bars = [next(r for r in rects(svg, fill) if r[3] == 10) for fill in (BLUE, LIGHT, "url(#b-hatch)")]
    starts, lengths = [bar[0] for bar in bars], [bar[2] for bar in bars]
    assert starts == pytest.approx([0, 360 * 4043 / 8000, 360 * 5521 / 8000], abs=0.01)
    assert lengths == pytest.approx([360 * 4043 / 8000, 360 * 1478 / 8000, 360 * 1000 / 8000], abs=0.01)
    assert [p.get("id") for p in all_of(svg, "pattern")] == ["b-hatch"]


def test_expected_by_today_stands_at_its_place() -> None:
    svg = root(examples.bullet().draw())
    (tick,) = [num(x, "x1") for x in drawn(svg, "line") if x.get("stroke") == "#3D3D3D"]
    assert tick == pytest.approx(360 * 1900 / 8000, abs=0.01)
    assert "đến hôm nay 1.900" in texts(svg)


def test_a_target_range_is_shaded_from_low_to_high() -> None:
    span = Span(examples.amount(5), examples.amount(7), "mục tiêu 5–7 đợt")
    svg = root(examples.simple(4, span=span).draw())
    (shade,) = rects(svg, SHADE)
    assert (shade[0], shade[2]) == pytest.approx((360 * 5 / 8, 360 * 2 / 8))
    assert "mục tiêu 5–7 đợt" in texts(svg)


def test_a_value_beyond_a_fixed_scale_is_broken_and_still_written() -> None:
    chart = examples.simple(950, target=examples.mark(300, "chỉ tiêu"), scale_to=500).draw()
    svg = root(chart)
    (bar,) = rects(svg, BLUE)
    assert bar[0] + bar[2] == pytest.approx(360)
    assert len([x for x in drawn(svg, "line") if x.get("stroke") == "#FFFFFF"]) == 2
    assert "950" in texts(svg)


def test_without_a_name_a_value_beyond_the_scale_is_written_on_the_bar() -> None:
    nameless = replace(examples.simple(950, scale_to=500), name="")
    assert "950" in texts(root(nameless.draw()))


def test_a_value_within_the_scale_has_no_break() -> None:
    svg = root(examples.simple(500, scale_to=500).draw())
    assert not [x for x in drawn(svg, "line") if x.get("stroke") == "#FFFFFF"]


def test_not_known_has_no_bar_and_zero_has_one_of_no_length() -> None:
    unknown = root(examples.simple(None, target=examples.mark(4, "chỉ tiêu")).draw())
    assert rects(unknown, BLUE) == []
    assert "chưa có số liệu" in texts(unknown)
    zero = root(examples.simple(0, target=examples.mark(4, "chỉ tiêu")).draw())
    assert [bar[2] for bar in rects(zero, BLUE)] == [0]
    assert "0" in texts(zero)


def test_parts_that_do_not_make_the_value_are_refused() -> None:
    whole = examples.bullet()
    with pytest.raises(ValueError, match="sum to"):
        replace(whole, parts=whole.parts[:2]).draw()


def test_a_negative_part_and_a_range_upside_down_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        examples.simple(-1).draw()
    with pytest.raises(ValueError, match="low to high"):
        Span(Amount(7, "7"), Amount(5, "5"), "")


def test_a_target_beside_a_target_range_is_refused() -> None:
    span = Span(Amount(5, "5"), Amount(7, "7"), "5–7")
    with pytest.raises(ValueError, match="not both"):
        examples.simple(4, span=span, target=examples.mark(6, "chỉ tiêu")).draw()


def test_money_is_drawn_spent_inside_allocated_and_raised_after_it() -> None:
    svg = root(examples.funding().draw())
    per = 360 / 150
    assert rects(svg, LIGHT)[0][2] == pytest.approx(80 * per)
    assert rects(svg, BLUE)[0][2] == pytest.approx(52 * per)
    raised = rects(svg, TURQUOISE)[0]
    assert (raised[0], raised[2]) == pytest.approx((80 * per, 21 * per))
    assert rects(svg, PINK)[0][0] + 1.5 == pytest.approx(120 * per)


def test_a_sum_of_money_that_is_not_known_is_hollow_in_the_key_and_says_so() -> None:
    chart = examples.funding(given=None, raised=None).draw()
    assert "đã giao chưa rõ" in texts(root(chart))
    assert [r for r in rects(root(chart), LIGHT) if r[2] > 0] == []
    assert ("đã giao", "chưa rõ") in chart.table.rows
