"""The front address before the real four services: commands split and merged in order, tokens in all, nothing bypassed."""

from __future__ import annotations

import asyncio

import httpx

from shared.kernel.place import PlaceRef
from shared.web.front import create_front
from tests.shared.web.four import System, found, planned, raw_get, targeted, without


async def test_a_command_goes_to_its_service(system: System) -> None:
    token = await system.token()
    for command, source in ((found(), "clubs"), (planned(), "trainings"), (targeted(), "monitoring")):
        answer = await system.front.post("/v1/commands", json=command, headers={**token, "Idempotency-Key": "first"})
        assert (answer.status_code, answer.json().get("source")) == (201, source), answer.text
        again = await system.front.post("/v1/commands", json=command, headers={**token, "Idempotency-Key": "first"})
        assert (again.status_code, again.json()["repeated"]) == (200, True)


async def test_a_mixed_batch_is_split_and_its_answers_come_in_order(system: System) -> None:
    token = await system.token()
    commands = [
        planned(id="a"), found(id="b"), found("", id="c"), targeted(id="d"), {"type": "nobody.x", "data": {}, "id": "e"},
        found(id="f"), {"type": "trainings.plan-training", "data": {}, "id": "g"}, 7,
    ]  # fmt: skip
    before = await system.stored()
    answer = await system.front.post("/v1/commands:batch", json={"commands": commands}, headers=token)
    assert answer.status_code == 200, answer.text
    answers = answer.json()["answers"]
    assert [one["id"] for one in answers] == ["a", "b", "c", "d", "e", "f", "g", None]
    assert [one["status"] for one in answers] == [201, 201, 422, 201, 422, 201, 422, 422]
    fields = {one["id"]: one["problem"]["field"] for one in answers if "problem" in one}
    assert fields == {
        "c": "commands.2.data.name",
        "e": "commands.4.type",
        "g": "commands.6.data.title",
        None: "commands.7.type",
    }
    assert await system.stored() == before + 4
    again = await system.front.post("/v1/commands:batch", json={"commands": commands}, headers=token)
    assert [one["status"] for one in again.json()["answers"]] == [200, 200, 422, 200, 422, 200, 422, 422]
    assert await system.stored() == before + 4


async def test_a_mixed_batch_without_ids_is_repeatable_by_the_batchs_key(system: System) -> None:
    headers = httpx.Headers({**await system.token(), "Idempotency-Key": "lô số 7"}, encoding="utf-8")
    body = {"commands": [found(), planned(), found()]}
    first = (await system.front.post("/v1/commands:batch", json=body, headers=headers)).json()["answers"]
    before = await system.stored()
    again = (await system.front.post("/v1/commands:batch", json=body, headers=headers)).json()["answers"]
    assert [one["status"] for one in first + again] == [201, 201, 201, 200, 200, 200]
    assert len({one["result"]["events"][0]["id"] for one in first}) == 3
    assert await system.stored() == before


async def test_a_batch_that_stands_or_falls_together_is_one_services(system: System) -> None:
    token = await system.token()
    before = await system.stored()
    mixed = await system.front.post(
        "/v1/commands:batch", json={"commands": [found(), planned()], "atomic": True}, headers=token
    )
    assert (mixed.status_code, mixed.json()["slug"]) == (422, "atomic-across-services")
    body = {"commands": [found(), found("")], "atomic": True}
    alone = await system.front.post("/v1/commands:batch", json=body, headers=token)
    assert [one["status"] for one in alone.json()["answers"]] == [422, 422]
    assert await system.stored() == before


