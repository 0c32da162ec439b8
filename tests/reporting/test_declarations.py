"""Published figures enter with their source: what is refused, what is pointed out, what a second declaration does."""

from __future__ import annotations

from datetime import date
from typing import Any

import pydantic
import pytest

from services.reporting.declarations import DECLARATIONS, DeclareFigure
from shared.events.reporting import FigureDeclared
from shared.kernel.place import NATION, PlaceRef
from shared.testing.given import given

SEED = {
    "metric": "members_total",
    "indicator": "members",
    "area": NATION,
    "value": "456470",
    "unit": "people",
    "qualifier": "about",
    "basis": "estimated",
    "formula": "70 x 6521",
    "valid_from": date(2023, 12, 31),
    "valid_to": date(2023, 12, 31),
    "date_as_printed": "2023-12-31",
    "published_on": date(2024, 8, 29),
    "source": "Quyết định 1335/QĐ-LĐTBXH",
}


def declare(**changes: Any) -> DeclareFigure:
    return DeclareFigure.model_validate({**SEED, **changes})


def declared(**changes: Any) -> FigureDeclared:
    return FigureDeclared.model_validate({**SEED, **changes})


def test_a_published_figure_is_recorded_as_it_was_printed() -> None:
    given(DECLARATIONS).when(declare()).then(declared()).notices()


def test_the_same_declaration_again_records_nothing() -> None:
    given(DECLARATIONS, declared()).when(declare()).nothing()


def test_the_same_declaration_on_another_line_of_a_file_records_nothing() -> None:
    first = declared(origin={"file": "a.csv", "row": 7})
    given(DECLARATIONS, first).when(declare(origin={"file": "b.csv", "row": 9})).nothing()


def test_another_value_from_the_same_source_for_the_same_day_corrects() -> None:
    given(DECLARATIONS, declared()).when(declare(value="456471")).then(declared(value="456471"))


def test_the_same_figure_is_the_same_stream_whatever_its_value_and_another_source_is_another() -> None:
    stream = given(DECLARATIONS).when(declare()).stream
    assert given(DECLARATIONS).when(declare(value="1")).stream == stream
    assert given(DECLARATIONS).when(declare(source="báo khác")).stream != stream
    assert given(DECLARATIONS).when(declare(scope="huyện Bá Thước")).stream != stream


def test_a_figure_of_an_unnamed_province_and_an_unknown_day_is_accepted() -> None:
    given(DECLARATIONS).when(declare(area=None, valid_from=None, valid_to=None, published_on=None)).accepted()


def test_half_an_interval_is_refused() -> None:
    given(DECLARATIONS).when(declare(valid_to=None)).refused("half-an-interval", field="valid_to")
    given(DECLARATIONS).when(declare(valid_from=None)).refused("half-an-interval", field="valid_from")


def test_an_interval_upside_down_is_refused() -> None:
    given(DECLARATIONS).when(declare(valid_from=date(2024, 1, 1))).refused("dates-out-of-order", field="valid_to")


def test_a_share_above_the_whole_is_refused_unless_it_was_printed_so() -> None:
    given(DECLARATIONS).when(declare(unit="percent", value="102.1")).refused("share-above-whole", field="value")
    given(DECLARATIONS).when(declare(unit="percent", value="102.1", basis="as-printed")).accepted()


def test_a_publication_in_the_future_is_refused() -> None:
    given(DECLARATIONS).when(declare(published_on=date(2027, 1, 1))).refused("published-in-the-future", field="published_on")


def test_a_publication_before_the_day_it_speaks_of_is_pointed_out() -> None:
    given(DECLARATIONS).when(declare(published_on=date(2023, 1, 1))).notices("published-before-valid")


def test_a_code_that_is_absent_from_the_list_it_names_is_refused() -> None:
    given(DECLARATIONS).when(declare(area=PlaceRef(code="89", list="34"))).refused("unknown-place", field="area")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "1e400", "0.00001", "12345678901234567890", ""])
def test_a_value_that_is_no_figure_is_refused_at_the_edge(value: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        declare(value=value)


def test_a_province_enters_its_own_figures_and_the_centre_those_of_the_nation() -> None:
    ninh_thuan = PlaceRef(code="58", list="63")
    given(DECLARATIONS).when(declare(area=ninh_thuan)).belongs_to(ninh_thuan)
    given(DECLARATIONS).when(declare()).belongs_to(NATION)
    given(DECLARATIONS).when(declare(area=None)).belongs_to(NATION)
