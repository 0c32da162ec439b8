"""R11: from the HTTP answer to a command until the national page shows it, against the floors that this cannot go below.

Commands come at a steady rate through the front address into the real processes of the system. Whoever looks at the page hears
of a commit over the feed and asks anew; so here: the feed is followed, and at every message the positions that the view has
reached are asked for. A command is visible when that answer, which covers its position, is there.

The floors are measured alone, one after another, each at the same rate: an fdatasync (the log's commit), a record acknowledged
by the broker, its arrival at a consumer, and another fdatasync (the view's commit). Their 99th percentiles are added.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import Any
from uuid import uuid4

import orjson
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition

from bench.core import Bench, Goal, Path, Result, Wrong, extra
from bench.meter import Meter
from bench.paths.http import Client
from bench.paths.load import data_of, percentile
from bench.paths.relay import new_topic
from shared.kafka import topics
from shared.local.demo.tokens import write_tokens
from shared.local.stack import Stack

RATE = 200
SECONDS = 30
_CONNECTIONS = 48
_SLOWEST_RATE = 25


@dataclass
class Reader:
    """Somebody who looks at the page."""

    front: str
    waiting: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])
    """(lane, position) of commands that were answered and not seen yet, and when the answer came."""
    seen: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])
    reached: dict[int, int] = field(default_factory=dict[int, int])
    all_seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        host, _, port = self.front.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /v1/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        asking = Client(self.front)
        try:
            while line := await reader.readline():
                if line.startswith(b'data: {"'):
                    answer = orjson.loads((await asking.get("/v1/positions")).text)
                    self._reached({int(lane): at for lane, at in answer["sources"]["clubs"]["lanes"].items()})
        finally:
            asking.close()
            writer.close()

    def answered(self, lane: int, position: int) -> None:
        now = time.perf_counter()
        if self.reached.get(lane, 0) >= position:
            self.seen[lane, position] = 0.0  # seen before its answer came
        else:
            self.waiting[lane, position] = now
            self.all_seen.clear()

    def _reached(self, lanes: dict[int, int]) -> None:
        now = time.perf_counter()
        self.reached = lanes
        for at in [each for each in self.waiting if each[1] <= lanes.get(each[0], 0)]:
            self.seen[at] = now - self.waiting.pop(at)
        if not self.waiting:
            self.all_seen.set()


@dataclass
class Visible:
    """The system as it runs, all its processes on this machine."""

    name: str = "from 2xx to visible"
    _stack: Stack | None = None
    _folder: Folder | None = None
    _token: str = ""

    async def prepare(self, bench: Bench) -> None:
        self._folder = bench.folder / f"visible-{uuid4().hex[:6]}"
        self._stack = Stack(self._folder, lambda _: None, environ={})
        await self._stack.start()
        self._token = (await write_tokens(self._stack.front, self._folder))["centre-association"]

    async def run(self, bench: Bench) -> Result:
        assert self._stack is not None
        stack, rate = self._stack, RATE
        await self._at(stack, 20, 3.0)
        while True:
            meter = Meter(
                own=tuple(each.pid for each in stack.supervisor.members if each.pid is not None and each.role != "broker")
            )
            meter.start()
            seen, answered = await self._at(stack, rate, max(5.0, SECONDS * bench.scale))
            meter.stop()
            if answered >= 0.95 * rate or rate <= _SLOWEST_RATE:
                break
            bench.say(f"    only {answered:.0f} of {rate} commands/s were answered: half the rate")
            rate //= 2
        ordered = sorted(seen)
        figures = {"rate": answered, "p50_ms": percentile(ordered, 0.5) * 1e3, "p99_ms": percentile(ordered, 0.99) * 1e3}
        return Result(meter.seconds, len(ordered), meter.cpu_own, extra=figures)

    async def _at(self, stack: Stack, rate: int, seconds: float) -> tuple[list[float], float]:
        """Commands at a rate, whether or not the ones before were answered; latencies, and answers a second."""
        reader, clients = Reader(stack.front), [Client(stack.front) for _ in range(_CONNECTIONS)]
        following = asyncio.create_task(reader.follow())
        await asyncio.sleep(0.3)
        free: asyncio.Queue[Client] = asyncio.Queue()
        for client in clients:
            free.put_nowait(client)
        began = time.perf_counter()
        last = began
        failed: list[str] = []

        async def send(number: int) -> None:
            nonlocal last
            client = await free.get()
            data = {
                "name": f"CLB {number} {uuid4().hex[:8]}",
                "commune": {"code": "15835", "list": "34"},
                "founded_on": "2024-03-01",
            }
            body = orjson.dumps({"type": "clubs.found-club", "data": data})
            answer = await client.post(
                "/v1/commands", body, {"Authorization": f"Bearer {self._token}", "Idempotency-Key": str(uuid4())}
            )
            if answer.status == 201:
                at = orjson.loads(answer.body)
                reader.answered(at["lane"], at["position"])
                last = time.perf_counter()
            else:
                failed.append(f"{answer.status} {answer.text[:200]}")
            free.put_nowait(client)

        count = round(rate * seconds)
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
                group.create_task(send(number))
        answered = count / (last - began)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.all_seen.wait(), 30)
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        for client in clients:
            client.close()
        if failed or reader.waiting:
            raise Wrong(f"{len(failed)} commands failed, {len(reader.waiting)} were never visible: {failed[:1]}")
        return list(reader.seen.values()), answered

    async def cleanup(self, bench: Bench) -> None:
        del bench
        if self._stack is not None:
            await self._stack.stop()
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        self._stack = self._folder = None


@dataclass
class Floors:
    """What the path cannot go below: each step alone."""

    name: str = "floors"
    _source: str = ""

    async def prepare(self, bench: Bench) -> None:
        self._source = await new_topic(bench)

    async def run(self, bench: Bench) -> Result:
        count = round(RATE * max(5.0, SECONDS * bench.scale) / 3)
        meter = Meter()
        meter.start()
        syncs = await asyncio.to_thread(_syncs, bench.folder / "synced", count)
        acks, fetches = await asyncio.to_thread(_carried, await bench.servers.kafka(), topics.topic_of(self._source), count)
        meter.stop()
        steps = {"fsync": syncs, "ack": acks, "fetch": fetches}
        figures = {f"{step}_p99_ms": percentile(sorted(times), 0.99) * 1e3 for step, times in steps.items()}
        halves = {step: percentile(sorted(times), 0.5) * 1e3 for step, times in steps.items()}
        figures["p50_ms"] = 2 * halves["fsync"] + halves["ack"] + halves["fetch"]
        figures["p99_ms"] = 2 * figures["fsync_p99_ms"] + figures["ack_p99_ms"] + figures["fetch_p99_ms"]
        return Result(meter.seconds, 3 * count, meter.cpu_own, extra=figures)

    async def cleanup(self, bench: Bench) -> None:
        del bench


def _syncs(file: Folder, count: int) -> list[float]:
    """Appending 512 bytes and syncing them, at the rate."""
    times: list[float] = []
    with file.open("wb") as opened:
        for _ in _paced(count):
            began = time.perf_counter()
            opened.write(bytes(512))
            opened.flush()
            os.fdatasync(opened.fileno())
            times.append(time.perf_counter() - began)
    return times


def _carried(bootstrap: str, topic: str, count: int) -> tuple[list[float], list[float]]:
    """One record at a time, at the rate: until it is acknowledged, and from there until a consumer has it."""
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 0})
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": topic, "fetch.queue.backoff.ms": 1, "fetch.wait.max.ms": 100}
    )
    consumer.assign([TopicPartition(topic, 0, OFFSET_END)])
    value = data_of(1).encode()
    warm: list[Any] = []
    while not warm:
        producer.produce(topic, value, partition=0)
        producer.flush()
        warm = [each for each in consumer.consume(100, 0.5) if each.error() is None]
    consumer.consume(1000, 0.5)
    acks: list[float] = []
    fetches: list[float] = []
    for _ in _paced(count):
        began = time.perf_counter()
        producer.produce(topic, value, partition=0)
        producer.flush()
        acknowledged = time.perf_counter()
        while not consumer.consume(1, 1.0):
            pass
        acks.append(acknowledged - began)
        fetches.append(time.perf_counter() - acknowledged)
    consumer.close()
    return acks, fetches


def _paced(count: int, now: Callable[[], float] = time.perf_counter) -> Any:
    began = now()
    for number in range(count):
        time.sleep(max(0.0, began + number / RATE - now()))  # in a thread of its own: the pace of the floors
        yield number


PATHS = (
    Path(
        "R11",
        "From the answer to a command to the national page",
        (Visible(), Floors()),
        (Goal("p99 against the sum of its floors", "from 2xx to visible", "floors", extra("p99_ms"), at_most=5),),
        note=(
            "200 commands a second, founded clubs, through the front; half of it where the machine cannot, which `rate` says. "
            "Front, four services, PostgreSQL, Kafka and the clients share the processors; the floors have them to themselves."
        ),
        rounds=3,
    ),
)
