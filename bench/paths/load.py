"""What the paths of appending share: commands of one realistic event, clients that send them, and percentiles.

Guarantees that every contestant stores the same number of events of the same bytes, and that what making them costs is paid
before the clock starts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID, uuid5

from bench.core import Bench, Result, Wrong
from bench.meter import Meter
from shared.eventlog import schema
from shared.eventlog.postgres import open_pool
from shared.eventlog.records import Append, NewEvent
from shared.local.databases import DatabaseUrls, connect

_SPACE = UUID("6d7a0f6e-7d2c-4a5e-9d1b-3f4f0f5f2a10")
TYPE = "clubs.members-reported"
_WARMING = 200
ACTOR = "commune/association/34:15835/t-0123456789ab"
_PLACES = ("Thiệu Trung", "Hoằng Đông", "Quảng Nham", "Vĩnh Thịnh", "Đông Sơn", "Nga Liên", "Thọ Xuân", "Yên Định")


def data_of(number: int) -> str:
    """The JSON of a report of members, 340 to 350 bytes."""
    total = 40 + number % 35
    place = _PLACES[number % len(_PLACES)]
    return (
        f'{{"as_of":"2025-{number % 12 + 1:02}-{number % 28 + 1:02}","basis":"counted","total":{total},'
        f'"women":{total * 2 // 3},"older":{total * 3 // 4},"joined":{number % 5},"left":{number % 3},'
        f'"poor":{number % 7},"near_poor":{number % 9},"ethnic_minority":{number % 4},"hardship":{number % 6},'
        f'"note":"Câu lạc bộ Liên thế hệ tự giúp nhau thôn {number % 90 + 1} xã {place} báo cáo thành viên theo danh sách '
        f'của ban chủ nhiệm","reference":"BC-{number:07}"}}'
    )


def commands(count: int, first: int = 0) -> list[Append]:
    """So many commands, each of one event on a stream of its own."""
    made: list[Append] = []
    for number in range(first, first + count):
        event = NewEvent(str(uuid5(_SPACE, f"event {number}")), TYPE, 1, data_of(number))
        command = str(uuid5(_SPACE, f"command {number}"))
        made.append(Append(command, bytes(32), f"club-{command}", 0, (event,), ACTOR))
    return made


async def empty_log(urls: DatabaseUrls) -> Any:
    """A pool on a fresh database with the log installed."""
    owner = await connect(urls.owner)
    try:
        await schema.install(owner, urls.app_role)
    finally:
        await owner.close()
    return await open_pool(urls.app, min_size=4, max_size=4)


async def drive(work: Sequence[Any], clients: int, send: Callable[[int, Any], Awaitable[object]]) -> list[float]:
    """So many clients take from one heap of work until it is empty, each waiting for its answer; answers every latency."""
    heap = iter(work)
    latencies: list[float] = []

    async def client(number: int) -> None:
        for item in heap:
            began = time.perf_counter()
            await send(number, item)
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(client(number) for number in range(clients)))
    return latencies


async def timed(
    bench: Bench, work: Sequence[Any], clients: int, send: Callable[[int, Any], Awaitable[object]], owner: str, count: str
) -> Result:
    """Warm up with some commands, then measure the work, and count what is stored. May raise `Wrong`."""
    await drive(commands(_WARMING, first=100_000_000), clients, send)
    meter = Meter(postgres=await bench.servers.postgres_pid())
    meter.start()
    latencies = await drive(work, clients, send)
    meter.stop()
    await require_count(owner, count, len(work) + _WARMING)
    return Result(meter.seconds, len(work), meter.cpu_own, meter.cpu_postgres, extra=milliseconds(latencies))


def milliseconds(latencies: Iterable[float]) -> dict[str, float]:
    """The median and the 99th percentile."""
    ordered = sorted(latencies)
    return {"p50_ms": percentile(ordered, 0.5) * 1e3, "p99_ms": percentile(ordered, 0.99) * 1e3}


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of a sorted list: the smallest value that so great a share does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1))]


async def require_count(url: str, query: str, expected: int) -> None:
    """Raise `Wrong` if a table does not hold what was sent."""
    connection = await connect(url)
    try:
        found: int = await connection.fetchval(query)
    finally:
        await connection.close()
    if found != expected:
        raise Wrong(f"{found} of {expected} events are stored")
