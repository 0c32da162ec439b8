"""A mixed batch's own key: what it names is what a service would name, whatever stands beside it."""

from __future__ import annotations

from typing import Any

import httpx

from tests.shared.web.four import System, found, planned, targeted


async def sent(system: System, token: dict[str, str], key: str, *commands: Any) -> httpx.Response:
    headers = {**token, "Idempotency-Key": key}
    return await system.front.post("/v1/commands:batch", json={"commands": commands}, headers=headers)


def statuses(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [one["status"] for one in answer.json()["answers"]]


async def test_a_null_id_is_none(system: System) -> None:
    token = await system.token()
    batch = (found(id=None), planned(id=None))
    assert statuses(await sent(system, token, "null ids", *batch)) == [201, 201]
    assert statuses(await sent(system, token, "null ids", *batch)) == [200, 200]


async def test_keys_that_differ_in_their_last_character_are_two(system: System) -> None:
    token = await system.token()
    batch = (found(), planned())
    assert statuses(await sent(system, token, "k" * 199 + "1", *batch)) == [201, 201]
    assert statuses(await sent(system, token, "k" * 199 + "2", *batch)) == [201, 201]


async def test_a_key_that_is_none_is_refused_and_nothing_is_stored(system: System) -> None:
    token = await system.token()
    before = await system.stored()
    for key in ("k" * 201, "", "a\tb"):
        answer = await sent(system, token, key, found(), planned())
        assert (answer.status_code, answer.json()["slug"]) == (400, "bad-idempotency-key")
        assert answer.json()["field"] == "Idempotency-Key"
    assert await system.stored() == before


async def test_the_ids_stay_when_the_mix_of_services_changes(system: System) -> None:
    token = await system.token()
    alone = await sent(system, token, "the mix", found(), found("CLB 2"))
    mixed = await sent(system, token, "the mix", found(), found("CLB 2"), planned())
    other = await sent(system, token, "the mix", found(), targeted(id="of its own"), planned())
    assert (statuses(alone), statuses(mixed), statuses(other)) == ([201, 201], [200, 200, 201], [200, 201, 200])
    ids = [[one["result"]["command_id"] for one in answer.json()["answers"]] for answer in (alone, mixed, other)]
    assert ids[0] == ids[1][:2]
    assert (ids[2][0], ids[2][2]) == (ids[1][0], ids[1][2])
