"""Puts a workload into the real topics, as the relay does: the same key, value, headers and partition. Not measured.

Guarantees that each lane's events stand in order in its partition. In W-dirty one event in a hundred is put twice, the second
time up to 10,000 events later, and one in a hundred of the events of trainings and monitoring comes up to 10,000 events later
with all that follows it in its topic.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Producer

from bench.core import Bench
from bench.workload.events import DEPLOYMENT, LOG_IDS, fingerprint
from bench.workload.files import Workload
from shared.eventlog.records import LogIdentity
from shared.kafka import topics
from shared.kafka.headers import to_kafka
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import partition_of

IDENTITIES = {source: LogIdentity(DEPLOYMENT, log_id) for source, log_id in LOG_IDS.items()}
SOURCES = tuple(IDENTITIES)
_MARK = b'"data":'
_LOADED: dict[tuple[str, str], Path] = {}


def topic_names(prefix: str = "") -> list[str]:
    """The topics of a workload that was put in under a prefix."""
    return [topic_of(prefix + source) for source in SOURCES]


async def load(bench: Bench, given: Workload, *, dirty: bool = False, prefix: str = "") -> str:
    """Create the topics and fill them, once for a broker; answers the broker's address.

    `prefix` keeps a small sample beside the workload, for peers that would take hours with the whole.
    """
    bootstrap = await bench.servers.kafka()
    held = _LOADED.get((bootstrap, prefix))
    if held == given.file:
        return bootstrap
    if held is not None:
        raise RuntimeError("this broker holds another workload already")
    await asyncio.to_thread(topics.apply, bootstrap, (*SOURCES, "reporting"))
    await asyncio.to_thread(topics.apply, bootstrap, tuple(prefix + source for source in SOURCES))
    bench.say(f"  putting {given.events:,} events into Kafka ...")
    argv = [sys.executable, "-m", "bench.workload.load", bootstrap, str(given.file), "dirty" if dirty else "clean", prefix]
    process = await asyncio.create_subprocess_exec(*argv, cwd=Path(__file__).parents[2])
    if await process.wait() != 0:
        raise RuntimeError("the workload could not be put into Kafka")
    _LOADED[bootstrap, prefix] = given.file
    return bootstrap


def fill(bootstrap: str, file: Path, *, dirty: bool, prefix: str) -> None:
    """Produce every event and wait for all acknowledgements."""
    failed: list[Any] = []
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 20,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 200_000,
            "batch.num.messages": 10_000,
        }
    )

    def delivered(error: Any, _message: Any) -> None:
        if error is not None:
            failed.append(error)

    with file.open("rb") as lines:
        for line in _dirty(lines) if dirty else lines:
            recorded = recorded_of(line)
            key, value, headers = to_kafka(recorded, DEPLOYMENT)
            partition = partition_of(recorded.lane, PARTITIONS)
            while True:
                try:
                    producer.produce(topic_of(prefix + recorded.source), value, key, partition, delivered, headers=[*headers])
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
    producer.flush(120)
    if failed:
        raise RuntimeError(f"{len(failed)} events were not acknowledged: {failed[0]}")


def recorded_of(line: bytes) -> Recorded:
    """The event of a line; its data are the very bytes of the line."""
    e = orjson.loads(line)
    data = line[line.index(_MARK) + len(_MARK) : -2].decode()
    return Recorded(
        e["source"], e["lane"], e["position"], e["stream"], e["version"], e["id"], e["type"], 1,
        datetime.fromisoformat(e["recorded_at"]), e["command"], e["actor"], data, bytes.fromhex(e["hash"]),
        fingerprint(e["command"]),
    )  # fmt: skip


def _dirty(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Repeats and delays. A whole topic is held back, so that no lane is reordered."""
    roll = random.Random(20250702)
    again: list[tuple[int, bytes]] = []
    held: dict[bytes, tuple[int, list[bytes]]] = {}
    for number, line in enumerate(lines):
        while again and again[0][0] <= number:
            yield heapq.heappop(again)[1]
        for source in [source for source, (until, _) in held.items() if until <= number]:
            yield from held.pop(source)[1]
        source = line[11:14]
        if source in held:
            held[source][1].append(line)
            continue
        if source != b"clu" and roll.random() < 0.0001:
            held[source] = (number + roll.randrange(10_000), [line])
            continue
        yield line
        if roll.random() < 0.01:
            heapq.heappush(again, (number + roll.randrange(10_000), line))
    for _, lines_held in held.values():
        yield from lines_held
    yield from (line for _, line in sorted(again))


if __name__ == "__main__":
    fill(sys.argv[1], Path(sys.argv[2]), dirty=sys.argv[3] == "dirty", prefix=sys.argv[4])
