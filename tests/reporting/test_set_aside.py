"""Records that no reader believed can be listed and read, on the page, over HTTP and by `clb`; a log answers for its hashes.

The service is the real one on a real database; what a stranger wrote is put where the fold would have put it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.reporting.app import SERVICE
from shared.eventlog.links import links_at
from shared.eventlog.marks import Finding
from shared.kernel.place import NATION, PlaceRef
from shared.local.process import free_port
from shared.projections.record import NotAnswered
from shared.relay import verifications
from shared.relay.verification import Report
from shared.runtime.operations import Server
from shared.testing.apps import THANH_HOA, Running, running
from shared.testing.folding import apply_batch
from shared.web.front import create_front
from shared.web.log_client import RemoteLog
from shared.web.upstream import Upstreams
from tests.reporting.country import VIEW, small_country
from tests.shared.clb import clb

EVIL = "a reason \x1b[2J\u202e of a stranger's <script>"
VALUE = b'\x1b]0;evil\x07 {"name": \xff}'


@pytest.fixture(scope="module")
async def service(postgres: Any) -> AsyncIterator[Running]:
    """Two records at one position of a lane of clubs, and one that says nothing. Its services are itself."""
    upstreams = Upstreams({})
    async with running(SERVICE, postgres, services=upstreams) as found:
        upstreams._clients = upstreams._streams = {"reporting": found.client}
        async with found.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in small_country()])
            await connection.executemany(
                """insert into projection.set_aside (topic, partition, kafka_offset, kind, reason, source, lane, position, hash,
                    stands_hash, stands_offset, key, value, header_names, header_values)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
                [
                    ("clubs.events", 1, 17, "fork", EVIL, "clubs", 7, 3, bytes([1]) * 32, bytes([2]) * 32, 5, b"club-1", VALUE,
                     ["ce_id", "x"], [b"1", None]),
                    ("clubs.events", 2, 4, "unroutable", "nothing", *[None] * 3, None, None, None, None, None, [], []),
                ],
            )  # fmt: skip
        yield found


@pytest.mark.parametrize(("role", "area"), [("reader", NATION), ("province", THANH_HOA), ("centre", NATION)])
async def test_who_is_no_operator_sees_no_record(service: Running, role: Any, area: PlaceRef) -> None:
    header = await service.token(role, area)
    for path in ("/v1/set-aside", "/v1/set-aside/clubs.events/1/17"):
        assert (await service.client.get(path, headers=header)).status_code == 403
        assert (await service.client.get(path)).status_code == 401


async def test_an_operator_lists_and_reads_both_records_of_a_fork(service: Running) -> None:
    header = await service.token("operator")
    listed = (await service.client.get("/v1/set-aside", headers=header)).json()
    assert listed["counts"] == {"unlinked": 0, "fork": 1, "ruled-out": 0, "beyond": 0, "unroutable": 1}
    assert {(each["kind"], each["kafka_offset"]) for each in listed["records"]} == {("fork", 17), ("unroutable", 4)}
    only = (await service.client.get("/v1/set-aside", params={"source": "trainings"}, headers=header)).json()
    assert only["records"] == []
    shown = (await service.client.get("/v1/set-aside/clubs.events/1/17", headers=header)).json()
    assert (shown["hash"], shown["stands_hash"], shown["stands_offset"]) == ("01" * 32, "02" * 32, 5)
    assert (base64.b64decode(shown["value"]), shown["text"], shown["headers"]) == (VALUE, None, [["ce_id", "1"], ["x", None]])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/set-aside/clubs.events/1/99", 404),
        ("/v1/set-aside/nothing/1/17", 404),
        ("/v1/set-aside/clubs.events/1/99999999999999999999", 422),
        ("/v1/set-aside/clubs.events/x/1", 422),
    ],
)
async def test_what_was_not_set_aside_is_said_in_a_sentence(service: Running, path: str, status: int) -> None:
    answer = await service.client.get(path, headers=await service.token("operator"))
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)


async def test_the_page_of_sources_shows_both_records_and_what_to_do_and_reasons_to_operators_alone(service: Running) -> None:
    public = (await service.client.get("/nguon?lang=vi", headers={"accept": "text/html"})).text
    assert "Bản ghi không được tin: 2" in public
    for shown in (
        "clubs:7:3",
        "clubs.events/1@17",
        "clubs.events/1@5",
        "0101010101010101…",
        "0202020202020202…",
        "clb recover",
    ):
        assert shown in public, shown
    assert "of a stranger" not in public
    seen = (await service.client.get("/nguon?lang=vi", headers={"accept": "text/html", **await service.token("operator")})).text
    assert r"a reason \x1b[2J\u202e of a stranger" in seen
    assert "<script>" not in seen.partition("of a stranger")[2][:20]
    english = (await service.client.get("/nguon?lang=en", headers={"accept": "text/html"})).text
    assert "Two records follow at one position" in english


async def test_the_page_says_what_the_last_verification_found_and_what_to_do(service: Running) -> None:
    """The first is sound and of long ago: that nobody has looked since is said too."""
    now = datetime.now(UTC)
    for report, at, said, lines in (
        (Report("reporting", rows=6, read=6), now - timedelta(days=3), "nguyên vẹn", 1),
        (Report("reporting", rows=6, read=6), now, "nguyên vẹn", 0),
        (Report("reporting", findings=[Finding(1, 2, 2, "chain", "v", "e", "figure-1")]), now, "1 chỗ sai", 1),
    ):
        async with service.pool.acquire() as connection:
            await verifications.keep(connection, report, at, at, whole=True, proved=None)
        page = (await service.client.get("/nguon?lang=vi", headers={"accept": "text/html"})).text
        assert said in page
        assert ("./clb verify --source reporting" in page) == (not report.sound)
        ready = (await service.client.get("/ready")).json()
        told = [line for line in ready["degraded"] if "clb verify" in line]
        assert len(told) == lines
        assert ready["parts"]["verification"]["sound"] == report.sound


