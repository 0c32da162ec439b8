"""The published points as a whole: every row read, every metric mapped or kept, every bad row named."""

import csv
import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.monitoring.domain import TARGETS, SetTarget
from services.reporting.declarations import DECLARATIONS, DeclareFigure
from services.reporting.indicators import ALL
from shared.events.reporting import FigureDeclared
from shared.kernel.decider import Context
from shared.local.demo.plan import plan_targets, published_points
from shared.reference.book import load
from shared.reference.points.commands import DECLARE, SET_TARGET, commands_of, target_table
from shared.reference.points.metrics import metric_of, metric_table
from shared.reference.points.reader import Point, Reading, read_points

_DECIDERS: dict[str, tuple[Any, Any]] = {DECLARE: (DeclareFigure, DECLARATIONS), SET_TARGET: (SetTarget, TARGETS)}
HEADER = "date,area,metric,value,source\n"


def reading() -> Reading:
    return read_points(published_points(), load())


def one(metric: str, area: str, on: str) -> Point:
    (point,) = (
        p
        for p in reading().points
        if p.metric.name == metric
        and p.place is not None
        and p.place.key == area
        and p.date_as_printed == on
        and p.scope is None
    )
    return point


def read(text: str) -> Reading:
    return read_points(text.encode(), load())


def test_all_295_rows_of_the_published_points_are_read():
    found = reading()
    assert found.problems == ()
    assert [point.row for point in found.points] == list(range(2, 297))


def test_the_table_names_exactly_the_165_metrics_of_the_file():
    used = {row["metric"] for row in csv.DictReader(published_points().decode().splitlines())}
    assert len(used) == 165
    assert set(metric_table()) == used


def test_no_row_loses_its_value_its_source_or_its_printed_date():
    rows = list(csv.DictReader(published_points().decode().splitlines()))
    points = reading().points
    assert [(row["date"], row["metric"], Decimal(row["value"]), row["source"]) for row in rows] == [
        (point.date_as_printed, point.metric.name, point.value, point.source) for point in points
    ]


def test_every_declaration_is_an_event_as_published():
    commands = [command for command in commands_of(reading().points, "points.csv") if command.type == DECLARE]
    assert len(commands) == 295
    figures = [FigureDeclared.model_validate(command.data) for command in commands]
    assert Counter(figure.basis for figure in figures) == Counter({"declared": 295 - 4 - 6, "estimated": 4, "as-printed": 6})


def test_the_real_deciders_accept_every_figure_and_every_target():
    context = Context(datetime(2026, 11, 25, tzinfo=UTC), load())
    streams: set[str] = set()
    for command in (*commands_of(reading().points, "points.csv"), *plan_targets()):
        cls, decider = _DECIDERS[command.type]
        wish = cls.model_validate_json(json.dumps(command.data), strict=True, extra="forbid")
        assert len(list(decider.decide(None, wish, context))) == 1, command
        streams.add(decider.stream_of(wish, str(command.id)))
    assert len(streams) == 295 + 16 + 1


def test_456470_is_an_estimate_by_its_formula_published_on_29_august_2024():
    point = one("members_total", "VN", "2023-12-31")
    assert (point.value, point.basis, point.qualifier, point.formula) == (Decimal(456470), "estimated", "about", "70 x 6521")
    assert point.value == 70 * 6521
    assert point.published_on == date(2024, 8, 29)


