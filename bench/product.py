"""The product as a contestant: one process or several of its projector, and the answer read out of its ledger by SQL."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.answers import MEASURES, Row, hash_of
from bench.core import Bench, Contestant, Result, Wrong
from bench.servers import Servers
from bench.workers import Worker, result_of
from bench.workload.files import Workload, workload
from bench.workload.load import IDENTITIES, SOURCES, load
from services.reporting.ledger.measures import measure
from services.reporting.ledger.view import FiguresView
from shared.eventlog import schema as eventlog
from shared.eventlog.records import LogIdentity
from shared.feeds import schema as feeds
from shared.kafka.topics import topic_of
from shared.local.databases import DatabaseUrls, connect
from shared.projections import schema as projections
from shared.projections.view import schema_of
from shared.reference.book import load as places

_NUMBERS = {measure(name): name for name in MEASURES}
_ANSWER = """
    select area, to_char(valid_on, 'YYYY-MM') as month, measure, sum(amount)::bigint as amount
    from "{schema}".entries
    cross join lateral unnest(measures, amounts) as each (measure, amount)
    cross join lateral (values ('VN'), ('63:' || nullif(province63, '')), ('34:' || nullif(province34, ''))) as a (area)
    where measure = any($1::int[]) and area is not null
    group by 1, 2, 3
"""


async def install(urls: DatabaseUrls) -> None:
    """The tables of the view and of the projections, as `migrate` makes them; the logs of the workload are known."""
    owner: Any = await connect(urls.owner)
    try:
        await eventlog.install(owner, urls.app_role)
        await projections.install(owner, urls.app_role, [FiguresView(places())], "reporting")
        await feeds.install(owner, urls.app_role)
        await know(owner, IDENTITIES)
    finally:
        await owner.close()


async def know(owner: Any, identities: Mapping[str, LogIdentity]) -> None:
    """Let a reader know the logs, as the first signed checkpoint of each does: in a benchmark nobody signs."""
    await owner.executemany(
        "insert into projection.logs (source, deployment, log_id) values ($1, $2, $3)",
        [(source, log.deployment, log.log_id) for source, log in identities.items()],
    )


async def answer(urls: DatabaseUrls) -> str:
    """The hash of what the ledger says."""
    owner: Any = await connect(urls.owner)
    try:
        query = _ANSWER.format(schema=schema_of(FiguresView(places())))
        found = await owner.fetch(query, list(_NUMBERS), timeout=600)
    finally:
        await owner.close()
    rows: list[Row] = [(row["area"], row["month"], _NUMBERS[row["measure"]], row["amount"]) for row in found]
    return hash_of(rows)


@dataclass(slots=True)
class Product:
    """The projector from the first event to the last, into a fresh database."""

    name: str = "product"
    module: str = "bench.work.product"
    processes: int = 1
    times: float = 1
    """How many times larger than the run's workload."""
    dirty: bool = False
    _urls: DatabaseUrls | None = None
    _given: Workload | None = None
    _bootstrap: str = ""
    _runs: int = field(default=0)

    async def prepare(self, bench: Bench) -> None:
        """A fresh database; the topics are filled once for a broker."""
        self._given = await workload(bench, bench.scale * self.times, dirty=self.dirty)
        self._bootstrap = await load(bench, self._given, dirty=self.dirty)
        self._urls = await bench.servers.database("figures")
        self._runs += 1
        await install(self._urls)

    async def run(self, bench: Bench) -> Result:
        """From the partitions in hand to the last commit; with several processes, from the word `go`."""
        if self._urls is None or self._given is None:
            raise RuntimeError("not prepared")
        orders = {
            "database": self._urls.app,
            "bootstrap": self._bootstrap,
            "group": f"{self._urls.name}-{self._runs}",
            "events": self._given.events,
            "postgres": await bench.servers.postgres_pid(),
            "processes": self.processes,
        }
        workers = [
            Worker([sys.executable, "-m", self.module], orders, bench.folder / "product.log") for _ in range(self.processes)
        ]
        if self.processes == 1:
            async with workers[0] as worker:
                await worker.ready()
                said = await worker.go()
        else:
            said = await self._together(workers, self._urls)
        if said["events"] != self._given.events and not self.dirty:
            raise Wrong(f"{said['events']} events of {self._given.events} were applied")
        return result_of(said, answer_hash=await answer(self._urls), key=self._given.key)

    async def _together(self, workers: list[Worker], urls: DatabaseUrls) -> dict[str, Any]:
        owner: Any = await connect(urls.owner)
        wanted = self._given.events if self._given is not None else 0
        try:
            async with asyncio.TaskGroup() as group, workers[0], workers[1]:
                for worker in workers:
                    await worker.ready()
                began = time.perf_counter()
                for worker in workers:
                    group.create_task(worker.tell("go"))
                query = "select coalesce(sum(position), 0) from projection.checkpoints"
                while await owner.fetchval(query) < wanted:  # noqa: ASYNC110 - other processes move it
                    await asyncio.sleep(0.02)
                seconds = time.perf_counter() - began
                for worker in workers:
                    await worker.tell("stop")
                said = [await worker.answer(60) for worker in workers]
        finally:
            await owner.close()
        return {
            "seconds": seconds,
            "cpu": sum(each["cpu"] for each in said),
            "cpu_postgres": max(each["cpu_postgres"] for each in said),
            "events": sum(each["events"] for each in said),
            "peak_rss_mb": max(each["peak_rss_mb"] for each in said),
        }

    async def cleanup(self, bench: Bench) -> None:
        """The database is dropped."""
        if self._urls is not None:
            await bench.servers.drop(self._urls)
            self._urls = None


