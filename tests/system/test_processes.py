"""Services and the front as real processes on a real Kafka and Postgres: roles, drain, streams, and the hops of one event."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from shared.kafka.find import find
from shared.local.databases import DatabaseUrls
from shared.local.process import Child, Launch, free_port
from shared.local.signing import signing_settings
from shared.web.tokens import hash_of

ROOT = Path(__file__).parents[2]
OPERATOR = "lt_operator-of-these-processes"
FOUND = {
    "type": "clubs.found-club",
    "data": {"name": "CLB", "commune": {"code": "15835", "list": "34"}, "founded_on": "2024-03-01"},
}


class Processes:
    """Starts processes, remembers them, and ends them all."""

    def __init__(self, folder: Path, bootstrap: str, postgres: Any) -> None:
        self.folder = folder
        self.bootstrap = bootstrap
        self.postgres = postgres
        self.urls: dict[str, DatabaseUrls] = {}
        self.children: list[Child] = []
        self.signing = signing_settings(folder, {})

    async def migrated(self, service: str) -> None:
        self.urls[service] = await self.postgres.database(service)
        child = self.start(service, "migrate", "--operator-token-hash", hash_of(OPERATOR).hex(), owner=True)
        assert await asyncio.wait_for(child.finished(), 60) == 0, child.last_words()

    def start(self, service: str, role: str, *more: str, port: int = 0, owner: bool = False) -> Child:
        urls, name = self.urls[service], service.upper()
        env = {
            **self.signing,
            f"{name}_DATABASE_URL": urls.app,
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "CLB_PORT": str(port or free_port()),
        }
        if owner:
            env[f"{name}_DATABASE_OWNER_URL"] = urls.owner
        return self.run([sys.executable, "-m", f"services.{service}", role, *more], env)

    def front(self, port: int, services: dict[str, int]) -> Child:
        env = {f"{name.upper()}_URL": f"http://127.0.0.1:{at}" for name, at in services.items()}
        return self.run([sys.executable, "-m", "shared.web.front"], {**env, "CLB_PORT": str(port)})

    def run(self, argv: list[str], env: dict[str, str]) -> Child:
        log = self.folder / f"{len(self.children)}.log"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        child = Child(Launch(" ".join(argv[2:]), argv, log, {**inherited, **env, "PYTHONPATH": str(ROOT)}, cwd=ROOT))
        self.children.append(child)
        return child


async def until(true: Callable[[], Any], seconds: float = 45) -> Any:
    """What the question answers when it first is true."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if answer := await true():
                return answer
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def client_of(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=20)


async def centre(client: httpx.AsyncClient) -> dict[str, str]:
    wish = {"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "state"}
    return {"Authorization": f"Bearer {(await client.post('/v1/tokens', json=wish)).json()['token']}"}


async def alive(client: httpx.AsyncClient, path: str = "/health") -> bool:
    return (await client.get(path)).status_code == 200


async def test_a_service_without_its_tables_or_settings_says_so_in_one_sentence_and_ends(processes: Processes) -> None:
    processes.urls["clubs"] = await processes.postgres.database("clubs")
    unmigrated = processes.start("clubs", "serve")
    unset = processes.run([sys.executable, "-m", "services.clubs", "serve"], {})
    processes.signing = {}
    unsigned, blind = processes.start("clubs", "relay"), processes.start("clubs", "project")
    for child, words in (
        (unmigrated, "python -m services.clubs migrate"),
        (unset, "KAFKA_BOOTSTRAP"),
        (unsigned, "make a key by ./clb checkpoint key FILE"),
        (blind, "CLB_PUBLIC_KEY"),
    ):
        assert await asyncio.wait_for(child.finished(), 60) == 1
        assert words in child.last_words()
        assert "Traceback" not in child.last_words(50)


async def test_each_role_of_a_service_runs_in_a_process_of_its_own(processes: Processes) -> None:
    await processes.migrated("clubs")
    port = free_port()
    serve = processes.start("clubs", "serve", port=port)
    async with client_of(port) as client:
        await until(lambda: alive(client))
        token = await centre(client)
        answer = (await client.post("/v1/commands", json=FOUND, headers=token)).json()
        event = answer["events"][0]["id"]
        stands = (await client.get(f"/v1/events/{event}", headers=token)).json()
        assert (stands["relayed"], stands["position"]) == (False, answer["position"])
        assert (await client.get("/v1/clubs", headers=token)).json()["clubs"] == []

        relay, project = processes.start("clubs", "relay"), processes.start("clubs", "project")
        await until(lambda: relayed(client, event, token))
        record = await asyncio.to_thread(
            find, processes.bootstrap, stands["topic"], stands["partition"], event, stands["position"]
        )
        assert record is not None
        assert record.hash == stands["hash"]
        clubs = await until(lambda: listed(client, token))
        assert [club["club"] for club in clubs] == [answer["stream"]]

    for child in (serve, relay, project):
        os.kill(child.pid, signal.SIGTERM)
    assert await asyncio.gather(*(asyncio.wait_for(child.finished(), 30) for child in (serve, relay, project))) == [0, 0, 0]


async def relayed(client: httpx.AsyncClient, event: str, token: dict[str, str]) -> bool:
    return (await client.get(f"/v1/events/{event}", headers=token)).json()["relayed"]


async def listed(client: httpx.AsyncClient, token: dict[str, str]) -> list[Any]:
    return (await client.get("/v1/clubs", headers=token)).json()["clubs"]


async def test_a_service_that_is_told_to_stop_answers_what_it_has_in_hand(processes: Processes) -> None:
    await processes.migrated("clubs")
    port = free_port()
    child = processes.start("clubs", "all", port=port)
    answered: list[httpx.Response] = []
    async with client_of(port) as client:
        await until(lambda: alive(client))
        token = await centre(client)

        async def write() -> None:
            while True:
                try:
                    answered.append(await client.post("/v1/commands", json=FOUND, headers=token))
                except httpx.ConnectError:
                    return
                except httpx.TransportError:  # an idle connection was closed under us: counted below as not recorded
                    continue

        writers = [asyncio.create_task(write()) for _ in range(8)]
        await asyncio.sleep(1)
        os.kill(child.pid, signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*writers), 30)
        assert await asyncio.wait_for(child.finished(), 30) == 0
        assert {answer.status_code for answer in answered} == {201}

        again = processes.start("clubs", "serve", port=port)
        await until(lambda: alive(client))
        recorded = (await client.get("/ready")).json()["parts"]["log"]["position"]
        assert recorded == len(answered)
        assert again.exit_code() is None


