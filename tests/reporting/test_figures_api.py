"""Figures over HTTP, asked of a country that was made by hand: values, sources, both clocks, both maps, traces, refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shared.testing.apps import HA_NOI, THANH_HOA, Running
from shared.web.access import routes_without_access
from tests.reporting.country import BA_DINH, DIVIDED, FIRST, SECOND


async def ask(country: Running, path: str = "/v1/progress", headers: dict[str, str] | None = None, **params: str) -> Any:
    answer = await country.client.get(path, params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def number(country: Running, indicator: str, **params: str) -> Any:
    return (await ask(country, indicator=indicator, **params))["numbers"][0]


@pytest.mark.parametrize(
    ("indicator", "params", "value"),
    [
        ("clubs-existing", {}, 3),
        ("clubs-active", {}, 1),
        ("clubs-new-1336", {}, 2),
        ("clubs-new-1648", {}, 0),
        ("members", {"area": "34:01"}, 100),
        ("members", {"area": "34:01", "as_of": "2025-01-31", "known_at": "2025-01-31"}, 50),
        ("members", {"area": "34:01", "as_of": "2025-01-31"}, 60),
        ("members", {"area": "34:01", "as_of": "2025-01-04"}, None),
        ("members", {"area": "34:00004"}, 100),
        ("women", {}, 70),
        ("share-women", {}, 63.6),
        ("share-women", {"area": "34:40"}, None),
        ("income-fund", {}, 10_000_000),
        ("training-rounds", {}, 4),
        ("training-rounds-all", {}, 5),
        ("training-rounds", {"as_of": "2025-12-31"}, 0),
        ("training-participants", {}, 320),
        ("provinces-with-clubs", {}, 2),
        ("communes-with-clubs", {}, 1),
        ("communes-with-clubs", {"map": "63"}, 1),
        ("communes-with-clubs", {"area": "34:01"}, 1),
    ],
)
async def test_a_figure_is_what_the_reports_say(country, indicator, params, value):
    found = await number(country, indicator, **params)
    assert found["value"] == value, found


async def test_a_province_whose_count_is_below_its_declaration_shows_the_declaration_and_what_was_counted(country):
    found = await number(country, "clubs-founded", area="34:38")
    assert (found["value"], found["source"], found["counted"]) == (1164, "declared", 1)
    assert [each["scope"] for each in found["others"]] == ["huyện Bá Thước"]


async def test_the_nation_falls_back_to_its_own_figure_or_says_that_the_count_is_incomplete(country):
    clubs = await number(country, "clubs-founded")
    assert (clubs["value"], clubs["complete"]) == (2 + 1164 + 41, False)
    members = await number(country, "members")
    assert (members["value"], members["source"]) == (456470, "declared")
    assert members["declarations"][0]["words"]["vi"] == "456.470 = 70 x 6.521, ước tính (31/12/2023)"


async def test_a_declaration_is_known_from_its_publication_and_else_from_its_entry(country):
    published = await number(country, "clubs-founded", area="34:38", as_of="2023-12-31", known_at="2024-08-29")
    before = await number(country, "clubs-founded", area="34:38", as_of="2023-12-31", known_at="2024-08-28")
    unpublished = await number(country, "clubs-founded", area="63:58", as_of="2023-12-31", known_at="2025-12-31")
    assert (published["value"], before["value"], unpublished["value"]) == (1164, 1, None)
    assert published["declarations"][0]["publication_known"] is True


async def test_old_ninh_thuan_is_inside_khanh_hoa_on_the_new_map_and_apart_on_the_old_one(country):
    assert (await number(country, "clubs-founded", area="34:56"))["value"] == 41
    assert (await number(country, "clubs-founded", area="63:58"))["value"] == 41
    totals = [(await number(country, "clubs-founded", map=map_))["value"] for map_ in ("34", "63")]
    assert totals[0] == totals[1]


@pytest.mark.parametrize("map_", ["34", "63"])
@pytest.mark.parametrize("group_by", ["province", "region"])
async def test_the_rows_of_a_cut_sum_to_the_nation(country, map_, group_by):
    answer = await ask(country, map=map_, group_by=group_by, indicator="clubs-founded,clubs-existing,training-rounds-all")
    for index, total in enumerate(answer["numbers"]):
        rows = [
            number for group in answer["groups"] for number in group["numbers"] if number["indicator"] == total["indicator"]
        ]
        assert sum(row["value"] or 0 for row in rows) == total["value"], index


async def test_a_divided_commune_waits_to_be_decided_and_the_rows_still_sum_to_the_province(country):
    answer = await ask(country, area="34:38", group_by="commune", indicator="clubs-existing")
    assert [(group["key"], group["undecided"]) for group in answer["groups"]] == [(DIVIDED.key, True)]
    assert answer["groups"][0]["numbers"][0]["value"] == 1
    found = await number(country, "communes-with-clubs", area="34:38")
    assert (found["value"], found["undecided"]) == (0, 1)


async def test_blank_is_unknown_and_a_figure_says_how_many_stated_it(country):
    share = await number(country, "share-women", area="34:01")
    assert (share["value"], share["part"], share["whole"], share["stated"], share["clubs"]) == (75.0, 45, 60, 1, 2)


async def test_members_unreported_for_a_year_are_shown_as_stale(country):
    assert (await number(country, "members", area="34:01"))["stale"] == 60


async def test_a_target_is_held_against_the_figure_in_words(country):
    new = await number(country, "clubs-new-1336")
    assert (new["targets"][0]["words"]["vi"], new["targets"][0]["ended"]) == ("đạt 50%, còn thiếu 2", True)
    rounds = await number(country, "training-rounds")
    assert rounds["targets"][0]["words"]["vi"] == "4/5-7 đợt: chưa đạt, thiếu 1"


async def test_generated_clubs_are_said_wherever_they_count(country):
    assert (await ask(country, indicator="members"))["generated"] is True
    assert (await ask(country, indicator="members", area="34:38"))["generated"] is False


async def test_I9_every_answer_says_how_fresh_each_province_is_and_up_to_where_it_speaks(country):
    answer = await ask(country)
    fresh = {each["key"]: each for each in answer["freshness"]}
    assert len(fresh) == 35
    assert fresh["34:01"]["last_event_at"] == "2026-02-03T10:00:00+07:00"
    assert fresh["34:01"]["latest_month"] == "2026-01"
    assert fresh["34:40"]["last_event_at"] is None
    assert answer["log_position"] == {"clubs": 8, "trainings": 5, "monitoring": 2, "reporting": 4}
    assert answer["provisional"] is True
    assert answer["map_version"] == "34@2025-07-01"
    assert answer["definitions"]["members"] == 1


async def test_the_id_of_a_number_answers_the_same_number(country):
    for found in (await ask(country, group_by="province"))["groups"][0]["numbers"]:
        assert (await ask(country, f"/v1/numbers/{found['id']}"))["number"] == found


async def test_a_series_shows_stocks_at_the_end_of_each_month_and_flows_of_each_month(country):
    answer = await ask(
        country, "/v1/progress/series", indicator="members,training-rounds-all", area="34:01", **{"from": "2024-12"}
    )
    months = {each["key"]: [number["value"] for number in each["numbers"]] for each in answer["months"]}
    assert months["2024-12"] == [None, 0]
    assert months["2025-01"] == [60, 0]
    assert months["2025-12"] == [100, 0]
    assert months["2026-01"] == [100, 1]
    assert months["2026-03"] == [100, 0]
    point = answer["months"][-2]["numbers"][0]
    assert (await ask(country, f"/v1/numbers/{point['id']}"))["number"]["value"] == point["value"]


async def test_a_cut_by_month_is_the_series_of_two_years(country):
    groups = (await ask(country, group_by="month", area="34:01", indicator="members"))["groups"]
    assert len(groups) == 24
    assert (groups[-1]["key"], groups[-1]["numbers"][0]["value"]) == ("2026-03", 100)


@pytest.mark.parametrize(
    "indicator",
    [
        "clubs-founded",
        "clubs-active",
        "members",
        "women",
        "training-rounds",
        "income-fund",
        "share-women",
        "communes-with-clubs",
        "provinces-with-clubs",
    ],
)
@pytest.mark.parametrize("area", ["VN", "34:01", "34:38", "34:00004", "34:56", "region:dong-bang-song-hong"])
async def test_everything_that_a_trace_lists_adds_up_to_the_number(country, indicator, area):
    found = await number(country, indicator, area=area)
    traced = await ask(country, f"/v1/numbers/{found['id']}/trace")
    assert traced["check"]["equal"], traced
    assert sum(entry["amount"] for entry in traced["entries"]) == traced["page_subtotal"] == traced["entries_total"]
    if traced["subtotals"]:
        assert sum(line["amount"] for line in traced["subtotals"]) == traced["entries_total"]


async def test_a_trace_shows_clubs_and_actors_only_with_a_token_of_their_area(country):
    found = await number(country, "clubs-existing")
    path = f"/v1/numbers/{found['id']}/trace"
    everybody = await ask(country, path)
    assert {entry["stream"] for entry in everybody["entries"]} == {None}
    assert {entry["actor"] for entry in everybody["entries"]} == {None}
    hanoi = await ask(country, path, await country.token("province", HA_NOI))
    assert {entry["stream"] for entry in hanoi["entries"]} == {None, FIRST, SECOND}
    assert {entry["place"]["key"] for entry in everybody["entries"]} == {BA_DINH.key, DIVIDED.key}


async def test_a_cut_by_club_needs_a_token_of_the_area(country):
    params = {"area": "34:01", "group_by": "club", "indicator": "members"}
    assert (await country.client.get("/v1/progress", params=params)).status_code == 401
    elsewhere = await country.token("province", THANH_HOA)
    assert (await country.client.get("/v1/progress", params=params, headers=elsewhere)).status_code == 403
    answer = await ask(country, headers=await country.token("province", HA_NOI), **params)
    assert {group["key"]: group["numbers"][0]["value"] for group in answer["groups"]} == {
        f"club:{FIRST}": 60,
        f"club:{SECOND}": 40,
    }


@pytest.mark.parametrize(
    ("path", "params", "status", "slug"),
    [
        ("/v1/progress", {"as_of": "31-12-2024"}, 422, "bad-date"),
        ("/v1/progress", {"as_of": "2099-01-01"}, 422, "as-of-out-of-range"),
        ("/v1/progress", {"area": "34:97"}, 422, "unknown-place"),
        ("/v1/progress", {"indicator": "x'; drop table entries"}, 422, "unknown-indicator"),
        ("/v1/progress", {"group_by": "commune"}, 422, "group-needs-province"),
        ("/v1/progress", {"group_by": "club"}, 401, "token-missing"),
        ("/v1/progress/series", {"from": "1990-01"}, 422, "too-many-months"),
        ("/v1/numbers/ABCD", {}, 404, "number-id-mistyped"),
        ("/v1/positions", {"wait": "clubs:1"}, 422, "bad-position"),
    ],
)
async def test_a_bad_question_is_refused_with_a_slug(country, path, params, status, slug):
    answer = await country.client.get(path, params=params)
    assert (answer.status_code, answer.json()["slug"]) == (status, slug)


async def test_positions_answer_how_far_the_ledger_has_read_and_wait_for_more(country):
    positions = await ask(country, "/v1/positions")
    assert {source: found["events"] for source, found in positions["sources"].items()} == {
        "clubs": 8, "trainings": 5, "monitoring": 2, "reporting": 4,
    }  # fmt: skip
    lane, position = next(iter(positions["sources"]["clubs"]["lanes"].items()))
    assert (await ask(country, "/v1/positions", wait=f"clubs:{lane}:{position}"))["reached"] is True
    assert (await ask(country, "/v1/positions", wait=f"clubs:{lane}:{position + 1}", seconds="0.1"))["reached"] is False


async def test_a_preview_says_which_figures_would_move_and_stores_nothing(country):
    event = {
        "source": "clubs", "stream": SECOND, "type": "clubs.members-reported", "schema_version": 1,
        "data": {"as_of": "2026-02-01", "basis": "counted", "total": 45, "women": 30},
    }  # fmt: skip
    before = await ask(country, indicator="members,women", area="34:01")
    answer = await country.client.post("/v1/figures:preview", json={"events": [event]}, headers=await country.token("centre"))
    moves = {(each["indicator"], each["area"]["key"]): (each["from"], each["to"]) for each in answer.json()["figures"]}
    assert moves["members", "34:01"] == (100, 105)
    assert moves["members", BA_DINH.key] == (100, 105)
    assert moves["women", "VN"] == (70, 100)
    assert moves["share-women", "34:01"] == (75.0, 71.4)
    assert ("clubs-founded", "VN") not in moves
    after = await ask(country, indicator="members,women", area="34:01")
    assert after["numbers"] == before["numbers"]


async def test_a_preview_needs_a_token_and_events(country):
    assert (await country.client.post("/v1/figures:preview", json={"events": []})).status_code == 401
    centre = await country.token("centre")
    answer = await country.client.post("/v1/figures:preview", json={"events": [{"type": "x"}]}, headers=centre)
    assert (answer.status_code, answer.json()["slug"]) == (422, "not-an-event")


async def test_the_indicators_are_listed_with_their_formulas(country):
    listed = (await ask(country, "/v1/indicators"))["indicators"]
    assert {"slug", "version", "formula", "example"} <= set(listed[0])


async def test_the_national_page_is_plain_html_that_carries_its_stamp_and_marks_generated_data(country):
    answer = await country.client.get("/")
    page = answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert page.startswith("<!doctype html>")
    for text in (
        "Tính đến 02/03/2026",
        "tỉnh đã gửi kỳ này",
        "Có dữ liệu mô phỏng",
        "1.207 = 2 đếm được + 1.205 kê khai",
        "Thanh Hóa",
        "ước tính",
    ):
        assert text in page, text
    assert re.findall(r"<script[^>]*>", page) == re.findall(r'<script src="/static/[^"]+" defer>', page)
    elsewhere = re.search(r'(?:src|action)="(?!/)|<(?:link|img|script)[^>]+(?:src|href)="(?!/static/)', page)
    inline = re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    assert (elsewhere, inline) == (None, None)
    assert "<b>CLB</b>" not in page


async def test_every_route_of_the_service_passes_one_access_check(country):
    assert routes_without_access(country.app) == []
