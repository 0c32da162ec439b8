"""The whole system on one machine without Docker: Kafka, PostgreSQL, four services and the front address.

Guarantees that `start` returns when every process answers, that a second start keeps the data, and that `stop` ends all
that was started, also when the start failed half way. External servers are used when `KAFKA_BOOTSTRAP` or a service's
`*_DATABASE_URL` is set. Refuses, in a sentence, whatever is missing or in the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from shared.kafka import topics
from shared.kernel.services import SERVICES
from shared.local.databases import DatabaseUrls, connect, create_database
from shared.local.failures import did_not_start, step_failed
from shared.local.folders import require_space
from shared.local.kafka import Kafka
from shared.local.layout import (
    FRONT_PORT,
    HOST,
    choose_front_port,
    choose_ports,
    code_digest,
    front_launch,
    http,
    migrate_launch,
    service_launch,
)
from shared.local.postgres import Postgres
from shared.local.process import Child
from shared.local.reach import given_urls
from shared.local.signing import signing_settings
from shared.local.state import DataDir, Kind, Phase, Remembered, Snapshot
from shared.local.supervisor import Say, Supervisor
from shared.local.together import together
from shared.local.token_files import operator_token
from shared.web.tokens import hash_of

SERVER, SERVICE, FRONT = 0, 1, 2
READY_SECONDS = 120.0


def needs_a_person(ready: Mapping[str, Any]) -> list[str]:
    """What keeps a process from being ready and no waiting will change: a log that is behind, a view that is red. It is up."""
    services: list[Any] = list(ready.get("services", {}).values()) or [ready]
    parts = [service.get("parts", {}) for service in services]
    if not all(parts):
        return []
    closed = [each["log"] for each in parts if each.get("log", {}).get("closed")]
    red = [each["projections"] for each in parts if each.get("projections", {}).get("red")]
    return [str(part.get("why", "")) for part in (*closed, *red)]


class Stack:
    """The running system of one data directory."""

    def __init__(self, path: Path, say: Say, *, front_port: int | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self.data = DataDir(path)
        self.supervisor = Supervisor(say, self._publish)
        self._say = say
        self._environ = environ
        self._front_port = front_port
        self._logs = path / "logs"
        self._phase: Phase = "starting"
        self._remembered = Remembered()
        self._ports: dict[str, int] = {}
        self._services: dict[str, str] = {}
        self._watching: asyncio.Task[None] | None = None
        self._urls: dict[str, DatabaseUrls] = {}
        self._bootstrap = ""

    @property
    def front(self) -> str:
        """The one address."""
        return http(self._ports["front"])

    @property
    def kind(self) -> Kind:
        """What the databases hold."""
        return self._remembered.kind

    async def start(self, *, demo: bool = False) -> None:
        """Start everything that is missing and wait until it answers. `demo` makes new databases simulated ones."""
        self.data.own()
        require_space(self.data.path, 300_000_000)
        self._remembered = self.data.remembered()
        choose_front_port(self._remembered, self._front_port)
        front = self._front_port or self._remembered.ports.get("front", FRONT_PORT)
        self._ports = {**choose_ports(self._remembered), "front": front}
        self._services = {name: http(self._ports[name]) for name in SERVICES}
        if self._remembered.kind == "new":
            self._remembered.kind = "demo-loading" if demo else "real"
        self._keep()
        self._publish()
        await together(self._kafka_with_topics(), self._postgres_with_tables())
        signing = signing_settings(self.data.path, self._environ)
        for name in SERVICES:
            launch = service_launch(
                name, self._logs, bootstrap=self._bootstrap, urls=self._urls[name], ports=self._ports, signing=signing
            )
            self.supervisor.adopt(Child(launch), role="all", address=self._services[name], tier=SERVICE)
        self._start_front()
        self._watching = asyncio.create_task(self.supervisor.watch())
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            await together(*(self._answers(client, name) for name in (*SERVICES, "front")))
        self._phase = "ready"
        self._publish()

    async def keep(self) -> None:
        """Restart what dies, until cancelled."""
        if self._watching is not None:
            await self._watching

    async def stop(self) -> None:
        """Stop all that was started, the front first, the servers last; give the directory back."""
        self._phase = "stopping"
        if self._watching is not None:
            self._watching.cancel()
        await self.supervisor.stop()
        self.data.disown()

    async def loaded(self) -> None:
        """The demo is in: from now on the clock of these databases is the real one."""
        for urls in self._urls.values():
            connection = await connect(urls.owner)
            try:
                await connection.execute("select log.end_simulation()")
            finally:
                await connection.close()
        self._remembered.kind = "demo"
        self._keep()

    async def _kafka_with_topics(self) -> None:
        await self._start_kafka()
        for done in await asyncio.to_thread(topics.apply, self._bootstrap):
            self._say(f"Kafka: {done}")

    async def _postgres_with_tables(self) -> None:
        await self._start_postgres()
        await self._migrate()

    async def _start_kafka(self) -> None:
        if given := self._environ.get("KAFKA_BOOTSTRAP"):
            self._bootstrap = given
            self.supervisor.use("kafka", "broker", given)
            return
        port, controller_port = self._ports["kafka"], self._ports["kafka-controller"]
        folder = self.data.path / "kafka"
        kafka = Kafka(folder, port=port, controller_port=controller_port, short_lived=True, say=self._say)
        self._say("Kafka: khởi động / starting")
        child = await kafka.start()
        self._bootstrap = kafka.bootstrap
        # A wiped folder of Kafka is made anew: the logs are in the databases. Never so for PostgreSQL: empty databases under
        # running services would be the very thing that must not happen unseen.
        self.supervisor.adopt(child, role="broker", address=kafka.bootstrap, tier=SERVER, care=kafka)
        self._say(f"Kafka {kafka.bootstrap} (pid {child.pid})")

    async def _start_postgres(self) -> None:
        external = {name: urls for name in SERVICES if (urls := given_urls(name, self._environ))}
        for name, urls in external.items():
            parts = urlsplit(urls.app)
            self.supervisor.use(f"postgres {name}", "database", f"{parts.hostname}:{parts.port or 5432}{parts.path}")
            self._urls[name] = urls
        missing = [name for name in SERVICES if name not in external]
        if not missing:
            return
        password = self._remembered.password("postgres")
        self._keep()
        server = Postgres(self.data.path / "postgres", port=self._ports["postgres"], password=password)
        self._say("PostgreSQL: khởi động / starting")
        child = await server.start(self._say)
        self.supervisor.adopt(child, role="database", address=f"{HOST}:{self._ports['postgres']}", tier=SERVER)
        self._say(f"PostgreSQL {HOST}:{self._ports['postgres']} (pid {child.pid})")
        for name in missing:
            self._urls[name] = await create_database(
                server.admin_url,
                f"lienthe_{name}",
                name,
                owner_password=self._remembered.password(f"{name}_owner"),
                app_password=self._remembered.password(name),
            )
        self._keep()

    async def _migrate(self) -> None:
        by = await asyncio.to_thread(code_digest, operator_token(self.data.path), [self._urls[name].owner for name in SERVICES])
        if by == self._remembered.tables_by:
            return
        self._say("Cơ sở dữ liệu: tạo bảng / databases: making tables")
        simulated = self._remembered.kind == "demo-loading"
        await together(*(self._migrate_one(name, simulated=simulated) for name in SERVICES if self._urls[name].owner))
        self._remembered.tables_by = by
        self._keep()

    async def _migrate_one(self, name: str, *, simulated: bool) -> None:
        hashed = hash_of(operator_token(self.data.path)).hex()
        launch = migrate_launch(name, self._logs, urls=self._urls[name], operator_hash=hashed, simulated=simulated)
        launch.log.unlink(missing_ok=True)
        child = Child(launch)
        try:
            code = await child.finished()
        finally:
            child.stop_now()
        if code != 0:
            raise step_failed(launch.name, launch.log, child.last_words())

    def _start_front(self) -> None:
        wanted = self._front_port or self._remembered.ports["front"]
        self._ports["front"] = taken = choose_front_port(self._remembered, self._front_port)
        if taken != wanted:
            self._say(f"Cổng {wanted} bận, dùng {taken} / port {wanted} is taken, using {taken}")
        self._keep()
        launch = front_launch(self._logs, port=self._ports["front"], service_urls=self._services)
        self.supervisor.adopt(Child(launch), role="front", address=self.front, tier=FRONT)

    async def _answers(self, client: httpx.AsyncClient, name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        member = next(member for member in self.supervisor.members if member.name == name)
        while True:
            with contextlib.suppress(httpx.TransportError, ValueError):
                answer = await client.get(f"{member.address}/ready")
                if answer.status_code == 200:
                    return
                if reasons := needs_a_person(answer.json()):
                    for reason in reasons if name != "front" else ():
                        self._say(f"{name}: {reason}")
                    return
            if member.last_exit is not None or time.monotonic() > deadline:
                raise did_not_start(name, self._logs / f"{name}.log")
            await asyncio.sleep(0.1)

    def _keep(self) -> None:
        self._remembered.ports = dict(self._ports)
        self.data.remember(self._remembered)

    def _publish(self) -> None:
        if self._ports:
            self.data.publish(Snapshot(os.getpid(), self._phase, self.front, self._bootstrap, self.supervisor.members))
