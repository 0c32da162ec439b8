"""A database that goes back in time, as an operator makes it: dumped and restored in place by PostgreSQL's own tools."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from shared.kafka.headers import to_kafka
from shared.kafka.producer import Producer
from shared.kafka.record import Outgoing
from shared.kafka.topics import PARTITIONS
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import partition_of
from shared.local.databases import DatabaseUrls
from shared.local.folders import unprivileged
from shared.local.postgres import bundled_binaries


async def dumped(urls: DatabaseUrls, to: Path) -> Path:
    """The whole database in a file."""
    await _run("pg_dump", "--format=custom", f"--file={to}", urls.owner)
    return to


async def restored(urls: DatabaseUrls, dump: Path) -> None:
    """The database as it was, in place, while its services are connected."""
    await _run("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={urls.owner}", str(dump))


async def _run(program: str, *arguments: str) -> None:
    def run() -> None:
        done = subprocess.run(
            [str(bundled_binaries(unprivileged()) / program), *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    await asyncio.to_thread(run)


async def put_on_topic(bootstrap: str, deployment: str, *events: Recorded) -> None:
    """Records without a relay, as a stranger would: with the hash that each event claims."""
    producer = Producer(bootstrap)
    records: list[Outgoing] = []
    for event in events:
        key, value, headers = to_kafka(event, deployment)
        records.append(Outgoing(f"{event.source}.events", partition_of(event.lane, PARTITIONS), key, value, [*headers]))
    await producer.publish(records)
    await producer.close()