@pytest.mark.parametrize(
    ("metric", "on", "value", "formula"),
    [
        ("members_of_new_clubs", "2025-05-08", 6000 * 55, "6000 x 55"),
        ("older_members_of_new_clubs", "2025-05-08", 330000 * 70 // 100, "70 % x 330000"),
        ("new_clubs_since_1336_estimated", "2023-12-31", 6521 - 3500, "6521 - 3500"),
    ],
)
def test_other_imputed_figures_say_how_they_were_made(metric: str, on: str, value: int, formula: str):
    point = one(metric, "VN", on)
    assert (point.value, point.basis, point.formula) == (Decimal(value), "estimated", formula)


def test_thanh_hoas_870_members_of_new_clubs_are_no_estimate():
    point = one("members_of_new_clubs", "34:38", "2025-08")
    assert (point.basis, point.formula) == ("declared", None)


def test_only_the_seeds_own_figures_have_a_known_day_of_publication():
    known = {point.metric.name for point in reading().points if point.published_on is not None}
    assert known == {"clubs_total", "members_total"}
    assert sum(point.published_on is not None for point in reading().points) == 4


@pytest.mark.parametrize(
    ("metric", "unit", "qualifier", "basis"),
    [
        ("clubs_total", "clubs", "exact", "declared"),
        ("clubs_total_min", "clubs", "at-least", "declared"),
        ("members_total_approx", "people", "about", "declared"),
        ("club_size_max", "people", "at-most", "declared"),
        ("share_ethnic_minority_pct", "percent", "exact", "declared"),
        ("age_min", "other", "exact", "declared"),
        ("attainment_pct_provinces_as_printed", "percent", "exact", "as-printed"),
        ("fund_total_vnd_min", "vnd", "at-least", "declared"),
        ("training_days", "days", "exact", "declared"),
    ],
)
def test_a_metric_says_unit_qualifier_and_basis(metric: str, unit: str, qualifier: str, basis: str):
    found = metric_table()[metric]
    assert (found.unit, found.qualifier, found.basis) == (unit, qualifier, basis)


def test_a_metric_that_the_table_lacks_is_kept_under_its_own_name():
    found = metric_of("loudspeakers_vnd_min_as_printed")
    assert (found.indicator, found.unit, found.qualifier, found.basis) == (None, "vnd", "at-least", "as-printed")
    assert len(read(HEADER + "2024,Việt Nam,loudspeakers,12,a page\n").points) == 1


def test_a_metric_about_a_district_or_a_project_carries_it_as_scope():
    text = "2024,Lâm Đồng [63],clubs_di_linh,29,a page\n2024,Hòa Bình [63] / huyện Đà Bắc,vie071_grant_per_club_vnd,1,a page\n"
    assert [point.scope for point in read(HEADER + text).points] == ["huyện Di Linh", "huyện Đà Bắc / VIE071 clubs"]


def test_a_flow_of_a_year_a_quarter_or_since_a_day_covers_its_days():
    text = (
        "2024-12-31,Nghệ An [63],new_clubs_in_year,146,a page\n"
        "2025-03-31,Tiền Giang [63],new_clubs_in_quarter,2,a page\n"
        "2025-05,Province not named in the text found,borrowing_members_2021_2025,770,a page\n"
    )
    assert [(point.valid_from, point.valid_to) for point in read(HEADER + text).points] == [
        (date(2024, 1, 1), date(2024, 12, 31)),
        (date(2025, 1, 1), date(2025, 3, 31)),
        (date(2021, 1, 1), date(2025, 5, 31)),
    ]


def test_targets_of_the_schemes_become_targets_too():
    targets = [dict(command.data) for command in commands_of(reading().points, "points.csv") if command.type == SET_TARGET]
    said = {(t["scheme"], t["indicator"], t["area"]["code"], t["period_to"], t["low"]) for t in targets}  # type: ignore[index]
    assert ("1336", "clubs-new-1336", "VN", "2025-12-31", "3000") in said
    assert ("1648", "clubs-new-1648", "VN", "2035-12-31", "12000") in said
    assert ("1648", "clubs-new-1648", "VN", "2030-12-31", "6000") in said
    assert ("1336", "clubs-new-1336", "17", "2025-12-31", "75") in said
    assert ("1336", "members-of-new-clubs-1336", "VN", "2025-12-31", "150000") in said
    assert ("1336", "older-members-of-new-clubs", "VN", "2025-12-31", "100000") in said
    assert len(targets) == 16
    assert set(target_table()) <= set(metric_table())


def test_every_indicator_that_a_figure_or_a_target_names_is_one_of_the_reporting_service():
    known = {definition.slug for definition in ALL}
    commands = (*commands_of(reading().points, "points.csv"), *plan_targets())
    named = {command.data["indicator"] for command in commands if "indicator" in command.data}
    assert named <= known
    assert len(named) >= 12


def test_the_same_file_makes_the_same_ids_and_another_value_another_one():
    text = HEADER + "2024,Gia Lai [63],clubs_total,50,a page\n"
    (first,), (again,) = commands_of(read(text).points, "a.csv"), commands_of(read(text).points, "a.csv")
    (other,) = commands_of(read(text.replace("50", "51")).points, "a.csv")
    assert first.id == again.id
    assert first.id != other.id


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ("31/12/2023,Việt Nam,clubs_total,1,a page", "date", "unreadable-date"),
        ("2024,Gia Lai,clubs_total,1,a page", "area", "unreadable-area"),
        ("2024,Hòa Bình [34],clubs_total,1,a page", "area", "unknown-province"),
        ("2024,Việt Nam,Clubs total,1,a page", "metric", "metric-name"),
        ("2024,Việt Nam,clubs_total,6.521,a page", "value", "ambiguous-number"),
        ("2024,Việt Nam,clubs_total,1.164.000,a page", "value", "ambiguous-number"),
        ("2024,Việt Nam,clubs_total,-3,a page", "value", "not-a-number"),
        ("2024,Việt Nam,clubs_total,NaN,a page", "value", "not-a-number"),
        ("2024,Việt Nam,clubs_total,1e400,a page", "value", "not-a-number"),
        ("2024,Việt Nam,clubs_total,,a page", "value", "not-a-number"),
        ('2024,Việt Nam,share_women_pct,"71,9",a page', "value", "not-a-number"),
        ("2024,Việt Nam,clubs_total,12.5,a page", "value", "not-whole"),
        ("2024,Việt Nam,clubs_total,1000000000000001,a page", "value", "number-too-large"),
        ("2024,Việt Nam,share_women_pct,102.1,a page", "value", "share-over-100"),
        ("2024,Việt Nam,attainment_pct,231,a page", "value", "share-over-100"),
        ("2024,Việt Nam,clubs_total,1,", "source", "no-source"),
        ("2024,Việt Nam,clubs_total,1," + "x" * 2001, "source", "too-long"),
        ("2024,Việt Nam,clubs_total,1,a\x07page", "source", "unprintable"),
        ("2024,Việt Nam,clubs_total,1,a\x00page", "source", "unprintable"),
        ("2024,Việt Nam,clubs_total,1", "*", "number-of-cells"),
        ("2024,Việt Nam,clubs_total,1,a,b", "*", "number-of-cells"),
    ],
)
def test_a_bad_row_is_named_by_row_column_and_rule(row: str, column: str, rule: str):
    found = read(HEADER + "2024,Việt Nam,clubs_total,7,another page\n" + row + "\n")
    assert [(p.row, p.column, p.rule) for p in found.problems] == [(3, column, rule)]
    assert [point.row for point in found.points] == [2]
    assert f"dòng 3, cột {column}" in str(found.problems[0])
    assert f"row 3, column {column}" in str(found.problems[0])