@dataclass(slots=True)
class Apart:
    """A contestant with servers of its own for every run: for a workload that has no room beside another one."""

    contestant: Contestant
    _servers: Servers | None = None

    @property
    def name(self) -> str:
        """The contestant's."""
        return self.contestant.name

    async def prepare(self, bench: Bench) -> None:
        """Servers and topics of its own."""
        self._servers = Servers()
        await self.contestant.prepare(self._there(bench))

    async def run(self, bench: Bench) -> Result:
        """The contestant's run."""
        await (self._servers or bench.servers).settle()
        return await self.contestant.run(self._there(bench))

    async def cleanup(self, bench: Bench) -> None:
        """The servers are gone, with everything on them."""
        if self._servers is not None:
            await self._servers.__aexit__(None, None, None)
            self._servers = None

    def _there(self, bench: Bench) -> Bench:
        return bench if self._servers is None else replace(bench, servers=self._servers, folder=self._servers.folder)


@dataclass(slots=True)
class Again:
    """A product so many times, one after another, each time into a fresh database: as long a look at the machine as one run of
    a workload so many times larger, since the speed of a shared machine drifts."""

    product: Product
    times: int

    @property
    def name(self) -> str:
        """The product's."""
        return self.product.name

    async def prepare(self, bench: Bench) -> None:
        """The topics are filled."""
        await self.product.prepare(bench)

    async def run(self, bench: Bench) -> Result:
        """The sums of all runs, and the highest peaks."""
        results = [await self.product.run(bench)]
        while len(results) < self.times:
            await self.product.cleanup(bench)
            await self.product.prepare(bench)
            await bench.servers.settle()
            results.append(await self.product.run(bench))
        first = results[0]
        return replace(
            first,
            seconds=sum(each.seconds for each in results),
            events=sum(each.events for each in results),
            cpu_own=sum(each.cpu_own or 0.0 for each in results),
            cpu_postgres=sum(each.cpu_postgres or 0.0 for each in results),
            answer=next((each.answer for each in results if each.answer != first.key), first.answer),
            extra={name: max(each.extra[name] for each in results) for name in first.extra},
        )

    async def cleanup(self, bench: Bench) -> None:
        """The last database is dropped."""
        await self.product.cleanup(bench)


@dataclass(slots=True)
class Counting:
    """The counting limit."""

    name: str = "counting only"

    async def prepare(self, bench: Bench) -> None:
        """The topics are filled."""
        await load(bench, await workload(bench))

    async def run(self, bench: Bench) -> Result:
        """From the assignment to the last record."""
        given = await workload(bench)
        orders = {
            "bootstrap": await bench.servers.kafka(),
            "topics": [topic_of(source) for source in SOURCES],
            "events": given.events,
        }
        async with Worker([sys.executable, "-m", "bench.work.count"], orders, bench.folder / "count.log") as worker:
            await worker.ready()
            return result_of(await worker.go())

    async def cleanup(self, bench: Bench) -> None:
        """Nothing to do."""
