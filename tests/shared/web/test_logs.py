"""The logs of a service under use: each problem is found in them by its trace id, and nothing secret ever is."""

from __future__ import annotations

import io
import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shared.runtime.logging import configure
from shared.telemetry.meters import Meters
from shared.testing.apps import Running
from shared.web.edge import Edge
from shared.web.measured import Measured
from tests.shared.web.four import found

SECRET = "lt_" + "geheim" * 5


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("clubs", "serve", stream=stream, level=logging.DEBUG)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_a_token_never_appears_in_the_log_however_it_is_sent(
    clubs: Running, centre: dict[str, str], lines: io.StringIO
) -> None:
    """At the level DEBUG, so that every library that speaks is heard."""
    good = centre["Authorization"].removeprefix("Bearer ")
    issued = await clubs.token("centre")
    for sent in (good, SECRET):
        headers = {"Authorization": f"Bearer {sent}"}
        await clubs.client.post("/v1/commands", json=found(name=f"CLB {uuid.uuid4()}"), headers=headers)
        await clubs.client.post("/v1/commands", json={"type": "x", "data": {"token": sent}}, headers=headers)
        await clubs.client.post("/v1/commands", content=b'{"token": "' + sent.encode(), headers=headers)
        await clubs.client.get(f"/v1/clubs?token={sent}", headers=headers)
        await clubs.client.get(f"/dang-nhap/{sent}", headers={"Cookie": f"session={sent}"})
        logging.getLogger("x").error("with %s", headers, extra={"token": sent, "seen": headers})
    text = lines.getvalue()
    assert text
    for secret in (good, SECRET, issued["Authorization"].removeprefix("Bearer ")):
        assert secret not in text
        assert secret.removeprefix("lt_") not in text


async def test_a_fault_is_found_in_the_log_by_the_trace_id_of_its_answer_and_leaks_nothing_there_either(
    lines: io.StringIO,
) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError(f"cannot connect as {SECRET} with password=geheim")

    app = Measured(Edge(broken), Meters({"serve"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        first, second = await client.get("/a"), await client.get("/b")
    assert first.status_code == second.status_code == 500
    faults = [line for line in written(lines) if "fault" in line["message"]]
    assert [line["trace_id"] for line in faults] == [first.json()["trace_id"], second.json()["trace_id"]]
    assert len({line["trace_id"] for line in faults}) == 2
    assert "RuntimeError" in faults[0]["exception"]
    assert "geheim" not in lines.getvalue()
    assert first.headers["x-trace-id"] == first.json()["trace_id"]
    assert first.json()["instance"] == f"urn:uuid:{uuid.UUID(first.json()['trace_id'])}"


async def test_a_problem_of_one_command_is_under_the_trace_that_the_commands_id_names(
    clubs: Running, centre: dict[str, str]
) -> None:
    key = str(uuid.uuid4())
    wrong = found(founded_on="1024-03-01")
    answer = await clubs.client.post("/v1/commands", json=wrong, headers={**centre, "Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["instance"] == f"urn:uuid:{key}"
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"] == key.replace("-", "")


async def test_refusals_are_counted_by_their_slug_and_requests_by_their_route_never_by_their_path(
    clubs: Running, centre: dict[str, str]
) -> None:
    before = await counted(clubs)
    for number in range(3):
        await clubs.client.get(f"/v1/clubs/club-{number}", headers=centre)
        await clubs.client.get(f"/nowhere/{number}")
        await clubs.client.get("/v1/clubs", headers={"Authorization": f"Bearer lt_{number}{SECRET}"})
    after = await counted(clubs)
    grown = {series: value - before.get(series, 0) for series, value in after.items()}
    assert grown['lienthe_http_requests_total{method="GET",route="/v1/clubs/{club}",status="404"}'] == 3
    assert grown['lienthe_http_requests_total{method="GET",route="none",status="404"}'] == 3
    assert grown['lienthe_refused_total{slug="token-unknown"}'] == 3
    assert not any("/nowhere/" in series or "club-0" in series for series in after)


async def counted(clubs: Running) -> dict[str, float]:
    """Every series with its value, as the text format has them."""
    lines = (await clubs.client.get("/metrics")).text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {series: float(value) for series, value in pairs}
