"""The real system that the browser tests look at: Kafka, four services and the front as processes, and the small country.

A command goes through the front to its service, its log, the relay, Kafka, the ledger of reporting and so onto a page. The
processes get a PATH with nothing in it: what serves pages needs no Node, nor any other program.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from services.clubs.app import SERVICE as CLUBS
from services.monitoring.app import SERVICE as MONITORING
from services.reporting.app import SERVICE as REPORTING
from services.trainings.app import SERVICE as TRAININGS
from shared.kafka import topics
from shared.kernel.services import SERVICES
from shared.local.batches import Tally, open_door
from shared.local.databases import DatabaseUrls, connect
from shared.local.demo.reading import until_read
from shared.local.demo.tokens import write_tokens
from shared.local.layout import front_launch, http, service_launch
from shared.local.process import Child, Launch, free_port
from shared.local.signing import signing_settings
from shared.local.token_files import operator_token
from shared.reference.book import load
from shared.runtime.service import install
from shared.web.tokens import hash_of
from tests.browser import country
from tests.servers import broker


@dataclass(frozen=True)
class System:
    """Where it answers, and the tokens by role: operator, centre, centre-association, province, province-state, commune,
    reader (those below the centre are of Thanh Hóa and of Thiệu Trung)."""

    front: str
    tokens: Mapping[str, str]
    folder: Path
    processes: Sequence[Child]
    """The four services and the front."""

    def client(self, role: str | None = None) -> httpx.AsyncClient:
        """A plain HTTP client at the front address, for a role or for nobody."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        return httpx.AsyncClient(base_url=self.front, headers=headers, timeout=30, trust_env=False)

    async def send(self, role: str, *commands: str) -> Tally:
        """Send commands (JSON texts) as a role and wait until the figures show them; none may be refused."""
        async with open_door(self.front, self.tokens[role]) as door:
            tally = await door.send(commands)
        assert not tally.refused, tally.refused[:3]
        assert await until_read(self.front, tally.heads, lambda _: None)
        return tally


@asynccontextmanager
async def running(folder: Path, postgres: Any) -> AsyncIterator[System]:
    """The system with the country in it. Its broker is its own: the topics of other tests hold other logs."""
    children: list[Child] = []
    async with broker(folder / "kafka", heap_mb=256) as kafka:
        try:
            operator = operator_token(folder)
            urls = await _databases(postgres, hash_of(operator))
            await asyncio.to_thread(topics.apply, kafka.bootstrap)
            ports: dict[str, int] = {}
            for name in (*SERVICES, "front"):
                ports[name] = free_port(besides=list(ports.values()))
            logs = folder / "logs"
            signing = signing_settings(folder, {})
            launches = [
                service_launch(each, logs, bootstrap=kafka.bootstrap, urls=urls[each], ports=ports, signing=signing)
                for each in SERVICES
            ]
            addresses = {name: http(ports[name]) for name in SERVICES}
            launches.append(front_launch(logs, port=ports["front"], service_urls=addresses))
            children += [Child(_without_programs(launch)) for launch in launches]
            front = http(ports["front"])
            await _answers(front, children)
            system = System(front, await write_tokens(front, folder), folder, children)
            await system.send("centre-association", *country.of_clubs())
            await system.send("centre", *country.of_the_state())
            await _views_have(system)
            yield system
        finally:
            await asyncio.gather(*(child.stop() for child in children))


def _without_programs(launch: Launch) -> Launch:
    return replace(launch, env={**(launch.env or {}), "PATH": ""})


async def _databases(postgres: Any, operator: bytes) -> dict[str, DatabaseUrls]:
    """A fresh database with its tables for each service."""
    places = load()
    found: dict[str, DatabaseUrls] = {}
    for service in (CLUBS, TRAININGS, MONITORING, REPORTING):
        urls = found[service.name] = await postgres.database(f"browser_{service.name}")
        owner = await connect(urls.owner)
        try:
            await install(owner, service, places, urls.app_role, operator_hash=operator)
        finally:
            await owner.close()
    return found


async def _answers(front: str, children: Sequence[Child], seconds: float = 100) -> None:
    """Wait until all services say through the front that they are ready."""
    deadline = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=front, timeout=5, trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/ready")).status_code == 200:
                    return
            dead = [f"{each.launch.name}: {each.last_words(20)}" for each in children if each.exit_code() is not None]
            assert not dead, "\n".join(dead)
            assert time.monotonic() < deadline, [each.last_words() for each in children]
            await asyncio.sleep(0.1)


async def _views_have(system: System, seconds: float = 60) -> None:
    """The other services' own views have caught up too."""
    deadline = time.monotonic() + seconds
    async with system.client("centre") as client:
        while True:
            clubs = (await client.get("/v1/clubs")).json().get("clubs", [])
            inspections = (await client.get("/v1/inspections")).json().get("inspections", [])
            rounds = (await client.get("/v1/trainings")).json().get("rounds", [])
            if (len(clubs), len(inspections), len(rounds)) == (len(country.CLUBS), 1, 2):
                return
            assert time.monotonic() < deadline, (clubs, inspections, rounds)
            await asyncio.sleep(0.1)