async def test_hostile_bodies_are_refused_at_the_front_in_the_same_words(system: System) -> None:
    token = {**await system.token(), "Content-Type": "application/json"}
    before = await system.stored()
    for raw, slug in (
        (b'{"commands":[{"type":"clubs.found-club","data":{"name":"\\ud800"}}]}', "lone-surrogate"),
        (b'{"commands":[{"type":"clubs.found-club","type":"trainings.x","data":{}}]}', "key-named-twice"),
        (b'{"commands":[{"type":"clubs.a","data":{}},{"type":"trainings.a","data":{"a":1,"a":2}}]}', "key-named-twice"),
        (b'{"commands":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested-too-deeply"),
        (b'{"commands":[{"type":"clubs.found-club","data":{"total":1e400}}]}', "number-not-finite"),
        (b'{"commands":[{"type":"clubs.x","data":{"a":"\\u0000"}}]}', "nul-character"),
    ):
        answer = await system.front.post("/v1/commands:batch", content=raw, headers=token)
        assert (answer.status_code, answer.json()["slug"]) == (400, slug)
    huge = await system.front.post("/v1/commands", content=b'{"a":"' + b"a" * (10 << 20) + b'"}', headers=token)
    assert (huge.status_code, huge.json()["slug"]) == (413, "body-too-large")
    assert await system.stored() == before


async def test_who_has_no_token_learns_nothing_from_the_front(system: System) -> None:
    for body in ({"commands": [found()]}, {"commands": [found(), planned()]}, {"commands": [{"type": "no.x", "data": {}}]}):
        answer = await system.front.post("/v1/commands:batch", json=body)
        assert (answer.status_code, answer.json()["slug"]) == (401, "token-missing")
    for command in (found(), {"type": "no.x", "data": {}}):
        assert (await system.front.post("/v1/commands", json=command)).status_code == 401
    for path in ("/v1/tokens", "/v1/clubs", "/v1/me", "/v1/events/00000000-0000-0000-0000-000000000000"):
        assert (await system.front.get(path)).status_code == 401


async def test_a_token_is_valid_in_every_service_and_revoked_in_every_service(system: System) -> None:
    wish = {"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "state"}
    issued = (await system.front.post("/v1/tokens", json=wish, headers=system.operator)).json()
    token = {"Authorization": f"Bearer {issued['token']}"}
    for service in system.services.values():
        assert (await service.client.get("/v1/me", headers=token)).json()["token"] == issued["id"]
    listed = (await system.front.get("/v1/tokens", headers=system.operator)).json()["tokens"]
    assert next(one for one in listed if one["id"] == issued["id"])["services"] == list(system.services)
    assert (await system.front.delete(f"/v1/tokens/{issued['id']}", headers=token)).status_code == 403
    assert (await system.front.delete(f"/v1/tokens/{issued['id']}", headers=system.operator)).status_code == 200
    for service in system.services.values():
        assert (await service.client.get("/v1/me", headers=token)).status_code == 401
    assert (await system.front.delete("/v1/tokens/t-nobody000", headers=system.operator)).status_code == 404


async def test_a_token_that_one_service_did_not_take_is_handed_to_nobody(system: System) -> None:
    wish = {"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "state", "label": "halfway"}
    answer = await without(system, "monitoring").post("/v1/tokens", json=wish, headers=system.operator)
    assert (answer.status_code, answer.json()["slug"]) == (503, "service-down")
    assert "token" not in answer.json()
    listed = (await system.front.get("/v1/tokens", headers=system.operator)).json()["tokens"]
    assert all(one["revoked_at"] for one in listed if one["label"] == "halfway")


async def test_a_revocation_that_did_not_reach_every_service_says_so(system: System) -> None:
    wish = {"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "state"}
    issued = (await system.front.post("/v1/tokens", json=wish, headers=system.operator)).json()
    path = f"/v1/tokens/{issued['id']}"
    answer = await without(system, "trainings").delete(path, headers=system.operator)
    assert (answer.status_code, answer.json()["slug"]) == (503, "not-revoked-everywhere")
    assert "trainings" in answer.json()["detail_en"]
    assert (await system.front.delete(path, headers=system.operator)).status_code == 200


async def test_a_service_that_is_down_is_named_and_the_others_go_on(system: System) -> None:
    token = await system.token()
    front = without(system, "trainings")
    for answer in (
        await front.post("/v1/commands", json=planned(), headers=token),
        await front.post("/v1/commands:batch", json={"commands": [planned(), found()]}, headers=token),
        await front.get("/v1/trainings"),
        await front.get("/trainings/health"),
    ):
        assert (answer.status_code, answer.json()["slug"]) == (503, "service-down")
        assert answer.headers["retry-after"]
        assert "trainings" in answer.json()["detail"]
    assert (await front.post("/v1/commands", json=found(), headers=token)).status_code == 201
    assert (await front.get("/clubs/health")).json() == {"service": "clubs", "status": "alive"}
    assert (await front.get("/health")).status_code == 200
    ready = await front.get("/ready")
    assert (ready.status_code, ready.json()["services"]["trainings"]["ready"]) == (503, False)


async def test_an_event_is_found_whichever_service_has_it(system: System) -> None:
    token = await system.token()
    for command, source in ((found(), "clubs"), (planned(), "trainings")):
        event = (await system.front.post("/v1/commands", json=command, headers=token)).json()["events"][0]["id"]
        answer = await system.front.get(f"/v1/events/{event}", headers=token)
        assert (answer.status_code, answer.json()["source"]) == (200, source)
        assert answer.json()["topic"] == f"{source}.events"
    nowhere = await system.front.get("/v1/events/00000000-0000-0000-0000-000000000000", headers=token)
    assert (nowhere.status_code, nowhere.json()["slug"]) == (404, "unknown-event")
    missing = await without(system, "reporting").get("/v1/events/00000000-0000-0000-0000-000000000000", headers=token)
    assert missing.status_code == 503


async def test_every_spelling_of_a_path_meets_the_same_check(system: System) -> None:
    token = await system.token("reader", PlaceRef(code="38", list="34"))
    app = create_front(system.clients)
    for raw in (
        b"//v1/tokens",
        b"/v1/./tokens",
        b"/v1/clubs/../tokens",
        b"/v1/%74okens/%2e%2e",
        b"/v1%2ftokens",
        b"/%2e/v1/tokens",
    ):
        assert await raw_get(app, raw, token) == 400, raw
    for path in ("/V1/tokens", "/v1/Tokens", "/v1/tokens/", "/metrics", "/clubs/v1/tokens", "/clubs/metrics"):
        assert (await system.front.get(path, headers=token)).status_code == 404, path
    assert (await system.front.get("/v1/%74okens", headers=token)).status_code == 403
    overridden = await system.front.get("/v1/me", headers={**token, "X-HTTP-Method-Override": "DELETE"})
    assert overridden.json()["role"] == "reader"


async def test_hop_by_hop_and_forwarding_headers_stay_at_the_front(system: System) -> None:
    seen: list[httpx.Request] = []

    class Watching(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request)
            headers = [
                ("Connection", "x-private"),
                ("X-Private", "1"),
                ("Keep-Alive", "5"),
                ("X-Kept", "1"),
                ("Server", "inner"),
            ]
            return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"{}"))

    front = system.before({**system.clients, "clubs": httpx.AsyncClient(transport=Watching(), base_url="http://clubs:1")})
    sent = {
        "Connection": "X-Secret", "X-Secret": "1", "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Host": "evil", "TE": "trailers",
        "Forwarded": "for=1", "X-Other": "1", "Host": "evil.example",
    }  # fmt: skip
    answer = await front.get("/v1/clubs?place=34%3A38&q=a%20b", headers=sent)
    assert {"x-secret", "x-forwarded-for", "x-forwarded-host", "te", "forwarded"}.isdisjoint(seen[0].headers)
    assert (seen[0].headers["x-other"], seen[0].headers["host"]) == ("1", "clubs:1")
    assert seen[0].url.raw_path == b"/v1/clubs?place=34%3A38&q=a%20b"
    assert {"x-private", "keep-alive", "server", "connection"}.isdisjoint(answer.headers)
    assert (answer.headers["x-kept"], answer.headers["x-content-type-options"]) == ("1", "nosniff")


async def test_many_callers_at_once_each_get_their_own_answer(system: System) -> None:
    token = await system.token()
    names = [f"CLB {n}" for n in range(40)]
    answers = await asyncio.gather(
        *(system.front.post("/v1/commands?dry_run=0", json=found(name), headers=token) for name in names)
    )
    assert [answer.status_code for answer in answers] == [201] * 40
    assert len({answer.json()["stream"] for answer in answers}) == 40


async def test_a_dry_run_says_which_figures_would_move_and_stores_nothing(system: System) -> None:
    token = await system.token()
    before = await system.stored()
    single = await system.front.post("/v1/commands?dry_run=1", json=found(), headers=token)
    batch = await system.front.post(
        "/v1/commands:batch?dry_run=1", json={"commands": [found(), planned(), found()]}, headers=token
    )
    for answer, change in ((single, 1), (batch, 2)):
        assert answer.status_code == 200, answer.text
        moves = {move["indicator"]: move["change"] for move in answer.json()["figures"] if move["area"]["key"] == "VN"}
        assert moves["clubs-founded"] == change
    assert [len(one["result"]["events"]) for one in batch.json()["answers"]] == [1, 1, 1]
    down = await without(system, "reporting").post("/v1/commands?dry_run=1", json=found(), headers=token)
    assert (down.json()["figures"], down.json()["figures_problem"]["slug"]) == (None, "service-down")
    assert await system.stored() == before


async def test_a_wish_for_a_token_with_a_number_larger_than_any_machine_word_is_refused_as_any_other(system: System) -> None:
    wish = b'{"role":"reader","area":"VN","x":18446744073709551616}'
    sent = {"content-type": "application/json"}
    assert (await system.front.post("/v1/tokens", content=wish, headers=sent)).status_code == 401
    answer = await system.front.post("/v1/tokens", content=wish, headers={**sent, **system.operator})
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