def test_several_bad_cells_of_a_row_are_all_named():
    found = read(HEADER + "yesterday,Atlantis [63],clubs_total,many,\n")
    assert [p.column for p in found.problems] == ["date", "area", "value", "source"]


def test_two_rows_that_contradict_each_other_are_both_named():
    row = "2024,Gia Lai [63],clubs_total,{},a page\n"
    found = read(HEADER + row.format(50) + row.format(30))
    assert [(p.row, p.rule) for p in found.problems] == [(2, "contradicts-row"), (3, "contradicts-row")]
    assert found.points == ()


def test_the_same_row_twice_is_no_contradiction():
    row = "2024,Gia Lai [63],clubs_total,50,a page\n"
    assert read(HEADER + row + row).problems == ()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty-file"),
        (b"date,area,metric,value\n", "missing-column"),
        (b"date,area,metric,value,source,colour\n", "unknown-column"),
        (b"date,area,metric,value,source,source\n", "unknown-column"),
        (b"date,area,metric,value,source\n2024,Vi\xff\n", "not-utf-8"),
        (b'date,area,metric,value,source\n2024,"Vi', "not-csv"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(content: bytes, rule: str):
    found = read_points(content, load())
    assert [p.rule for p in found.problems] == [rule]
    assert found.points == ()


def test_a_byte_order_mark_crlf_quoted_lines_and_a_publication_date_are_read():
    text = '\ufeffdate,area,metric,value,source,published_on\r\n2024,Việt Nam,clubs_total,9,"a page,\r\npage 2",2024-08-29\r\n'
    text += "bad,Việt Nam,clubs_total,9,a page,\r\n"
    found = read(text)
    assert [(p.row, p.published_on) for p in found.points] == [(2, date(2024, 8, 29))]
    assert [(p.row, p.column) for p in found.problems] == [(4, "date")]
