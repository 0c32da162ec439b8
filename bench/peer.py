"""A peer as a contestant: a process of another environment that works on the same topics and answers with its table.

Guarantees that its answer is hashed here, in the one canonical form. Refuses, as `Skipped`, to run a peer whose environment or
build tools are not there.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.answers import hash_of
from bench.core import Bench, Result, Skipped
from bench.workers import Worker, result_of
from bench.workload.files import Workload, workload
from bench.workload.load import load, topic_names
from shared.local.databases import DatabaseUrls, connect
from shared.local.java import find_java

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / "build" / "bench" / "bin" / "python"
_JARS = ROOT / "build" / "bench-streams"


@dataclass(slots=True)
class Peer:
    """A peer in Python, by the name of its file in bench/peers."""

    name: str
    script: str
    sample: float | None = None
    """The scale at which it works if the run's is larger; its rate is compared, its answer has the key of its own sample."""
    own_environment: bool = True
    database: bool = False
    threads: int = 1
    from_file: bool = False
    _given: Workload | None = None
    _urls: DatabaseUrls | None = None
    _runs: int = 0

    @property
    def _prefix(self) -> str:
        return "" if self.sample is None else "sample-"

    async def prepare(self, bench: Bench) -> None:
        """Filled topics, and a fresh database if it needs one."""
        if self.own_environment and not ENVIRONMENT.exists():
            raise Skipped("build/bench is not there: run `make bench`")
        self._given = await workload(bench, None if self.sample is None else min(self.sample, bench.scale))
        if not self.from_file:
            await load(bench, self._given, prefix=self._prefix)
        self._runs += 1
        if self.database:
            self._urls = await bench.servers.database("peer")
            owner: Any = await connect(self._urls.owner)
            await owner.execute("create table sums (key text primary key, amount bigint not null)")
            await owner.execute(f"grant select, insert, update on sums to {self._urls.app_role}")
            await owner.close()

    async def command(self, bench: Bench) -> list[str]:
        """The program, without its orders."""
        python = str(ENVIRONMENT) if self.own_environment else sys.executable
        return [python, str(ROOT / "bench" / "peers" / f"{self.script}.py")]

    async def run(self, bench: Bench) -> Result:
        """From its first event to the end of its last commit."""
        if self._given is None:
            raise RuntimeError("not prepared")
        words = "".join(letter if letter.isalnum() else "-" for letter in self.name.lower())
        group = f"{words}-{self._runs}-{bench.folder.name[-6:]}".replace("_", "-")
        orders: dict[str, object] = {
            "group": group,
            "topics": topic_names(self._prefix),
            "events": self._given.events,
            "places": str(self._given.places),
            "file": str(self._given.file),
            "folder": str(bench.folder / group),
            "threads": self.threads,
            **self.more(),
        }
        if not self.from_file:
            orders["bootstrap"] = await bench.servers.kafka()
        if self._urls is not None:
            orders |= {"database": self._urls.app, "postgres": await bench.servers.postgres_pid()}
        async with Worker(await self.command(bench), orders, bench.folder / f"{self.script}.log") as worker:
            await worker.ready()
            said = await worker.go(600)
        return result_of(said, answer_hash=_hash(said["rows"]), key=None if self.sample is None else self._given.key)

    def more(self) -> Mapping[str, object]:
        """Further orders."""
        return {}

    async def cleanup(self, bench: Bench) -> None:
        """Its database is dropped; its state goes with the folder of the run."""
        if self._urls is not None:
            await bench.servers.drop(self._urls)
            self._urls = None


@dataclass(slots=True)
class Streams(Peer):
    """Kafka Streams, built here by Maven when a JDK is there."""

    mode: str = "partial"

    async def command(self, bench: Bench) -> list[str]:
        """Built when first asked for."""
        if not (_JARS / "streams-1.jar").exists():
            if shutil.which("mvn") is None or shutil.which("javac") is None:
                raise Skipped("Kafka Streams needs a JDK 17 and Maven to be built, and they are not on the path")
            bench.say("  building bench/streams with Maven ...")
            process = await asyncio.create_subprocess_exec("mvn", "-q", "-B", "package", cwd=ROOT / "bench" / "streams")
            if await process.wait() != 0:
                raise Skipped("Maven could not build bench/streams: its words are above")
        return [str(find_java()), "-Xmx1g", "-cp", f"{_JARS / 'streams-1.jar'}:{_JARS / 'dependency'}/*", "bench.Main"]

    def more(self) -> Mapping[str, object]:
        """Partial sums or one global table."""
        return {"mode": self.mode}


def _hash(rows: Mapping[str, int]) -> str:
    """Rows by `area|month|measure`."""
    split = ((*key.split("|"), amount) for key, amount in rows.items())
    return hash_of((area, month, measure, amount) for area, month, measure, amount in split)
