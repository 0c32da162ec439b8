"""The rows of a province sum to the province, whatever was recorded of the province as a whole, over HTTP."""

from __future__ import annotations

from datetime import date

import pytest

from services.reporting.app import SERVICE
from services.reporting.indicators import ALL
from services.reporting.indicators.definition import Sum
from shared.events.monitoring import InspectionCompleted, Team
from shared.events.trainings import TrainingHeld
from shared.kernel.place import PlaceRef
from shared.reference.book import load
from shared.testing.apps import running
from shared.testing.folding import apply_batch
from tests.reporting.country import NOW, VIEW, club, day, declared, members
from tests.reporting.lanes import in_lanes

NINH_THUAN, KHANH_HOA = PlaceRef(code="58", list="63"), PlaceRef(code="56", list="34")
COMMUNE = load().communes(KHANH_HOA)[0]
SUMS = ",".join(each.slug for each in ALL if isinstance(each.formula, Sum))


@pytest.fixture
async def province(postgres):
    on, team = date(2026, 1, 9), Team(led_by="other")
    held = {"title": "T", "level": "province", "kind": "conference", "contents": (), "organiser": "district"}
    seen = {"title": "T", "team": team, "starts_on": on, "completed_on": on}
    at = day("2026-02-01")
    streams = {
        "club-00000000-0000-4000-8000-000000000009": [(at, club(COMMUNE, "2024-02-20")), (at, members("2025-12-01", 40))],
        "round-old": [(at, TrainingHeld(**held, place=NINH_THUAN, starts_on=on, ends_on=on, attendances=7))],
        "round-new": [(at, TrainingHeld(**held, place=KHANH_HOA, starts_on=on, ends_on=on, attendances=8))],
        "round-commune": [(at, TrainingHeld(**held, place=COMMUNE, starts_on=on, ends_on=on, attendances=9))],
        "inspection-a": [(at, InspectionCompleted(**seen, places=(KHANH_HOA,), generated=True))],
        "inspection-b": [(at, InspectionCompleted(**seen, places=(COMMUNE,)))],
        "figure-a": [(at, declared(NINH_THUAN, 41))],
    }
    async with running(SERVICE, postgres, clock=lambda: NOW) as service:
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in in_lanes(streams)])
        yield service


@pytest.mark.parametrize("group_by", ["commune", "club"])
async def test_I7_the_rows_and_the_remainder_sum_to_the_province(province, group_by):
    params = {"area": KHANH_HOA.key, "group_by": group_by, "indicator": SUMS}
    headers = await province.token("centre")
    answer = (await province.client.get("/v1/progress", params=params, headers=headers)).json()
    assert [group["kind"] for group in answer["groups"]] == [group_by, "none"]
    assert {number["id"] for number in answer["groups"][-1]["numbers"]} == {None}
    totals = {number["indicator"]: number["value"] for number in answer["numbers"]}
    assert totals["inspections"] == 2
    assert totals["training-rounds-all"] == 3
    for slug, total in totals.items():
        rows = [each["value"] or 0 for group in answer["groups"] for each in group["numbers"] if each["indicator"] == slug]
        assert sum(rows) == (total or 0), slug


async def test_only_the_row_that_holds_something_generated_is_marked_as_generated(province):
    """A generated inspection of the whole province marks what lies beside its communes, and no commune."""
    params = {"area": KHANH_HOA.key, "group_by": "commune", "indicator": SUMS}
    answer = (await province.client.get("/v1/progress", params=params)).json()
    assert [(group["kind"], group["generated"]) for group in answer["groups"]] == [("commune", False), ("none", True)]


async def test_the_number_of_a_commune_that_waits_is_its_row_and_not_all_of_the_commune(postgres):
    """A club of a new commune waits on the old map; one recorded in an old commune of it is in that one's row."""
    places = load()
    new = next(each for each in places.communes(PlaceRef(code="38", list="34")) if places.locate(each, "63").undecided)
    old = next(each for each in places.locate(new, "63").candidates if places.locate(each, "34").commune == new)
    province = places.locate(new, "63").province
    assert province is not None
    at = day("2026-02-01")
    streams = {
        "club-00000000-0000-4000-8000-000000000011": [(at, club(new, "2024-02-20")), (at, members("2025-12-01", 40))],
        "club-00000000-0000-4000-8000-000000000012": [(at, club(old, "2024-02-20")), (at, members("2025-12-01", 7))],
    }
    async with running(SERVICE, postgres, clock=lambda: NOW) as service:
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in in_lanes(streams)])
        for map_, area, expected in (
            ("63", province.key, {new.key: 40, old.key: 7}),
            ("34", "34:38", {new.key: 47}),
        ):
            params = {"area": area, "map": map_, "group_by": "commune", "indicator": "members"}
            groups = (await service.client.get("/v1/progress", params=params)).json()["groups"]
            assert {group["key"]: group["numbers"][0]["value"] for group in groups} == expected
            for group in groups:
                (row,) = group["numbers"]
                opened = (await service.client.get(f"/v1/numbers/{row['id']}")).json()
                assert opened["number"]["value"] == row["value"], (map_, group["key"])
                behind = (await service.client.get(f"/v1/numbers/{row['id']}/trace")).json()
                assert behind["check"] == {"value": row["value"], "entries": row["value"], "declared": 0, "equal": True}
                said = any("chờ phân định" in note["vi"] for note in opened["number"]["notes"])
                assert said == group["undecided"] == (group["key"][:2] != map_)
