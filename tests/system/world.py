"""A whole system of real processes for the fault tests: its own broker, its own database server, a process per role.

A test kills what it likes by its process id and starts it again. The client keeps its own ledger of what was accepted;
what the system should show is computed from that ledger alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from shared.kafka import topics
from shared.local.databases import DatabaseUrls, create_database
from shared.local.kafka import Kafka
from shared.local.postgres import Postgres, new_password
from shared.local.process import Child, Launch, free_port
from shared.local.signing import signing_settings

SERVICES = ("clubs", "trainings", "reporting")
PROCESSES = ("clubs.serve", "clubs.relay", "trainings.all", "reporting.serve", "reporting.project")
"""What is killed by name runs alone in its process; the rest shares one."""
ROOT = Path(__file__).parents[2]


@dataclass
class Accepted:
    """A command that was answered with 2xx: what the client knows to be recorded."""

    type: str
    data: dict[str, Any]
    answer: dict[str, Any]


@dataclass
class World:
    """Servers, databases and role processes; `start(name)` and `kill(name)` by names like `clubs.serve`."""

    folder: Path
    kafka: Kafka
    postgres: Postgres
    environment: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    token: str = ""
    urls: dict[str, DatabaseUrls] = field(default_factory=dict)
    looked_at: dict[str, int] = field(default_factory=dict)
    """By process, the port at which it says how it is."""

    @classmethod
    async def create(cls, folder: Path, settings: Mapping[str, str] | None = None) -> World:
        """`settings`: what the processes are told besides."""
        kafka = Kafka(folder / "kafka", port=free_port(), controller_port=free_port(), heap_mb=384)
        postgres = Postgres(folder / "postgres", port=free_port(), password=new_password(), options={"shared_buffers": "64MB"})
        world = cls(folder, kafka, postgres)
        await asyncio.gather(kafka.start(), postgres.start())
        await asyncio.to_thread(topics.apply, kafka.bootstrap)
        operator = secrets.token_hex(16)
        world.environment = {
            "KAFKA_BOOTSTRAP": kafka.bootstrap,
            "CLB_MODE": "production",
            "PYTHONPATH": str(ROOT),
            **signing_settings(folder / "signing", {}),
            **(settings or {}),
        }
        for service in SERVICES:
            urls = await create_database(
                postgres.admin_url, f"lienthe_{service}", service, owner_password=new_password(), app_password=new_password()
            )
            world.ports[service] = free_port()
            world.urls[service] = urls
            world.environment[f"{service.upper()}_URL"] = world.url(service)
            world.environment[f"{service.upper()}_DATABASE_URL"] = urls.app
            world.environment[f"{service.upper()}_DATABASE_OWNER_URL"] = urls.owner
        digest = hashlib.sha256(operator.encode()).hexdigest()
        await asyncio.gather(*(world.run(f"services.{s}", "migrate", "--operator-token-hash", digest) for s in SERVICES))
        for name in PROCESSES:
            world.start(name)
        await asyncio.gather(*(world.answers(service) for service in SERVICES))
        world.token = await world.issue(operator, {"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "state"})
        return world

    async def close(self) -> None:
        await asyncio.gather(*(child.stop() for child in self.children.values()))
        await asyncio.gather(self.postgres.stop(), self.kafka.stop())

    async def run(self, module: str, *arguments: str) -> str:
        """Run a job to its end; it must succeed."""
        process = await self.begin(module, *arguments)
        out, _ = await process.communicate()
        assert process.returncode == 0, out.decode()[-2000:]
        return out.decode()

    async def begin(self, module: str, *arguments: str) -> asyncio.subprocess.Process:
        """The same, not waited for."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments,
            env={**os.environ, **self.environment}, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    def start(self, name: str, *, crash_at: str | None = None) -> Child:
        """Start a role process such as `clubs.serve`; with `crash_at` it will kill itself at that point."""
        service, role = name.split(".")
        extra: Mapping[str, str] = {"CRASH_AT": crash_at} if crash_at else {}
        serves = role in ("serve", "all")
        port = self.ports[service] if serves else free_port()
        self.looked_at.setdefault(name, port if serves else free_port())
        if not serves:
            extra = {**extra, "CLB_METRICS_PORT": str(self.looked_at[name])}
        launch = Launch(
            name,
            [sys.executable, "-m", f"services.{service}", role],
            self.folder / f"{name}.log",
            env={**self.environment, "CLB_PORT": str(port), **extra},
            cwd=ROOT,
        )
        self.children[name] = Child(launch)
        return self.children[name]

    def kill(self, name: str) -> None:
        """kill -9, and wait until it is gone."""
        self.murder(self.children[name])

    @staticmethod
    def murder(child: Child) -> None:
        """kill -9, and wait until it is gone."""
        os.kill(child.pid, 9)
        while child.exit_code() is None:
            os.sched_yield()

    async def died(self, name: str, seconds: float = 30) -> int:
        """The exit code of a process that is expected to die."""
        async with asyncio.timeout(seconds):
            while (code := self.children[name].exit_code()) is None:
                await asyncio.sleep(0.02)
        return code

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    async def answers(self, service: str, seconds: float = 90) -> None:
        """Wait until a serving process answers."""
        async with httpx.AsyncClient() as client, asyncio.timeout(seconds):
            while True:
                try:
                    if (await client.get(f"{self.url(service)}/health")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]

    async def issue(self, operator: str, wish: dict[str, Any]) -> str:
        """One token, known to all services, as the front address does it."""
        token = f"lt_{secrets.token_urlsafe(24)}"
        body = {**wish, "label": "fault test", "id": "t-faulttest", "hash": hashlib.sha256(token.encode()).hexdigest()}
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {operator}"}) as client:
            for service in SERVICES:
                answer = await client.post(f"{self.url(service)}/v1/tokens", json=body)
                assert answer.status_code == 201, answer.text
        return token

    async def get(self, service: str, path: str) -> Any:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {self.token}"}, timeout=30) as client:
            answer = await client.get(self.url(service) + path)
            assert answer.status_code == 200, answer.text
            return answer.json()

    async def rows(self, service: str, query: str) -> list[Any]:
        connection = await asyncpg.connect(self.urls[service].app)
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()

    async def value(self, service: str, query: str) -> Any:
        return (await self.rows(service, query))[0][0]

    async def command(self, type: str, data: dict[str, Any], *, key: str | None = None, seconds: float = 60) -> dict[str, Any]:
        """Send a command with one key until it is answered, whatever dies in between, and keep what was accepted."""
        key = key or str(uuid.uuid4())
        service = type.split(".", maxsplit=1)[0]
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        async with httpx.AsyncClient(headers=headers, timeout=10) as client, asyncio.timeout(seconds):
            while True:
                try:
                    answer = await client.post(f"{self.url(service)}/v1/commands", json={"type": type, "data": data})
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                    continue
                if answer.status_code < 300:
                    self.accepted.append(Accepted(type, data, answer.json()))
                    return answer.json()
                assert answer.status_code in (500, 502, 503, 504), answer.text
                await asyncio.sleep(0.05)

    async def ready(self, name: str) -> dict[str, Any]:
        """What a process says of itself, part by part; without parts if it says nothing."""
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                return (await client.get(f"http://127.0.0.1:{self.looked_at[name]}/ready")).json()
        except (httpx.HTTPError, ValueError):
            return {"ready": False}

    async def ledger(self) -> str:
        """The schema of the national view that is live."""
        build = await self.value("reporting", "select build from projection.builds where view = 'figures' and state = 'live'")
        return f"figures_v{build}"

    async def recorded(self) -> dict[str, int]:
        """How many events each log holds, read from the databases."""
        return {service: await self.value(service, "select count(*) from log.events") for service in SERVICES}
