"""Rules of a target: its name, its range, its period, and who sets it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pydantic
import pytest

from services.monitoring.domain import TARGETS, SetTarget
from shared.events.monitoring import TargetSet
from shared.kernel.place import NATION, PlaceRef
from shared.testing.given import given

FACTS: dict[str, Any] = {
    "scheme": "1335",
    "indicator": "training-rounds",
    "area": NATION,
    "period_from": date(2024, 1, 1),
    "period_to": date(2025, 12, 31),
    "low": Decimal(5),
    "high": Decimal(7),
    "measure": "per-year",
    "source": "Quyết định 1335/QĐ-LĐTBXH ngày 29/8/2024, III.1.b",
}
target = TargetSet(**FACTS)


def set_target(**changes: Any) -> SetTarget:
    return SetTarget(**{**FACTS, **changes})


def test_scheme_indicator_area_and_last_day_name_a_target() -> None:
    outcome = given(TARGETS).when(set_target()).then(target).notices().belongs_to(NATION, side="state")
    assert outcome.stream == "target-1335-training-rounds-vn-2025-12-31"
    thanh_hoa = set_target(scheme="1336", area=PlaceRef(code="38", list="63"))
    assert given(TARGETS).when(thanh_hoa).accepted().stream == "target-1336-training-rounds-63-38-2025-12-31"


def test_setting_again_replaces_and_says_so() -> None:
    given(TARGETS, target).when(set_target(low=Decimal(6))).then(TargetSet(**{**FACTS, "low": Decimal(6)})).notices(
        "target-replaced"
    )


def test_a_range_is_not_upside_down() -> None:
    given(TARGETS).when(set_target(low=Decimal(8))).refused("range-upside-down", field="high")
    given(TARGETS).when(set_target(low=Decimal(7))).accepted()
    given(TARGETS).when(set_target(high=None)).accepted()


def test_a_period_does_not_end_before_it_begins() -> None:
    given(TARGETS).when(set_target(period_to=date(2023, 12, 31))).refused("dates-out-of-order", field="period_to")


def test_an_area_is_in_the_list_that_it_names() -> None:
    given(TARGETS).when(set_target(area=PlaceRef(code="02", list="63"))).accepted()
    given(TARGETS).when(set_target(area=PlaceRef(code="02", list="34"))).refused("unknown-place", field="area")


def test_a_yearly_target_over_part_of_a_year_is_pointed_out() -> None:
    given(TARGETS).when(set_target(period_from=date(2024, 8, 29))).notices("not-whole-years")


def test_a_share_may_have_four_decimals() -> None:
    given(TARGETS).when(set_target(low="0.5", high="0.6025")).then(
        TargetSet(**{**FACTS, "low": Decimal("0.5"), "high": Decimal("0.6025")})
    )


@pytest.mark.parametrize("low", ["NaN", "1e400", "-1", '"Infinity"', "true", "0.00001"])
def test_a_figure_is_a_finite_number_that_is_not_negative(low: str) -> None:
    body = set_target().model_dump_json().replace('"low":"5"', f'"low":{low}')
    assert f'"low":{low}' in body
    with pytest.raises(pydantic.ValidationError):
        SetTarget.model_validate_json(body, extra="forbid")


@pytest.mark.parametrize("indicator", ["Clubs", "clubs--new", "clubs.new", "-clubs", ""])
def test_an_indicator_is_named_by_a_slug(indicator: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        set_target(indicator=indicator)