async def test_through_the_front_a_stream_is_not_held_back_and_a_dead_service_is_named(processes: Processes) -> None:
    for service in ("clubs", "reporting"):
        await processes.migrated(service)
    ports = {name: free_port() for name in ("clubs", "trainings", "monitoring", "reporting")}
    clubs = processes.start("clubs", "all", port=ports["clubs"])
    processes.start("reporting", "all", port=ports["reporting"])
    address = free_port()
    processes.front(address, ports)
    async with client_of(address) as front, client_of(ports["clubs"]) as inner:
        for path in ("/health", "/clubs/health", "/reporting/health"):
            await until(lambda path=path: alive(front, path))
        token = await centre(inner)
        async with front.stream("GET", "/v1/stream") as stream:
            lines = stream.aiter_lines()
            assert (await asyncio.wait_for(anext(lines), 10)).startswith("retry")
            assert (await front.post("/v1/commands", json=FOUND, headers=token)).status_code == 201
            began = time.monotonic()
            async with asyncio.timeout(20):
                async for line in lines:
                    if line.startswith("data:") and "clubs.club-founded" in line:
                        break
            assert time.monotonic() - began < 10

        os.kill(clubs.pid, signal.SIGKILL)
        await clubs.finished()
        answer = await front.post("/v1/commands", json=FOUND, headers=token)
        assert (answer.status_code, answer.json()["slug"]) == (503, "service-down")
        assert "clubs" in answer.json()["detail"]
        assert (await front.get("/reporting/health")).status_code == 200


DECLARED = {
    "type": "reporting.declare-figure",
    "data": {
        "metric": "members_total", "area": {"code": "VN", "list": "34"}, "value": "456470", "unit": "people",
        "basis": "declared", "date_as_printed": "2023", "source": "báo cáo",
    },
}  # fmt: skip


async def test_a_rebuilt_view_shows_its_certificate_and_goes_on(processes: Processes) -> None:
    await processes.migrated("reporting")
    port = free_port()
    processes.start("reporting", "all", port=port)
    async with client_of(port) as client:
        await until(lambda: alive(client))
        token = await centre(client)
        answer = (await client.post("/v1/commands", json=DECLARED, headers=token)).json()
        await until(lambda: passed(client, answer))
        assert (await client.get("/v1/projections/figures/certificate")).json()["slug"] == "no-certificate"

        job = processes.start("reporting", "views", "rebuild", "figures", "--workers", "2", owner=True)
        assert await asyncio.wait_for(job.finished(), 60) == 0, job.last_words()
        proof = (await client.get("/v1/projections/figures/certificate")).json()
        assert proof["positions"] == {"reporting": {str(answer["lane"]): 1}}
        assert proof["compared"]["equal"]
        assert proof["sha256"] in job.last_words(50)
        assert proof["sha256"] in (await client.get("/nguon", headers={"accept": "text/html"})).text
        listed = (await client.get("/v1/projections")).json()["builds"]
        assert {build["build"]: build["state"] for build in listed} == {proof["build"]: "live", proof["build"] - 1: "kept"}

        again = {**DECLARED, "data": {**DECLARED["data"], "value": "456471"}}
        corrected = (await client.post("/v1/commands", json=again, headers=token)).json()
        await until(lambda: passed(client, corrected))
        read = (await client.get("/ready")).json()["parts"]["log"]["read"]
        assert {view: sum(sources.values()) for view, sources in read.items()} == {f"figures_v{proof['build']}": 2}

        job = processes.start("reporting", "views", "rollback", "figures", owner=True)
        assert await asyncio.wait_for(job.finished(), 60) == 0, job.last_words()
        assert f"live is build: figures {proof['build'] - 1}" in job.last_words(50)
        job = processes.start("reporting", "views", "list", owner=True)
        assert await asyncio.wait_for(job.finished(), 60) == 0, job.last_words()
        told = {line.split()[1]: line for line in job.last_words(50).splitlines() if line.startswith("figures")}
        live, kept = told[str(proof["build"] - 1)], told[str(proof["build"])]
        assert (live.split()[2], kept.split()[2]) == ("live", "kept")
        assert "live since" in live
        assert "made" in kept


async def passed(client: httpx.AsyncClient, answer: dict[str, Any]) -> bool:
    where = f"{answer['source']}:{answer['lane']}:{answer['position']}"
    return (await client.get("/v1/positions", params={"wait": where, "seconds": 1})).json()["reached"]
