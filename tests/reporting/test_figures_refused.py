"""Questions over HTTP that are refused: by whom, and with which slug."""

from __future__ import annotations

import pytest

from shared.testing.apps import HA_NOI, THANH_HOA
from tests.reporting.country import BA_DINH, FIRST


@pytest.mark.parametrize("path", ["/v1/progress", "/v1/progress/series"])
async def test_every_question_about_a_club_needs_a_token_of_its_area(country, path):
    params = {"area": f"club:{FIRST}", "indicator": "members"}
    assert (await country.client.get(path, params=params)).status_code == 401
    elsewhere = await country.token("province", THANH_HOA)
    assert (await country.client.get(path, params=params, headers=elsewhere)).status_code == 403


async def test_a_series_that_would_begin_after_its_day_is_refused(country):
    params = {"as_of": "2024-01-01", "from": "2025-01"}
    answer = await country.client.get("/v1/progress/series", params=params)
    assert (answer.status_code, answer.json()["slug"]) == (422, "from-after-as-of")


async def test_a_cut_by_month_begins_no_earlier_than_the_first_day_that_can_be_asked(country):
    answer = await country.client.get("/v1/progress", params={"as_of": "1990-01-05", "group_by": "month"})
    assert answer.status_code == 200, answer.text
    assert [group["key"] for group in answer.json()["groups"]] == ["1990-01"]


@pytest.mark.parametrize("stream", ["club-zzz", "club-7", FIRST.replace("-0000-", "-", 1), f"{FIRST}0"])
@pytest.mark.parametrize("path", ["/v1/progress"])
async def test_a_club_that_is_not_named_by_its_whole_id_is_no_area(country, path, stream):
    headers = await country.token("centre")
    answer = await country.client.get(path, params={"area": f"club:{stream}"}, headers=headers)
    assert (answer.status_code, answer.json()["slug"]) == (422, "unknown-place")


@pytest.mark.parametrize("known_at", ["2025-01-31T12:00:00", "2025-01-31T12:00", "2025-01-31 12:00:00"])
@pytest.mark.parametrize("path", ["/v1/progress", "/v1/progress/series"])
async def test_an_instant_of_knowledge_needs_a_time_zone(country, path, known_at):
    answer = await country.client.get(path, params={"known_at": known_at})
    assert (answer.status_code, answer.json()["slug"]) == (422, "zone-needed")


@pytest.mark.parametrize("known_at", ["2025-01-31", "31/01/2025", "2025-01-31T23:59:59+07:00", "2025-01-31T16:59:59Z"])
async def test_a_day_of_knowledge_is_the_end_of_that_day_in_vietnam(country, known_at):
    answer = await country.client.get("/v1/progress", params={"known_at": known_at, "indicator": "members"})
    assert answer.json()["known_at"] == "2025-01-31T23:59:59+07:00"
    assert (await country.client.get("/", params={"known_at": known_at})).status_code == 200


def _event(stream: str, type_: str, **data: object) -> dict[str, object]:
    return {"source": "clubs", "stream": stream, "type": f"clubs.{type_}", "schema_version": 1, "data": data}


REPORT = {"as_of": "2026-02-01", "basis": "counted", "total": 45}
FOUNDING = {"name": "CLB", "commune": {"code": BA_DINH.code, "list": "34"}, "founded_on": "2026-01-05"}
NEW = "club-00000000-0000-4000-8000-00000000000f"


@pytest.mark.parametrize(
    "event",
    [_event(FIRST, "members-reported", **REPORT), _event(NEW, "club-founded", **FOUNDING)],
    ids=["a club that is there", "a club that would be founded"],
)
async def test_a_preview_is_only_of_the_area_of_the_token(country, event):
    body = {"events": [event]}
    elsewhere = await country.token("province", THANH_HOA)
    refused = await country.client.post("/v1/figures:preview", json=body, headers=elsewhere)
    assert (refused.status_code, refused.json()["slug"]) == (403, "not-your-area")
    own = await country.token("province", HA_NOI)
    assert (await country.client.post("/v1/figures:preview", json=body, headers=own)).status_code == 200


async def test_a_preview_of_events_that_cannot_follow_is_refused_in_both_languages(country):
    body = {"events": [_event(NEW, "members-reported", **REPORT)]}
    answer = await country.client.post("/v1/figures:preview", json=body, headers=await country.token("centre"))
    assert (answer.status_code, answer.json()["slug"]) == (422, "events-cannot-follow")
    assert "câu lạc bộ" in answer.text
    assert "cannot follow" in answer.text
