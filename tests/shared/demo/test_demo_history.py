"""The generated history: real totals, in the order of its clock, the same every time, and accepted by the real deciders."""

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid5

import pytest

from shared.kernel.clock import day_of
from shared.kernel.place import PlaceRef
from shared.local.demo.country import PUBLISHED, clubs_by_province
from shared.local.demo.entries import Book, Parameters
from shared.local.demo.generator import History, generate, last_month_end
from shared.local.demo.plan import published_points
from shared.local.demo.registry import found_clubs
from shared.reference.book import Places, load
from shared.reference.points.reader import read_points
from tests.shared.demo.history import decide_all

UNTIL = date(2026, 10, 31)


@pytest.fixture(scope="module")
def places() -> Places:
    return load()


@pytest.fixture(scope="module")
def small(places: Places) -> History:
    return generate(Parameters(UNTIL, scale=0.02), places)


@pytest.fixture(scope="module")
def whole(places: Places) -> History:
    return generate(Parameters(UNTIL), places)


def data_of(history: History, type: str) -> list[dict[str, Any]]:
    return [json.loads(entry.data) for entry in history.entries if entry.type == type]


def fingerprint(history: History) -> str:
    return sha256("\n".join(entry.to_json() for entry in history.entries).encode()).hexdigest()


def test_the_real_deciders_accept_every_command_and_none_is_without_effect(small: History, places: Places):
    events, refusals = decide_all(small.entries, places)
    assert refusals == []
    assert sum(events.values()) == len(small.entries)
    assert len(events) >= 12


def test_the_same_parameters_make_the_same_history(small: History, places: Places):
    assert fingerprint(generate(Parameters(UNTIL, scale=0.02), places)) == fingerprint(small)


def test_another_seed_makes_another_history(small: History, places: Places):
    other = generate(Parameters(UNTIL, seed=7, scale=0.02), places)
    assert not {entry.id for entry in other.entries} & {entry.id for entry in small.entries}


def test_ids_are_the_standards_uuid5():
    parameters = Parameters(UNTIL)
    assert Book(parameters).id_of("club/7") == str(uuid5(parameters.namespace, "club/7"))


def test_the_country_has_6521_clubs_of_which_1164_in_thanh_hoa(whole: History, places: Places):
    counts = clubs_by_province(tuple(place.code for place in places.provinces("63")), 1.0)
    assert sum(counts.values()) == 6521
    assert counts["38"] == 1164
    assert min(counts.values()) >= 1
    assert len(counts) == 63
    founded = data_of(whole, "clubs.found-club")
    assert len(founded) == 6521
    assert all(club["generated"] for club in founded)
    in_thanh_hoa = [club for club in founded if places.locate(_place(club["commune"]), "34").province == _place_of("34:38")]
    assert len(in_thanh_hoa) == 1164


def test_every_province_has_at_least_the_clubs_that_were_published_for_it(places: Places):
    counts = clubs_by_province(tuple(place.code for place in places.provinces("63")), 1.0)
    for point in read_points(published_points(), places).points:
        if point.metric.name == "clubs_total" and point.scope is None and point.place is not None and point.place.code != "VN":
            parts = places.predecessors(point.place) if point.place.list == "34" else (point.place,)
            assert sum(counts[part.code] for part in parts) >= point.value, point


def test_thanh_hoas_members_at_the_end_of_2023_add_up_to_62000(whole: History, places: Places):
    there = {
        f"club-{entry.id}"
        for entry in whole.entries
        if entry.type == "clubs.found-club"
        and places.locate(_place(json.loads(entry.data)["commune"]), "34").province == _place_of("34:38")
    }
    last: dict[str, int] = {}
    for report in data_of(whole, "clubs.report-members"):
        if report["club"] in there and report["as_of"] == "2023-12-31":
            last[report["club"]] = report["total"]
    assert len(last) == 1164
    assert sum(last.values()) == 62_000


@pytest.mark.parametrize(
    ("day", "low", "high"),
    [
        ("2014-12-31", 779, 779),
        ("2016-08-31", 1000, 1100),
        ("2020-08-30", 3050, 3150),
        ("2021-09-29", 3500, 3500),
        ("2023-12-31", 6521, 6521),
    ],
)
def test_foundings_follow_the_published_national_series(whole: History, day: str, low: int, high: int):
    founded = sum(club["founded_on"] <= day for club in data_of(whole, "clubs.found-club"))
    assert low <= founded <= high


@pytest.mark.parametrize(("day", "provinces"), [("2016-08-31", 17), ("2021-09-29", 61), ("2023-12-31", 63)])
def test_clubs_spread_to_the_published_number_of_provinces(places: Places, day: str, provinces: int):
    parameters = Parameters(UNTIL)
    clubs = found_clubs(parameters, places, Book(parameters))
    assert len({club.province.code for club in clubs if club.founded_on.isoformat() <= day}) == provinces


