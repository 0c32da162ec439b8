"""What is shown of single events and of a stream's events, and to whom: clubs are named to holders of their area only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from services.trainings.app import SERVICE as TRAININGS
from services.trainings.domain import RecordBoardTrained, RequireBoardTraining
from shared.eventlog.handler import Done
from shared.eventlog.plan import Request
from shared.kernel.command import Command
from shared.kernel.principal import CENTRE
from shared.testing.apps import HA_NOI, THANH_HOA, Running, running

ROUND = {
    "title": "Đợt 1", "organiser": "province-association", "level": "province", "kind": "supplementary", "contents": [],
    "starts_on": "2026-01-05", "ends_on": "2026-01-06", "place": {"code": "38", "list": "34"},
}  # fmt: skip
CLUB = "club-00000000-0000-4000-8000-000000000001"


@pytest.fixture
async def trainings(postgres: Any) -> AsyncIterator[Running]:
    async with running(TRAININGS, postgres) as service:
        yield service


async def told(service: Running, type: str, headers: dict[str, str], **data: Any) -> dict[str, Any]:
    answer = await service.client.post("/v1/commands", json={"type": type, "data": {**ROUND, **data}}, headers=headers)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def asked(service: Running, command: Command) -> str:
    """The id of the event of a command of the service's own policy."""
    (done,) = await service.writing.handler.handle([Request(str(uuid4()), command, CENTRE)])
    assert isinstance(done, Done)
    return done.outcome.event_ids[0]


async def test_a_streams_events_come_newest_first_in_pages(trainings: Running) -> None:
    here = await trainings.token("province", THANH_HOA)
    planned = await told(trainings, "trainings.plan-training", here)
    stream = planned["stream"]
    await told(trainings, "trainings.hold-training", here, round=stream)
    address = f"/v1/streams/{stream}/events"
    first = (await trainings.client.get(f"{address}?limit=1", headers=here)).json()
    assert [(each["type"], each["version"]) for each in first["events"]] == [("trainings.training-held", 2)]
    rest = (await trainings.client.get(f"{address}?before={first['next_before']}", headers=here)).json()
    assert [each["event_id"] for each in rest["events"]] == [planned["events"][0]["id"]]
    assert rest["next_before"] is None
    assert rest["events"][0]["data"]["title"] == "Đợt 1"


async def test_a_stream_that_nobody_wrote_and_a_stranger_without_a_token_are_told_so(trainings: Running) -> None:
    here = await trainings.token("province", THANH_HOA)
    nobodys = await trainings.client.get("/v1/streams/round-nothing/events", headers=here)
    assert (nobodys.status_code, nobodys.json()["slug"]) == (404, "unknown-stream")
    assert (await trainings.client.get("/v1/streams/round-nothing/events")).status_code == 401


async def test_what_an_event_said_of_clubs_is_shown_to_holders_of_its_area_only(trainings: Running) -> None:
    here, elsewhere = await trainings.token("province", THANH_HOA), await trainings.token("province", HA_NOI)
    stream = (await told(trainings, "trainings.plan-training", here))["stream"]
    public = await trainings.client.get(f"/v1/streams/{stream}/events", headers=elsewhere)
    assert public.json()["events"][0]["data"]["title"] == "Đợt 1"
    held = await told(trainings, "trainings.hold-training", here, round=stream, clubs=[CLUB])
    event = f"/v1/events/{held['events'][0]['id']}"
    assert (await trainings.client.get(event, headers=here)).json()["data"]["clubs"] == [CLUB]
    shown = await trainings.client.get(event, headers=elsewhere)
    assert (shown.json()["stream"], shown.json()["data"]) == (stream, None)
    assert CLUB not in (await trainings.client.get(f"/v1/streams/{stream}/events", headers=elsewhere)).text


async def test_events_about_a_club_that_say_no_place_are_for_the_nation_wide_alone(trainings: Running) -> None:
    """A board that a round had trained before the club was founded: nothing in its stream says where the club is."""
    centre = await trainings.token("centre")
    trained = {"club": CLUB, "round": "round-1", "trained_on": "2026-01-06"}
    event_id = await asked(trainings, RecordBoardTrained.model_validate(trained))
    addresses = (f"/v1/streams/board-{CLUB}/events", f"/v1/events/{event_id}")
    for address in addresses:
        for holder in (await trainings.token("province", HA_NOI), await trainings.token("reader", THANH_HOA)):
            hidden = await trainings.client.get(address, headers=holder)
            assert (hidden.status_code, hidden.json()["slug"]) == (403, "not-your-area")
        for holder in (centre, await trainings.token("operator")):
            shown = (await trainings.client.get(address, headers=holder)).json()
            event = shown["events"][0] if "events" in shown else shown
            assert event["data"] == trained
    required = {"club": CLUB, "commune": {"code": "15835", "list": "34"}, "founded_on": "2026-01-01", "withdrawn": "round-1"}
    await asked(trainings, RequireBoardTraining.model_validate(required))
    here = await trainings.client.get(addresses[0], headers=await trainings.token("province", THANH_HOA))
    assert [each["data"]["club"] for each in here.json()["events"]] == [CLUB, CLUB]
    elsewhere = await trainings.client.get(addresses[0], headers=await trainings.token("province", HA_NOI))
    assert elsewhere.status_code == 403
