"""Batches of commands of which some are bad: each is answered for itself, or all are refused together."""

from __future__ import annotations

from typing import Any

import pytest

from shared.testing.apps import Running
from tests.shared.web.problems import found, is_problem, is_problem_body


async def test_a_batch_answers_each_command_and_stores_only_the_good_ones(clubs: Running, province: dict[str, str]) -> None:
    commands = [
        {"id": "good", **found(name="CLB tốt")},
        {"id": "absent", **found(commune={"code": "99999", "list": "34"})},
        {"id": "bad", **found(name="")},
        "not an object",
        {"id": 7, **found()},
        {"id": "later", **found(), "recorded_at": "yesterday"},
    ]
    before = await clubs.heads()
    answer = await clubs.client.post("/v1/commands:batch", json={"commands": commands}, headers=province)
    assert answer.status_code == 200
    answers = answer.json()["answers"]
    assert [one["status"] for one in answers] == [201, 422, 422, 422, 400, 422]
    is_problem_body(answers[1]["problem"], "unknown-place")
    is_problem_body(answers[2]["problem"], "text-too-short", "commands.2.data.name")
    is_problem_body(answers[3]["problem"], "not-an-object", "commands.3")
    is_problem_body(answers[4]["problem"], "bad-idempotency-key", "commands.4.id")
    is_problem_body(answers[5]["problem"], "not-an-instant", "commands.5.recorded_at")
    after = await clubs.heads()
    assert sum(head.position for head in after.values()) - sum(head.position for head in before.values()) == 1


async def test_an_atomic_batch_with_one_bad_command_stores_nothing(clubs: Running, province: dict[str, str]) -> None:
    for bad in (found(name=""), found(launched_on="2024-02-01")):
        before = await clubs.heads()
        body = {"commands": [found(), bad], "atomic": True}
        answers = (await clubs.client.post("/v1/commands:batch", json=body, headers=province)).json()["answers"]
        assert answers[0]["problem"]["slug"] == "refused-together"
        assert answers[1]["status"] == 422
        assert await clubs.heads() == before


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({"commands": []}, "batch-size"),
        ({"commands": [found()] * 501}, "batch-size"),
        ({"commands": {}}, "not-a-list"),
        ({"commands": [found()], "atomic": "yes"}, "not-true-or-false"),
        ({"commands": [found()], "dry": True}, "unknown-field"),
        ({}, "field-missing"),
    ],
)
async def test_a_batch_of_another_form_is_refused(
    clubs: Running, province: dict[str, str], body: dict[str, Any], slug: str
) -> None:
    before = await clubs.heads()
    answer = await clubs.client.post("/v1/commands:batch", json=body, headers=province)
    assert answer.status_code == 422
    is_problem(answer, slug, answer.json()["field"])
    assert await clubs.heads() == before
