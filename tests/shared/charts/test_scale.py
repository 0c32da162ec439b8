"""Scales."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.charts import Scale

REAL = st.floats(-1e12, 1e12, allow_nan=False).map(lambda v: round(v, 3))


@given(st.lists(REAL, max_size=12))
def test_a_scale_holds_zero_and_every_value_it_was_made_for(values: list[float]) -> None:
    scale = Scale.over(values, 0, 100)
    for value in [*values, 0.0]:
        assert -0.01 <= scale.at(value) <= 100.01


@given(st.lists(REAL, min_size=1, max_size=12))
def test_ticks_are_round_few_and_reach_both_ends(values: list[float]) -> None:
    scale = Scale.over(values, 0, 100)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 7
    assert ticks[0] == scale.low
    assert ticks[-1] == pytest.approx(scale.high)
    assert f"{scale.step:e}"[0] in "125"


def test_nothing_or_only_zero_gives_a_scale_all_the_same() -> None:
    assert Scale.over([], 0, 10).ticks() == [0, 1]
    assert Scale.over([0, 0], 0, 10).ticks() == [0, 1]
    assert Scale.over([0, 0], 0, 10).at(0) == 0


def test_a_scale_may_begin_above_zero_and_run_upwards_on_the_page() -> None:
    scale = Scale.over([6521, 6562], 100, 0, zero=False)
    assert scale.low > 6000
    assert scale.at(scale.low) == 100
    assert scale.at(scale.high) == 0
