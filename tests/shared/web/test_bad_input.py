"""Bad input, sent to the real clubs service: a slug, a sentence in both languages, the field, and nothing stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.testing.apps import Running
from tests.shared.web.problems import found, is_problem, is_problem_body, send

RAW = [
    ("a NUL byte", b'{"type":"clubs.found-club\x00"}', 400, "nul-character"),
    ("an escaped NUL", b'{"type":"clubs.found-club","data":{"name":"a\\u0000b"}}', 400, "nul-character"),
    ("a lone high surrogate", b'{"type":"x","data":{"name":"\\ud800"}}', 400, "lone-surrogate"),
    ("a lone low surrogate", b'{"type":"x","data":{"name":"\\udfff!"}}', 400, "lone-surrogate"),
    ("a surrogate in UTF-8", b'{"type":"\xed\xa0\x80"}', 400, "not-utf-8"),
    ("an overlong slash", b'{"type":"\xc0\xaf"}', 400, "not-utf-8"),
    ("NaN", b'{"type":"x","data":{"total":NaN}}', 400, "number-not-finite"),
    ("minus infinity", b'{"type":"x","data":{"total":-Infinity}}', 400, "number-not-finite"),
    ("1e400", b'{"type":"x","data":{"total":1e400}}', 400, "number-not-finite"),
    ("a number of 5,000 digits", b'{"a":' + b"9" * 5000 + b"}", 400, "number-not-finite"),
    ("10,000 nested lists", b"[" * 10_000 + b"]" * 10_000, 400, "nested-too-deeply"),
    ("25 nested objects", b'{"a":' * 25 + b"1" + b"}" * 25, 400, "nested-too-deeply"),
    ("a key twice", b'{"type":"clubs.found-club","type":"clubs.dissolve-club","data":{}}', 400, "key-named-twice"),
    ("no JSON", b'{"type":', 400, "not-json"),
    ("a byte order mark", b"\xef\xbb\xbf{}", 400, "not-json"),
    ("nothing", b"  ", 400, "body-empty"),
    ("a list", b"[]", 422, "not-an-object"),
    ("a type that is no text", b'{"type":7,"data":{}}', 422, "unknown-command"),
    ("an unknown command", b'{"type":"clubs.abolish-club","data":{}}', 422, "unknown-command"),
    ("data that are no object", b'{"type":"clubs.found-club","data":[1]}', 422, "not-an-object"),
    ("no data", b'{"type":"clubs.found-club"}', 422, "field-missing"),
    ("an unknown member of the body", b'{"type":"clubs.found-club","data":{},"dry":true}', 422, "unknown-field"),
]


@pytest.mark.parametrize(("body", "status", "slug"), [case[1:] for case in RAW], ids=[case[0] for case in RAW])
async def test_a_body_that_is_no_command_is_refused_and_nothing_is_stored(
    clubs: Running, province: dict[str, str], body: bytes, status: int, slug: str
) -> None:
    before = await clubs.heads()
    answer = await send(clubs, province, body)
    assert answer.status_code == status
    is_problem(answer, slug, answer.json().get("field"))
    assert await clubs.heads() == before


DATA = [
    ("a code absent from its list", found(commune={"code": "99999", "list": "34"}), "unknown-place", None),
    ("a code of the other list only", found(commune={"code": "00001", "list": "34"}), "unknown-place", None),
    ("a code of no form", found(commune={"code": "1583", "list": "34"}), "wrong-form", "data.commune.code"),
    ("a list that does not exist", found(commune={"code": "15835", "list": "35"}), "unknown-value", "data.commune.list"),
    ("an unknown field", found(colour="red"), "unknown-field", "data.colour"),
    ("an unknown field inside", found(commune={"code": "15835", "list": "34", "x": 1}), "unknown-field", "data.commune.x"),
    ("a missing field", {"type": "clubs.found-club", "data": {"name": "a"}}, "field-missing", "data.commune"),
    ("a day that does not exist", found(founded_on="2024-02-30"), "not-a-date", "data.founded_on"),
    ("a day as seconds", found(founded_on=1709251200), "not-a-date", "data.founded_on"),
    ("a day long ago", found(founded_on="1875-01-01"), "number-too-small", "data.founded_on"),
    ("a name of 201 letters", found(name="a" * 201), "text-too-long", "data.name"),
    ("an empty name", found(name="   "), "text-too-short", "data.name"),
    ("an escape sequence in a name", found(name="a\x1b[31mb"), "not-text", "data.name"),
    ("a number as a name", found(name=5), "not-a-text", "data.name"),
    ("a launch before the founding", found(launched_on="2024-02-01"), "dates-out-of-order", "launched_on"),
]


@pytest.mark.parametrize(("command", "slug", "field"), [case[1:] for case in DATA], ids=[case[0] for case in DATA])
async def test_a_founding_that_cannot_be_so_is_refused_and_nothing_is_stored(
    clubs: Running, centre: dict[str, str], command: dict[str, Any], slug: str, field: str | None
) -> None:
    before = await clubs.heads()
    answer = await send(clubs, centre, json.dumps(command).encode())
    assert answer.status_code == 422
    is_problem(answer, slug, field)
    assert await clubs.heads() == before


COUNTS = [
    ("a negative count", {"total": -1}, "number-too-small", "data.total"),
    ("an absurd count", {"total": 10**12}, "number-too-large", "data.total"),
    ("a count of 30 digits", {"total": 10**30}, "number-too-large", "data.total"),
    ("a count with a fraction", {"total": 70.5}, "not-a-whole-number", "data.total"),
    ("a count in quotes", {"total": "70"}, "not-a-whole-number", "data.total"),
    ("true for a count", {"total": True}, "not-a-whole-number", "data.total"),
    ("a share that exceeds the total", {"total": 70, "women": 71}, "part-exceeds-whole", "women"),
    ("a day before the founding", {"total": 70, "as_of": "2020-01-01"}, "before-founding", "as_of"),
    ("a day to come", {"total": 70, "as_of": "2098-01-01"}, "in-the-future", "as_of"),
    ("an unknown basis", {"total": 70, "basis": "guessed"}, "unknown-value", "data.basis"),
]


@pytest.mark.parametrize(("counts", "slug", "field"), [case[1:] for case in COUNTS], ids=[case[0] for case in COUNTS])
async def test_a_report_of_members_that_cannot_be_so_is_refused_and_nothing_is_stored(
    clubs: Running, province: dict[str, str], counts: dict[str, Any], slug: str, field: str
) -> None:
    club = (await send(clubs, province, json.dumps(found()).encode(), **{"idempotency-key": "reported"})).json()["stream"]
    before = await clubs.heads()
    data = {"club": club, "as_of": "2024-06-30", "basis": "counted", **counts}
    answer = await send(clubs, province, json.dumps({"type": "clubs.report-members", "data": data}).encode())
    assert answer.status_code == 422
    is_problem(answer, slug, field)
    assert await clubs.heads() == before


async def test_an_unknown_club_is_404(clubs: Running, province: dict[str, str]) -> None:
    data = {"club": "club-00000000-0000-0000-0000-000000000000", "as_of": "2024-06-30", "basis": "counted", "total": 1}
    answer = await send(clubs, province, json.dumps({"type": "clubs.report-members", "data": data}).encode())
    assert answer.status_code == 404
    is_problem(answer, "unknown-club", "club")


async def test_a_body_of_ten_megabytes_is_413_stated_or_streamed(clubs: Running, province: dict[str, str]) -> None:
    before = await clubs.heads()
    huge = b'{"type":"clubs.found-club","data":{"name":"' + b"a" * (10 << 20) + b'"}}'
    answer = await send(clubs, province, huge)
    assert answer.status_code == 413
    is_problem(answer, "body-too-large")

    async def in_pieces() -> Any:
        for start in range(0, len(huge), 65536):
            yield huge[start : start + 65536]

    headers = {**province, "content-type": "application/json"}
    for path in ("/v1/commands", "/v1/commands:batch"):
        answer = await clubs.client.post(path, content=in_pieces(), headers=headers)
        assert answer.status_code == 413
        is_problem(answer, "body-too-large")
    assert await clubs.heads() == before


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""])
async def test_another_content_type_is_415(clubs: Running, province: dict[str, str], kind: str) -> None:
    answer = await send(clubs, province, json.dumps(found()).encode(), **{"content-type": kind})
    assert answer.status_code == 415
    is_problem(answer, "wrong-content-type")


async def test_an_unknown_command_is_told_the_known_ones(clubs: Running, province: dict[str, str]) -> None:
    answer = await send(clubs, province, b'{"type":"clubs.abolish-club","data":{}}')
    for name in ("clubs.found-club", "clubs.report-members", "clubs.dissolve-club"):
        assert name in answer.json()["detail"]


async def test_what_was_sent_is_never_echoed(clubs: Running, province: dict[str, str]) -> None:
    evil = "<img src=x onerror=alert(1)>\x1b[31m"
    for command in (found(managing_body=evil), found(**{evil * 20: 1}), {"type": evil, "data": {}}, found(founded_on=evil)):
        answer = await send(clubs, province, json.dumps(command).encode())
        assert answer.status_code == 422
        assert "\x1b" not in answer.text
        shown = {**answer.json(), "field": ""}
        assert "onerror" not in json.dumps(shown)


async def test_a_real_database_accepts_no_recorded_time(clubs: Running, province: dict[str, str]) -> None:
    before = await clubs.heads()
    body = {"commands": [{**found(), "recorded_at": "2024-03-02T00:00:00Z"}]}
    answer = await clubs.client.post("/v1/commands:batch", json=body, headers=province)
    assert answer.status_code == 422
    is_problem(answer, "clock-not-simulated", "recorded_at")
    assert await clubs.heads() == before


async def test_questions_are_checked_in_the_same_words(clubs: Running, province: dict[str, str]) -> None:
    for query, slug in (
        ("limit=-1", "number-too-small"),
        ("limit=1e9", "not-a-whole-number"),
        ("place=VN-01'OR'1'='1", "unknown-place"),
    ):
        answer = await clubs.client.get(f"/v1/clubs?{query}", headers=province)
        assert answer.status_code == 422
        is_problem(answer, slug, query.partition("=")[0])


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [("GET", "/v1/nothing", 404, "no-such-page"), ("GET", "/v1/commands", 405, "method-not-allowed"),
     ("GET", "/v1/clubs/", 404, "no-such-page"), ("GET", "/V1/clubs", 404, "no-such-page")],
)  # fmt: skip
async def test_an_address_that_is_none_is_a_problem_too(
    clubs: Running, province: dict[str, str], method: str, path: str, status: int, slug: str
) -> None:
    answer = await clubs.client.request(method, path, headers=province)
    assert answer.status_code == status
    is_problem(answer, slug)


async def test_a_text_of_which_nothing_can_be_seen_is_refused_with_its_field(clubs: Running, province: dict[str, str]) -> None:
    unseen = ("\u200b", "\u3164\u3164", "\u2800", "\u200c \u200d", "\u0301")
    for name in unseen:
        answer = await clubs.client.post("/v1/commands", json=found(name=name), headers=province)
        is_problem(answer, "nothing-to-see", "data.name")
        assert answer.json()["detail"].startswith("Cần điền mục này")
    batch = {"commands": [found(), found(village="\u2800")]}
    answers = (await clubs.client.post("/v1/commands:batch", json=batch, headers=province)).json()["answers"]
    assert answers[0]["status"] == 201
    is_problem_body(answers[1]["problem"], "nothing-to-see", "commands.1.data.village")
    for name in ("\u200bCLB", "3", "\u4e2d", "…"):
        assert (await clubs.client.post("/v1/commands", json=found(name=name), headers=province)).status_code == 201


async def test_a_limit_is_written_as_each_language_writes_numbers_and_days(clubs: Running, province: dict[str, str]) -> None:
    members = {"club": "club-1", "as_of": "2026-01-01", "basis": "counted", "total": 1_000_001}
    for command, vi, en in (
        (
            {"type": "clubs.report-members", "data": members},
            "Không được lớn hơn 1.000.000.",
            "Must not be more than 1,000,000.",
        ),
        (found(founded_on="2100-01-01"), "Không được lớn hơn 31/12/2099.", "Must not be more than 2099-12-31."),
        (found(founded_on="1989-12-31"), "Không được nhỏ hơn 01/01/1990.", "Must not be less than 1990-01-01."),
    ):
        problem = (await clubs.client.post("/v1/commands", json=command, headers=province)).json()
        assert (problem["detail"], problem["detail_en"]) == (vi, en)
