"""A command's id: repeated it gets its first answer, with another body it is refused, and a dry run stores nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.testing.apps import HA_NOI, Running


def found(name: str = "CLB", commune: str = "15835") -> dict[str, Any]:
    return {
        "type": "clubs.found-club",
        "data": {"name": name, "commune": {"code": commune, "list": "34"}, "founded_on": "2024-03-01"},
    }


async def post(clubs: Running, token: dict[str, str], body: Any, key: str | None = None, path: str = "/v1/commands") -> Any:
    headers = httpx.Headers([*token.items(), *([] if key is None else [("Idempotency-Key", key)])], encoding="utf-8")
    return await clubs.client.post(path, json=body, headers=headers)


@pytest.mark.parametrize("key", ["5f0c6f2e-6f3f-4b56-9a3e-6b8f0d3c2a11", "báo cáo số 7", "7"])
async def test_the_same_key_and_body_have_one_effect_and_one_answer(clubs: Running, province: dict[str, str], key: str) -> None:
    first = await post(clubs, province, found(), key)
    assert first.status_code == 201
    before = await clubs.heads()
    again = await post(clubs, province, found(), key)
    assert again.status_code == 200
    assert again.json() == {**first.json(), "repeated": True}
    assert await clubs.heads() == before


async def test_the_same_key_with_another_body_is_refused_and_nothing_is_stored(
    clubs: Running, province: dict[str, str]
) -> None:
    key = str(uuid4())
    await post(clubs, province, found(), key)
    before = await clubs.heads()
    answer = await post(clubs, province, found(name="khác"), key)
    assert (answer.status_code, answer.json()["slug"]) == (422, "idempotency-key-reused")
    assert await clubs.heads() == before


async def test_a_key_of_another_bearer_is_refused_and_answers_nothing_of_theirs(
    clubs: Running, province: dict[str, str]
) -> None:
    key = str(uuid4())
    await post(clubs, province, found(), key)
    before = await clubs.heads()
    answer = await post(clubs, await clubs.token("centre"), found(), key)
    assert (answer.status_code, answer.json()["slug"]) == (422, "idempotency-key-reused")
    assert "stream" not in answer.json()
    assert await clubs.heads() == before


async def test_two_provinces_may_use_the_same_words_as_a_key(clubs: Running, province: dict[str, str]) -> None:
    hanoi = await clubs.token("province", HA_NOI)
    here = await post(clubs, province, found(), "tháng 3")
    there = await post(clubs, hanoi, found(commune="00004"), "tháng 3")
    assert (here.status_code, there.status_code) == (201, 201)
    assert here.json()["command_id"] != there.json()["command_id"]


async def test_without_a_key_an_id_is_made_and_returned(clubs: Running, province: dict[str, str]) -> None:
    one, two = [await post(clubs, province, found()) for _ in range(2)]
    assert UUID(one.json()["command_id"]) != UUID(two.json()["command_id"])


@pytest.mark.parametrize("key", ["", "a" * 201, "a\tb", "a\u200bb"])
async def test_a_key_that_is_none_is_refused(clubs: Running, province: dict[str, str], key: str) -> None:
    before = await clubs.heads()
    answer = await post(clubs, province, found(), key)
    assert (answer.status_code, answer.json()["slug"]) == (400, "bad-idempotency-key")
    assert await clubs.heads() == before


async def test_two_keys_are_refused(clubs: Running, province: dict[str, str]) -> None:
    headers = [*province.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await clubs.client.post("/v1/commands", json=found(), headers=headers)
    assert (answer.status_code, answer.json()["slug"]) == (400, "bad-idempotency-key")


async def test_a_repeated_batch_changes_nothing_also_by_the_batchs_own_key(clubs: Running, province: dict[str, str]) -> None:
    named = {"commands": [{"id": str(uuid4()), **found()}, {"id": str(uuid4()), **found()}]}
    unnamed = {"commands": [found(), found()]}
    for body, key in ((named, None), (unnamed, str(uuid4()))):
        first = (await post(clubs, province, body, key, "/v1/commands:batch")).json()["answers"]
        assert [one["status"] for one in first] == [201, 201]
        assert first[0]["result"]["stream"] != first[1]["result"]["stream"]
        before = await clubs.heads()
        again = (await post(clubs, province, body, key, "/v1/commands:batch")).json()["answers"]
        assert [one["status"] for one in again] == [200, 200]
        assert [one["result"]["stream"] for one in again] == [one["result"]["stream"] for one in first]
        assert await clubs.heads() == before


async def test_a_dry_run_answers_the_events_and_stores_nothing(clubs: Running, province: dict[str, str]) -> None:
    before = await clubs.heads()
    single = await post(clubs, province, found(), path="/v1/commands?dry_run=1")
    assert single.status_code == 200
    event = single.json()["events"][0]
    assert (event["source"], event["type"], event["schema_version"]) == ("clubs", "clubs.club-founded", 1)
    assert event["data"]["founded_on"] == "2024-03-01"
    batch = await post(clubs, province, {"commands": [found(), found(name="")]}, path="/v1/commands:batch?dry_run=1")
    assert [one["status"] for one in batch.json()["answers"]] == [200, 422]
    refused = await post(clubs, await clubs.token("province", HA_NOI), found(), path="/v1/commands?dry_run=1")
    assert refused.status_code == 403
    assert await clubs.heads() == before


async def test_names_are_stored_in_one_unicode_form(clubs: Running, province: dict[str, str]) -> None:
    composed = await post(clubs, province, found(name="Thi\u1ec7u Trung"), "nfc-and-nfd")
    decomposed = await post(clubs, province, found(name="Thie\u0323\u0302u Trung"), "nfc-and-nfd")
    assert (composed.status_code, decomposed.status_code) == (201, 200)
