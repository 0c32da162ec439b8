"""The outermost layer: faults answer with an id and nothing else, every answer has the headers that keep a browser safe."""

from __future__ import annotations

import logging
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.clubs.app import SERVICE
from shared.testing.apps import Running, running
from shared.web.edge import SECURITY_HEADERS, Edge
from shared.web.problems import install_problems


def app_that(raises: BaseException) -> httpx.AsyncClient:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    install_problems(app)

    @app.get("/now")
    async def now() -> None:
        raise raises

    app.add_middleware(Edge)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://app")


async def test_an_unexpected_fault_is_answered_with_an_id_that_the_log_has_and_no_word_of_the_inside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = app_that(RuntimeError("select password from secrets at db.internal"))
    with caplog.at_level(logging.ERROR):
        answer = await client.get("/now")
    assert (answer.status_code, answer.json()["slug"]) == (500, "internal-fault")
    assert answer.headers["content-type"] == "application/problem+json"
    for word in ("password", "RuntimeError", "Traceback", "db.internal", ".py"):
        assert word not in answer.text
    (fault,) = [record.args[0] for record in caplog.records if record.name == "shared.web.problems"]
    assert str(fault) in answer.json()["detail"]
    assert str(fault) in answer.json()["detail_en"]
    assert "password" in caplog.text


@pytest.mark.parametrize("away", [ConnectionRefusedError(), asyncpg.ConnectionDoesNotExistError("x"), TimeoutError()])
async def test_a_database_that_is_away_is_503_and_worth_another_try(away: Exception) -> None:
    answer = await app_that(away).get("/now")
    assert (answer.status_code, answer.json()["slug"]) == (503, "database-unavailable")
    assert answer.headers["retry-after"]


async def test_every_answer_has_the_security_headers(clubs: Running, province: dict[str, str]) -> None:
    for answer in (
        await clubs.client.get("/health"),
        await clubs.client.get("/v1/nothing"),
        await clubs.client.get("/v1/clubs", headers=province),
        await clubs.client.post("/v1/commands", content=b"a" * (2 << 20), headers=province),
        await app_that(RuntimeError()).get("/now"),
    ):
        for name, value in SECURITY_HEADERS:
            assert answer.headers[name.decode()] == value.decode()
        assert "server" not in answer.headers


async def test_the_openapi_document_describes_every_command_and_resolves(clubs: Running) -> None:
    document = (await clubs.client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    names = {one["properties"]["type"]["const"] for one in schemas["Command"]["oneOf"]}
    assert {"clubs.found-club", "clubs.report-members", "clubs.report-month", "clubs.dissolve-club"} <= names

    def refs(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(refs(inner) for inner in value.values()))
        return set().union(*(refs(inner) for inner in value)) if isinstance(value, list) else set()

    assert {ref.removeprefix("#/components/schemas/") for ref in refs(document)} <= set(schemas)
    assert all("default" in operation["responses"] for path in document["paths"].values() for operation in path.values())


async def test_ready_and_metrics_say_how_it_goes(clubs: Running) -> None:
    ready = await clubs.client.get("/ready")
    assert ready.status_code == 200
    assert ready.json()["parts"]["database"]["ok"]
    metrics = (await clubs.client.get("/metrics")).text
    assert 'lienthe_http_requests_total{method="GET",route="/ready",status="200"}' in metrics


async def test_ready_says_that_commands_cannot_be_stored_until_one_was(postgres: Any) -> None:
    """The database can be read all the while; nothing but the right to write is taken away."""
    async with running(SERVICE, postgres) as service:
        headers = await service.token("centre")
        data = {"name": "CLB", "commune": {"code": "15835", "list": "34"}, "founded_on": "2024-03-01"}

        async def sent() -> int:
            answer = await service.client.post("/v1/commands", json={"type": "clubs.found-club", "data": data}, headers=headers)
            return answer.status_code

        async def log() -> tuple[int, bool]:
            answer = await service.client.get("/ready")
            return answer.status_code, answer.json()["parts"]["log"]["ok"]

        async with service.pool.acquire() as connection:
            database, role = await connection.fetchrow("select current_database()::text, current_user::text")
        administrator: Any = await asyncpg.connect(postgres.admin_url, database=database)
        try:
            assert await log() == (200, True)
            await administrator.execute(f"revoke execute on all functions in schema log from public, {role}")
            assert await sent() == 503
            assert await log() == (503, False)
            await administrator.execute(f"grant execute on all functions in schema log to {role}")
            assert await log() == (503, False)
            assert await sent() == 201
            assert await log() == (200, True)
        finally:
            await administrator.close()