async def test_the_page_never_calls_equal_to_the_record_what_was_not_compared(service: Running) -> None:
    compared = {"build": 1, "sha256": "0" * 64, "same": True, "equal": False, "spoiled": []}
    proof: dict[str, Any] = {
        "build": 2, "made_at": "2026-06-01T00:00:00+00:00", "events": 3, "sha256": "0" * 64, "positions": {"clubs": {"1": 3}},
        "parked": {"events": 0}, "stands_on": {}, "compared": compared,
    }  # fmt: skip
    for record, said, page_says in (
        ("not-compared", {"state": "not-compared", "why": {"vi": "không trả lời", "en": "-"}}, "chưa so hết với các nhật ký"),
        ("differs", {"state": "differs", "why": {"vi": "clubs.events/1@7: vị trí 3", "en": "-"}}, "khác nhật ký"),
        ("equal", {"state": "equal", "events": 3}, "bằng chính các nhật ký"),
    ):
        kept = json.dumps({**proof, "record": record, "logs": {"clubs": said}})
        async with service.pool.acquire() as connection:
            await connection.execute("update projection.builds set certificate = $1 where view = 'figures'", kept)
        page = (await service.client.get("/nguon?lang=vi", headers={"accept": "text/html"})).text
        assert page_says in page
        assert ("bằng chính các nhật ký" in page) == (record == "equal")
        assert said.get("why", {}).get("vi", "") in page


async def test_a_log_answers_for_its_heads_and_for_the_hash_at_any_position(service: Running) -> None:
    heads = (await service.client.get("/v1/log/heads")).json()
    async with service.pool.acquire() as connection:
        meta = await connection.fetchrow("select deployment, log_id::text as log from log.meta")
        own = await links_at(connection, [(3, 0), (3, 1)])
    assert (heads["source"], heads["deployment"], heads["log"]) == ("reporting", meta["deployment"], meta["log"])
    assert [head["lane"] for head in heads["heads"]] == [*range(64)]
    links = (await service.client.get("/v1/log/links?at=3:0,3:1")).json()["links"]
    assert [link["hash"] for link in links] == [own.hashes[3, 0].hex(), None]
    assert links[0]["hash"] == heads["heads"][3]["hash"], "an empty lane's head is its beginning"
    for wrong in ("", "3", "64:1", "3:x", "3:1,", "3:-1", ",".join(["1:1"] * 129)):
        assert (await service.client.get("/v1/log/links", params={"at": wrong})).status_code == 422, wrong


async def test_a_service_asked_by_another_answers_for_its_own_log_alone(service: Running) -> None:
    upstreams = Upstreams({"reporting": service.client, "clubs": service.client})
    async with service.pool.acquire() as connection:
        own = await links_at(connection, [(lane, 0) for lane in range(64)])
    assert await RemoteLog(upstreams, "reporting").links([*own.hashes]) == own
    with pytest.raises(NotAnswered, match="the service clubs does not answer"):
        await RemoteLog(upstreams, "clubs").links([(1, 1)])


async def test_clb_lists_and_shows_a_record_and_gives_a_terminal_no_orders(service: Running) -> None:
    port = free_port()
    names = ("clubs", "trainings", "monitoring", "reporting")
    app = create_front({name: service.client if name != "clubs" else _nobody() for name in names})
    server = Server(app, "127.0.0.1", port)
    serving = asyncio.create_task(server.serve())
    token = (await service.token("operator"))["Authorization"].removeprefix("Bearer ")
    reach = {"CLB_URL": f"http://127.0.0.1:{port}", "CLB_TOKEN": token}
    try:
        while not server.started:
            await asyncio.sleep(0.05)
        code, said = await clb("set-aside", "list", **reach)
        shown = await clb("set-aside", "show", "clubs.events/1@17", **reach)
        missing = await clb("set-aside", "show", "clubs.events/1@18", **reach)
        as_json = await clb("set-aside", "list", "--json", **reach)
    finally:
        await server.stop()
        await serving
    assert code == 0
    assert "The service clubs does not answer" in said
    assert "fork (1): Two records follow at one position" in said
    assert "clubs.events/1@17" in said
    assert "clubs:7:3" in said
    assert "seen by trainings, monitoring, reporting" in said
    assert shown[0] == 0
    for text in (said, shown[1]):
        assert not any(order in text for order in ("\x1b", "\x07", "\u202e"))
        assert r"a reason \x1b[2J\u202e of a stranger's" in text
    assert f"base64 {base64.b64encode(VALUE).decode()}" in shown[1]
    assert f"{'02' * 32} (clubs.events/1@5)" in shown[1]
    assert (missing[0], "No record at this place was set aside" in missing[1]) == (1, True)
    assert {each["kafka_offset"] for each in json.loads(as_json[1].partition("[")[1] + as_json[1].partition("[")[2])} == {17, 4}


def _nobody() -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url="http://127.0.0.1:9", trust_env=False)