def test_the_whole_history_has_100000_to_115000_events(whole: History):
    policies = (6521, 2 * 6521)  # each board is a to-do, is trained, or both
    assert len(whole.entries) + policies[0] >= 100_000
    assert len(whole.entries) + policies[1] <= 115_000


def test_commands_come_in_the_order_of_the_clock_and_none_after_the_last_day(whole: History):
    for entries in whole.by_service.values():
        instants = [entry.recorded_at for entry in entries]
        assert instants == sorted(instants)
        assert day_of(instants[-1]) <= UNTIL
        assert instants[0] >= datetime(2020, 9, 14, tzinfo=UTC)
    assert len({entry.id for entry in whole.entries}) == len(whole.entries)


def test_communes_are_of_the_list_in_force_when_they_were_recorded(whole: History, places: Places):
    lists = Counter[str]()
    for entry in whole.entries:
        if entry.type == "clubs.found-club":
            commune = _place(json.loads(entry.data)["commune"])
            assert places.exists(commune)
            assert commune.list == places.map_on(day_of(entry.recorded_at))
            lists[commune.list] += 1
    assert lists["34"] > 50


def test_a_cited_provisional_board_was_trained_before_the_founding(whole: History):
    trained: dict[str, str] = {}
    for entry in whole.entries:
        if entry.type == "trainings.hold-training":
            held = json.loads(entry.data)
            for board in held.get("provisional_boards", ()):
                trained[board] = held["ends_on"]
    cited = [club for club in data_of(whole, "clubs.found-club") if "provisional_board" in club]
    assert len(cited) > 1500
    assert all(trained[club["provisional_board"]] < club["founded_on"] for club in cited)


def test_the_lead_department_holds_4_to_7_rounds_a_year_the_priority_regions_first(whole: History, places: Places):
    years: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for held in data_of(whole, "trainings.hold-training"):
        if held["organiser"] == "lead-department":
            years[held["starts_on"][:4]].append(held)
    assert all(4 <= len(rounds) <= 7 for rounds in years.values())
    assert len(years["2024"]) == 6
    assert len(years["2025"]) == 4
    first = sorted((held for rounds in years.values() for held in rounds), key=lambda held: held["starts_on"])[:9]
    regions = {places.region(_place(province)) for held in first for province in held["provinces"]}
    assert regions <= {"trung-du-mien-nui-phia-bac", "tay-nguyen", "dong-bang-song-cuu-long"}


def test_some_reports_are_late_corrected_or_blank(whole: History):
    reports: defaultdict[tuple[str, str], int] = defaultdict(int)
    late = blank = 0
    for entry in whole.entries:
        if entry.type == "clubs.report-members":
            report = json.loads(entry.data)
            reports[report["club"], report["as_of"]] += 1
            late += (day_of(entry.recorded_at) - date.fromisoformat(report["as_of"])).days > 100
            blank += "women" not in report
    assert sum(times == 2 for times in reports.values()) > 500
    assert late > 500
    assert blank > 500


def test_most_clubs_but_not_all_met_in_the_last_90_days(whole: History):
    met = {
        report["club"]
        for report in data_of(whole, "clubs.report-month")
        if report["meeting_held"] and report.get("met_on", report["month"]) > "2026-08-02"
    }
    assert 0.5 < len(met) / 6521 < 0.85


def test_a_scaled_history_keeps_the_shares(places: Places):
    counts = clubs_by_province(tuple(place.code for place in places.provinces("63")), 0.1)
    assert sum(counts.values()) == 652
    assert counts["38"] == 116
    assert max(counts, key=lambda code: counts[code]) == "38"
    assert set(PUBLISHED) <= set(counts)


def test_a_history_that_ends_too_early_or_is_larger_than_the_country_is_refused(places: Places):
    with pytest.raises(ValueError, match="2024-08-31"):
        generate(Parameters(date(2023, 12, 31)), places)
    with pytest.raises(ValueError, match="scale"):
        generate(Parameters(UNTIL, scale=1.5), places)


def test_the_last_day_is_the_end_of_the_month_before():
    assert last_month_end(date(2026, 11, 25)) == date(2026, 10, 31)
    assert last_month_end(date(2026, 1, 1)) == date(2025, 12, 31)


def _place(fields: dict[str, str]) -> PlaceRef:
    return _place_of(f"{fields['list']}:{fields['code']}")


def _place_of(key: str) -> PlaceRef:
    return PlaceRef.parse(key)
