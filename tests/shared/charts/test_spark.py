"""Trends: what is not known is a gap."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest

from tests.shared.charts import examples
from tests.shared.charts.reading import all_of, drawn, num, root, texts


def strokes(svg: Element) -> list[list[tuple[float, float]]]:
    return [[tuple(map(float, pair.split(","))) for pair in p.get("points", "").split()] for p in all_of(svg, "polyline")]  # type: ignore[misc]


def zero(svg: Element) -> float:
    return num(drawn(svg, "line")[0], "y1")


def test_a_missing_point_leaves_a_gap_and_keeps_the_places_of_the_others() -> None:
    svg = root(examples.spark(10, 20, None, 20, 10).draw())
    first, second = strokes(svg)
    assert (len(first), len(second)) == (2, 2)
    step = first[1][0] - first[0][0]
    assert second[0][0] - first[1][0] == pytest.approx(2 * step, abs=0.02)


def test_no_point_is_drawn_at_zero_where_nothing_is_known() -> None:
    svg = root(examples.spark(10, None, 30).draw())
    assert strokes(svg) == []
    assert [num(c, "cy") < zero(svg) for c in drawn(svg, "circle")] == [True] * len(drawn(svg, "circle"))
    assert len(drawn(svg, "circle")) == 3


def test_heights_are_proportions_from_zero() -> None:
    svg = root(examples.spark(10, 20, 40).draw())
    (line,) = strokes(svg)
    heights = [zero(svg) - y for _, y in line]
    assert heights[1] / heights[0] == pytest.approx(2, rel=0.01)
    assert heights[2] / heights[0] == pytest.approx(4, rel=0.01)


def test_zero_is_drawn_on_the_ground_line() -> None:
    svg = root(examples.spark(0, 5).draw())
    assert strokes(svg)[0][0][1] == zero(svg)


def test_the_last_known_point_has_the_dot_and_its_text() -> None:
    svg = root(examples.spark(10, 30, None).draw())
    dots = [c for c in drawn(svg, "circle") if num(c, "r") > 3]
    assert [(num(c, "cx"), num(c, "cy")) for c in dots] == [strokes(svg)[0][-1]]
    assert "30" in texts(svg)


def test_the_target_line_stands_at_its_height() -> None:
    svg = root(examples.spark(10, 20, target=examples.amount(40), target_label="chỉ tiêu 40").draw())
    target = next(x for x in drawn(svg, "line") if x.get("stroke") == "#801650")
    height = zero(svg) - strokes(svg)[0][1][1]
    assert zero(svg) - num(target, "y1") == pytest.approx(2 * height, rel=0.01)
    assert "chỉ tiêu 40" in texts(svg)


def test_nothing_known_draws_no_line_and_says_so() -> None:
    for values in [(), (None,), (None, None)]:
        svg = root(examples.spark(*values).draw())
        assert strokes(svg) == []
        assert drawn(svg, "circle") == []
        assert "chưa có số liệu" in texts(svg)


def test_a_forecast_is_a_band_that_says_it_is_one() -> None:
    svg = root(examples.forecasting().draw())
    (band,) = all_of(svg, "polygon")
    assert len(band.get("points", "").split()) == 5
    assert "dự báo" in texts(svg)
    with pytest.raises(ValueError, match="says that it is one"):
        replace(examples.forecasting(), forecast_label="").draw()


def test_the_table_has_every_point_and_the_words_for_the_missing_ones() -> None:
    chart = examples.spark(10, None).draw()
    assert chart.table.rows == (("01/2026", "10"), ("02/2026", "chưa có số liệu"))
