"""Dead letters over HTTP: operators alone see them, with their bytes, and read them again."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from shared.kafka.headers import to_kafka
from shared.kernel.place import NATION, PlaceRef
from shared.testing.apps import THANH_HOA, Running
from tests.reporting.country import small_country
from tests.reporting.pages.test_feeds import LOST, service

_ = service
LETTERS = "/v1/projections/figures/letters"


@pytest.mark.parametrize(("role", "area"), [("reader", NATION), ("province", THANH_HOA), ("centre", NATION)])
async def test_who_is_no_operator_sees_no_letter(service: Running, role: Any, area: PlaceRef) -> None:
    header = await service.token(role, area)
    assert (await service.client.get(LETTERS, headers=header)).status_code == 403
    assert (await service.client.post(f"{LETTERS}:replay", json={"stream": LOST}, headers=header)).status_code == 403
    assert (await service.client.get(LETTERS)).status_code == 401


async def test_an_operator_lists_shows_and_reads_again(service: Running) -> None:
    header = await service.token("operator")
    last = small_country()[-1].recorded
    listed = (await service.client.get(LETTERS, headers=header)).json()["letters"]
    assert {letter["stream"] for letter in listed} == {LOST, last.stream}
    assert (await service.client.get(LETTERS, params={"stream": LOST}, headers=header)).json()["letters"][0]["poison"] is True

    shown = await service.client.get(f"{LETTERS}/{last.source}/{last.lane}/{last.position}", headers=header)
    key, value, headers = to_kafka(last, "vn")
    assert base64.b64decode(shown.json()["value"]) == value
    assert (shown.json()["text"], shown.json()["key"]) == (value.decode(), key.decode())
    assert dict(shown.json()["headers"]) == {name: text.decode() for name, text in headers}

    again = await service.client.post(f"{LETTERS}:replay", json={"stream": LOST}, headers=header)
    assert (again.json()["applied"], again.json()["waiting"]) == (0, 1)
    again = await service.client.post(f"{LETTERS}:replay", json={"stream": last.stream}, headers=header)
    assert again.json() == {"applied": 1, "waiting": 0, "reason": None}
    gone = await service.client.get(f"{LETTERS}/{last.source}/{last.lane}/{last.position}", headers=header)
    assert (gone.status_code, gone.json()["type"].rsplit("/", 1)[-1]) == (404, "unknown-letter")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/projections/nothing/letters", 404),
        (f"{LETTERS}/clubs/99999999/1", 404),
        (f"{LETTERS}/clubs/1/99999999999999999999", 404),
        (f"{LETTERS}/clubs/x/1", 422),
    ],
)
async def test_what_is_not_there_is_said_in_a_sentence(service: Running, path: str, status: int) -> None:
    answer = await service.client.get(path, headers=await service.token("operator"))
    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_nobody_can_ask_for_another_copy_of_an_event(service: Running) -> None:
    """It was possible before records were chained: another copy at the same position has another hash, so it is not the
    event that the log recorded."""
    wish = {"stream": LOST, "from_topic": True}
    answer = await service.client.post(f"{LETTERS}:replay", json=wish, headers=await service.token("operator"))
    assert answer.status_code == 422
