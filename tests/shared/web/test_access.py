"""Who may do what: every route passes one check, and roles, sides and areas are held by the dated map of places."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from services.clubs.app import SERVICE as CLUBS
from services.monitoring.app import SERVICE as MONITORING
from services.reporting.app import SERVICE as REPORTING
from services.trainings.app import SERVICE as TRAININGS
from shared.kernel.authority import authorise
from shared.kernel.decider import Jurisdiction
from shared.kernel.errors import Refused
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Principal, Role, Side
from shared.reference.book import load
from shared.runtime.service import Service
from shared.testing.apps import HA_NOI, THANH_HOA, Running, running
from shared.web.access import Anyone, Holder, Operator, access_of, describe, routes_of, routes_without_access
from shared.web.tokens import PREFIX, Tokens, TokenWish, hash_of

THIEU_TRUNG = PlaceRef(code="15835", list="34")
OLD_THANH_HOA = PlaceRef(code="38", list="63")
COMMAND = {
    "type": "clubs.found-club",
    "data": {"name": "CLB", "commune": {"code": "15835", "list": "34"}, "founded_on": "2024-03-01"},
}


@pytest.mark.parametrize("service", [CLUBS, TRAININGS, MONITORING, REPORTING], ids=lambda service: service.name)
async def test_every_route_of_every_service_passes_exactly_one_access_dependency(service: Service, postgres: Any) -> None:
    async with running(service, postgres) as found:
        assert len(list(routes_of(found.app))) >= 9
        assert routes_without_access(found.app) == []
        writing = {describe(route): access_of(route) for route in routes_of(found.app) if "GET" not in (route.methods or ())}
        assert all(access != ("anyone",) for route, access in writing.items() if route != "POST /v1/figures:preview"), writing


def test_a_route_without_access_or_with_two_is_found_however_deep_it_is_included() -> None:
    app, outer, inner = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter(), APIRouter()

    async def good(principal: Holder) -> None: ...

    async def open_(principal: Anyone) -> None: ...

    async def forgotten() -> None: ...

    async def twice(principal: Holder, operator: Operator) -> None: ...

    inner.add_api_route("/forgotten", forgotten)
    inner.add_api_route("/good", good)
    outer.include_router(inner, prefix="/inner")
    outer.add_api_route("/twice", twice, methods=["POST"])
    outer.add_api_route("/open", open_)
    app.include_router(outer, prefix="/v1")
    app.mount("/mounted", FastAPI())
    assert routes_without_access(app) == ["GET /v1/inner/forgotten", "POST /v1/twice", "Mount /mounted"]


def may(role: Role, area: PlaceRef, side: Side, where: Jurisdiction) -> str:
    try:
        authorise(Principal("t-test", role, area, side), where, load())
    except Refused as refused:
        return refused.slug
    return "yes"


HERE = Jurisdiction(THIEU_TRUNG)
PROVINCE = Jurisdiction(THANH_HOA)
NATIONAL = Jurisdiction(NATION, roles=("centre",))
OF_STATE = Jurisdiction(THIEU_TRUNG, side="state")
BOTH = Jurisdiction(THIEU_TRUNG, also=(PlaceRef(code="00004", list="34"),))

MATRIX = [
    ("commune", THIEU_TRUNG, "association", HERE, "yes"),
    ("commune", PlaceRef(code="00004", list="34"), "association", HERE, "not-your-area"),
    ("commune", THIEU_TRUNG, "association", PROVINCE, "not-your-area"),
    ("commune", THIEU_TRUNG, "association", NATIONAL, "not-your-role"),
    ("province", THANH_HOA, "association", HERE, "yes"),
    ("province", OLD_THANH_HOA, "association", HERE, "yes"),
    ("province", HA_NOI, "association", HERE, "not-your-area"),
    ("province", THANH_HOA, "association", NATIONAL, "not-your-role"),
    ("province", THANH_HOA, "association", Jurisdiction(NATION), "not-your-area"),
    ("province", THANH_HOA, "association", OF_STATE, "not-your-side"),
    ("province", THANH_HOA, "state", OF_STATE, "yes"),
    ("province", THANH_HOA, "association", BOTH, "not-your-area"),
    ("centre", NATION, "state", HERE, "yes"),
    ("centre", NATION, "association", NATIONAL, "yes"),
    ("centre", NATION, "association", BOTH, "yes"),
    ("centre", NATION, "association", Jurisdiction(PlaceRef(code="99999", list="34")), "unknown-place"),
    ("operator", NATION, "state", HERE, "not-your-role"),
    ("operator", NATION, "state", NATIONAL, "not-your-role"),
    ("reader", THANH_HOA, "association", HERE, "not-your-role"),
]


@pytest.mark.parametrize(("role", "area", "side", "where", "answer"), MATRIX)
def test_a_role_writes_only_where_and_for_whom_it_belongs(
    role: Role, area: PlaceRef, side: Side, where: Jurisdiction, answer: str
) -> None:
    assert may(role, area, side, where) == answer


def test_a_province_of_today_writes_for_a_commune_named_by_the_old_list() -> None:
    places = load()
    old = next(place for place in places.communes(OLD_THANH_HOA))
    assert may("province", THANH_HOA, "association", Jurisdiction(old)) == "yes"
    assert may("province", HA_NOI, "association", Jurisdiction(old)) == "not-your-area"


ROLES = [("commune", THIEU_TRUNG), ("province", THANH_HOA), ("centre", NATION), ("operator", NATION), ("reader", THANH_HOA)]


@pytest.mark.parametrize(("role", "area"), ROLES, ids=[role for role, _ in ROLES])
async def test_over_http_only_those_who_belong_there_write(clubs: Running, role: Role, area: PlaceRef) -> None:
    token = await clubs.token(role, area)
    before = await clubs.heads()
    answer = await clubs.client.post("/v1/commands", json=COMMAND, headers=token)
    if role in {"commune", "province", "centre"}:
        assert answer.status_code == 201
    else:
        assert (answer.status_code, answer.json()["slug"]) == (403, "not-your-role")
        assert await clubs.heads() == before


async def test_a_token_of_another_area_writes_and_reads_nothing_there(clubs: Running, province: dict[str, str]) -> None:
    club = (await clubs.client.post("/v1/commands", json=COMMAND, headers=province)).json()
    stranger = await clubs.token("province", HA_NOI)
    before = await clubs.heads()
    refused = await clubs.client.post("/v1/commands", json=COMMAND, headers=stranger)
    assert (refused.status_code, refused.json()["slug"]) == (403, "not-your-area")
    report = {
        "type": "clubs.dissolve-club",
        "data": {"club": club["stream"], "dissolved_on": "2025-01-01", "reason": "a"},
    }
    refused = await clubs.client.post("/v1/commands", json=report, headers=stranger)
    assert (refused.status_code, refused.json()["slug"]) == (403, "not-your-area")
    assert await clubs.heads() == before
    event = f"/v1/events/{club['events'][0]['id']}"
    assert (await clubs.client.get(event, headers=stranger)).status_code == 403
    assert (await clubs.client.get(event, headers=province)).json()["stream"] == club["stream"]
    assert (await clubs.client.get("/v1/clubs?place=34:38", headers=stranger)).status_code == 403


GATED = [("GET", "/v1/clubs"), ("POST", "/v1/commands"), ("POST", "/v1/commands:batch"), ("GET", "/v1/tokens"),
         ("GET", "/v1/me"), ("GET", "/v1/events/00000000-0000-0000-0000-000000000000")]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), GATED)
async def test_without_a_valid_token_the_answer_is_401_whatever_is_sent(clubs: Running, method: str, path: str) -> None:
    for header, slug in (
        (None, "token-missing"),
        ("Bearer nonsense", "token-unknown"),
        ("Basic YTpi", "token-malformed"),
        ("Bearer " + "a" * 300, "token-malformed"),
        ("Bearer ", "token-malformed"),
    ):
        answer = await clubs.client.request(method, path, headers={} if header is None else {"Authorization": header})
        assert (answer.status_code, answer.json()["slug"]) == (401, slug)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_wrong_token_is_refused_on_public_routes_too(clubs: Running) -> None:
    assert (await clubs.client.get("/health")).status_code == 200
    assert (await clubs.client.get("/health", headers={"Authorization": "Bearer nonsense"})).status_code == 401


async def test_a_revoked_token_is_refused_from_the_next_request_on(clubs: Running, operator: dict[str, str]) -> None:
    wish = {"role": "province", "area": {"code": "38", "list": "34"}, "side": "state", "label": "thử"}
    issued = await clubs.client.post("/v1/tokens", json=wish, headers=operator)
    assert issued.status_code == 201
    token = {"Authorization": f"Bearer {issued.json()['token']}"}
    assert (await clubs.client.get("/v1/me", headers=token)).json()["area"] == "34:38"
    assert (await clubs.client.delete(f"/v1/tokens/{issued.json()['id']}", headers=token)).status_code == 403
    assert (await clubs.client.delete(f"/v1/tokens/{issued.json()['id']}", headers=operator)).status_code == 200
    answer = await clubs.client.get("/v1/me", headers=token)
    assert (answer.status_code, answer.json()["slug"]) == (401, "token-revoked")
    again = await clubs.client.delete(f"/v1/tokens/{issued.json()['id']}", headers=operator)
    first = await clubs.client.get("/v1/tokens", headers=operator)
    assert again.json()["revoked_at"] in {one["revoked_at"] for one in first.json()["tokens"]}


async def test_an_expired_token_is_refused(clubs: Running) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=400)
    issued = await Tokens(clubs.pool, load()).issue(TokenWish(role="centre", area=NATION, side="state", expires_at=soon))
    token = {"Authorization": f"Bearer {issued.token}"}
    assert (await clubs.client.get("/v1/me", headers=token)).status_code == 200
    await asyncio.sleep(0.5)
    assert (await clubs.client.get("/v1/me", headers=token)).json()["slug"] == "token-expired"


async def test_a_token_is_kept_only_as_its_hash_and_shown_once(clubs: Running, operator: dict[str, str]) -> None:
    wish = {"role": "reader", "area": {"code": "38", "list": "34"}, "side": "state"}
    token: str = (await clubs.client.post("/v1/tokens", json=wish, headers=operator)).json()["token"]
    assert token.startswith(PREFIX)
    assert len(token) > 40
    async with clubs.pool.acquire() as connection:
        rows = await connection.fetch("select t::text as row, hash from access.tokens t")
    assert all(token not in row["row"] for row in rows)
    assert hash_of(token) in {row["hash"] for row in rows}
    assert token not in (await clubs.client.get("/v1/tokens", headers=operator)).text


@pytest.mark.parametrize(
    ("wish", "slug"),
    [
        ({"role": "commune", "area": {"code": "38", "list": "34"}, "side": "state"}, "role-not-of-area"),
        ({"role": "province", "area": {"code": "15835", "list": "34"}, "side": "state"}, "role-not-of-area"),
        ({"role": "centre", "area": {"code": "38", "list": "34"}, "side": "state"}, "role-not-of-area"),
        ({"role": "operator", "area": {"code": "38", "list": "34"}, "side": "state"}, "role-not-of-area"),
        ({"role": "province", "area": {"code": "99", "list": "34"}, "side": "state"}, "unknown-place"),
        ({"role": "king", "area": {"code": "VN", "list": "34"}, "side": "state"}, "unknown-value"),
        ({"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "state", "admin": True}, "unknown-field"),
        ({"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "state", "id": "t-12345678"}, "id-and-hash-together"),
        ({"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "state", "expires_at": "2020-01-01T00:00:00Z"},
         "already-expired"),
    ],
)  # fmt: skip
async def test_a_token_that_makes_no_sense_is_not_issued(
    clubs: Running, operator: dict[str, str], wish: dict[str, Any], slug: str
) -> None:
    answer = await clubs.client.post("/v1/tokens", json=wish, headers=operator)
    assert (answer.status_code, answer.json()["slug"]) == (422, slug)


async def test_the_services_own_role_cannot_delete_or_reassign_tokens(clubs: Running) -> None:
    async with clubs.pool.acquire() as connection:
        for statement in ("delete from access.tokens", "update access.tokens set role = 'operator'", "truncate access.tokens"):
            with pytest.raises(Exception, match="permission denied"):
                await connection.execute(statement)
