"""Folds the same batches twice, once believing only what follows and once believing every next position, and keeps the two
apart: the CPU of this process around each fold, and that of the PostgreSQL session that each has for itself.

Both work in one process, batch by batch and in turns, since a machine changes its speed between two runs by more than what is
looked for. The records are those of the workload's file as Kafka would bring them; making them is not measured.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

from bench.meter import cpu_of
from bench.workload.events import DEPLOYMENT
from bench.workload.load import IDENTITIES, SOURCES, recorded_of
from services.reporting.ledger.view import FiguresView
from shared.eventlog.postgres import open_pool
from shared.kafka.headers import coordinates, hash_of, stream_of, to_kafka
from shared.kafka.record import Partition, Received
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.event import Undecodable
from shared.kernel.lanes import partition_of
from shared.projections import fold
from shared.projections.batches import fold_batch, take_over
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane, Stands
from shared.projections.intake import Intake, Opened
from shared.projections.links import Link
from shared.projections.postgres_store import PostgresStores
from shared.projections.progress import Limits, Progress
from shared.projections.store import SetAside
from shared.reference.book import load
from shared.runtime import collector

BATCH = 5_000


class PositionsAlone(Intake):
    """Takes every next position, whatever it carries: no link is computed, compared or kept."""

    def open(self, records: Iterable[Received], known: Mapping[Lane, int]) -> list[Opened]:
        """Read where each record belongs; drop what is passed."""
        opened: list[Opened] = []
        sources = {topic_of(source): source for source in self.view.sources}
        for record in records:
            headers = dict(record.headers)
            try:
                at = coordinates(headers)
                if sources.get(record.topic) != at.source:
                    raise Undecodable(f"{record.topic} carries an event of {at.source!r}")
                stream_of(record.key, headers, at.lane)
            except Undecodable as error:
                self.aside.append(SetAside("unroutable", str(error), record))
                continue
            if at.position <= known.get((at.source, at.lane), 0):
                self.skipped += 1
            else:
                opened.append(Opened(record, headers, at, None))
        return opened

    def next(self, opened: Iterable[Opened], at_rest: Mapping[Lane, Stands]) -> tuple[list[Opened], dict[Lane, int]]:
        """Those at the next positions, and the positions that the lanes reach with them."""
        reached = {lane: stands.position for lane, stands in at_rest.items()}
        last: dict[Lane, Opened] = {}
        taken: list[Opened] = []
        for one in opened:
            lane = (one.at.source, one.at.lane)
            expected = reached[lane] + 1
            if one.at.position < expected:
                self.skipped += 1
            elif one.at.position > expected:
                self._wait(lane, expected, one)
            else:
                reached[lane] = expected
                last[lane] = one
                taken.append(one)
                if lane in self.gaps and self.gaps[lane].seen <= expected:
                    del self.gaps[lane]
        for lane, one in last.items():  # the head of a checkpoint, as what the last record carries
            self.links[lane] = [Link(one.at.position, hash_of(one.headers) or b"", one.record.offset)]
        return taken, {lane: position for lane, position in reached.items() if position > at_rest[lane].position}


@dataclass
class Side:
    """One of the two, with a database and a session of its own."""

    pool: Any
    progress: Progress
    chain: Chain
    intake: type[Intake]
    cpu: float = 0.0
    seconds: float = 0.0
    session: int = 0
    before: float = 0.0

    @classmethod
    async def open(cls, database: str, intake: type[Intake], *, keeps: bool) -> Side:
        """Take over every lane of an empty view."""
        pool = await open_pool(database, min_size=1, max_size=1)
        side = cls(pool, Progress(FiguresView(load()), Limits()), Chain(IDENTITIES, keeps=keeps), intake)
        every = [Partition(topic_of(source), number, PARTITIONS) for source in SOURCES for number in range(PARTITIONS)]
        await take_over(PostgresStores(pool), side.progress, every, {})
        side.session = await pool.fetchval("select pg_backend_pid()")
        side.before = cpu_of(side.session)
        return side

    async def fold(self, records: Sequence[Received]) -> None:
        """One batch, measured."""
        fold.Intake = self.intake
        gc.collect()
        gc.disable()  # as patient as the product's consumer is within a batch
        wall, cpu = time.perf_counter(), time.process_time()
        self.chain.begin()
        await fold_batch(PostgresStores(self.pool), self.progress, records, self.chain)
        self.cpu += time.process_time() - cpu
        self.seconds += time.perf_counter() - wall
        gc.enable()

    async def close(self) -> dict[str, float]:
        """What it took."""
        if await self.pool.fetchval("select pg_backend_pid()") != self.session:
            raise RuntimeError("the session was lost, and with it what it took")
        postgres = cpu_of(self.session) - self.before
        await self.pool.close()
        status = self.progress.status()
        return {
            "seconds": self.seconds,
            "cpu": self.cpu,
            "cpu_postgres": postgres,
            "events": status.applied,
            "set_aside": status.set_aside,
        }


def batches(file: Path) -> Iterator[list[Received]]:
    """The records of the workload in the order of their time, with the offsets that their partitions would give them."""
    ends: dict[tuple[str, int], Iterator[int]] = {}
    with file.open("rb") as lines:
        while some := list(islice(lines, BATCH)):
            records: list[Received] = []
            for recorded in map(recorded_of, some):
                key, value, headers = to_kafka(recorded, DEPLOYMENT)
                topic, partition = topic_of(recorded.source), partition_of(recorded.lane, PARTITIONS)
                offset = next(ends.setdefault((topic, partition), count()))
                records.append(Received(topic, partition, offset, key, value, [*headers]))
            yield records


async def main(orders: dict[str, Any]) -> None:
    """Work as ordered: `checked` and `alone` are databases, `file` is the workload's."""
    checked = await Side.open(orders["checked"], Intake, keeps=True)
    alone = await Side.open(orders["alone"], PositionsAlone, keeps=False)
    collector.spare()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for number, records in enumerate(batches(Path(orders["file"]))):
        for side in (checked, alone) if number % 2 == 0 else (alone, checked):
            await side.fold(records)
    print(json.dumps({"checked": await checked.close(), "alone": await alone.close()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
