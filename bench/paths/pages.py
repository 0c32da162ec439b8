"""R14: every page under 50 users, over the whole generated country: how long the slowest kind of page takes.

The users are people: each opens a page, reads for 2.5 to 7.5 seconds, and opens another, over its own keep-alive connection to
the front address. Which pages there are is found by following the links of the site itself. A page is timed to its last byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path as Folder
from random import Random
from time import perf_counter
from urllib.parse import parse_qsl, urlencode, urlsplit

from bench.core import Bench, Goal, Path, Result, Wrong, extra
from bench.meter import Meter
from bench.paths.http import Client
from bench.paths.load import percentile
from shared.kernel.clock import day_of, system_clock
from shared.local.demo.load import load_demo
from shared.local.stack import Stack

USERS = 50
SECONDS = 60
_OF_A_KIND = 12
_SKIPPED = re.compile(r"^/(static|dang-nhap|nhap-lieu|v1|openapi|ngon-ngu|thoat)")


@dataclass
class Country:
    """The stack with the whole generated country, whatever the scale; its data are kept in the cache between runs."""

    stack: Stack | None = None

    async def start(self, bench: Bench) -> Stack:
        """Start it; the first time, load the country too."""
        folder = Folder(bench.cache) / "demo"
        self.stack = stack = Stack(folder, lambda words: bench.say(f"    {words}"), environ={})
        await stack.start(demo=True)
        if stack.kind == "demo-loading":
            await load_demo(stack.front, folder, bench.say, today=day_of(system_clock()))
            await stack.loaded()
        return stack

    async def stop(self) -> None:
        """Stop it; the data stay."""
        if self.stack is not None:
            await self.stack.stop()
        self.stack = None


def kind_of(path: str) -> str:
    """The kind of a page: its address without what names the one thing that it is about."""
    first, *rest = urlsplit(path).path.strip("/").split("/")
    return f"/{first}" + ("/..." if rest else "")


async def pages_of(front: str) -> dict[str, list[str]]:
    """Pages by kind, found by following links from the national page; some of every kind."""
    client, found, waiting, seen = Client(front), defaultdict[str, list[str]](list), ["/"], {"/"}
    while waiting:
        path = waiting.pop(0)
        kind = kind_of(path)
        if len(found[kind]) >= _OF_A_KIND:
            continue
        answer = await client.get(path)
        if answer.status != 200 or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        found[kind].append(path)
        for link in re.findall(r'href="(/[^"#]*)', answer.text):
            clean = unescape(link)
            if clean not in seen and not _SKIPPED.match(clean) and "lang=" not in clean:
                seen.add(clean)
                waiting.append(clean)
    client.close()
    return {kind: paths for kind, paths in found.items() if paths}


def back_then(path: str, random: Random) -> str:
    """The same page as of a day of the last three years, as it was known within the quarter after."""
    parts = urlsplit(path)
    today = day_of(system_clock())
    day = today - timedelta(days=random.randint(60, 1000))
    known = min(day + timedelta(days=random.randint(0, 90)), today - timedelta(days=1))
    query = dict(parse_qsl(parts.query)) | {"as_of": day.isoformat(), "known_at": known.isoformat()}
    return f"{parts.path}?{urlencode(query)}"


@dataclass
class Visitors:
    """50 people on the site."""

    country: Country
    past: bool
    name: str
    _pages: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    async def prepare(self, bench: Bench) -> None:
        stack = await self.country.start(bench)
        pages = await pages_of(stack.front)
        timeless = {"/chi-tieu", "/viec", "/nguon", "/tim", "/so", "/so/...", "/su-kien/..."} if self.past else set[str]()
        self._pages = {kind: paths for kind, paths in pages.items() if kind not in timeless}
        if len(self._pages) < 5:
            raise Wrong(f"only {sorted(self._pages)} were found")
        client = Client(stack.front)
        for paths in self._pages.values():
            await client.get(back_then(paths[0], Random(0)) if self.past else paths[0])
        client.close()

    async def run(self, bench: Bench) -> Result:
        stack = self.country.stack
        assert stack is not None
        until = perf_counter() + SECONDS
        taken: dict[str, list[float]] = defaultdict(list)
        failed: list[str] = []

        async def user(number: int) -> None:
            random, client = Random(number), Client(stack.front)
            await asyncio.sleep(random.uniform(0, 5))
            while perf_counter() < until:
                kind = random.choice(sorted(self._pages))
                path = random.choice(self._pages[kind])
                path = back_then(path, random) if self.past else path
                began = perf_counter()
                answer = await client.get(path)
                taken[kind].append(perf_counter() - began)
                if answer.status != 200:
                    failed.append(f"{answer.status} {path}")
                await asyncio.sleep(random.uniform(2.5, 7.5))
            client.close()

        serving = [member.pid for member in stack.supervisor.members if member.pid is not None and member.role != "broker"]
        meter = Meter(own=tuple(serving))
        meter.start()
        await asyncio.gather(*(user(number) for number in range(USERS)))
        meter.stop()
        if failed:
            raise Wrong(f"{len(failed)} pages failed, the first: {failed[0]}")
        return self._result(bench, meter, taken)

    def _result(self, bench: Bench, meter: Meter, taken: dict[str, list[float]]) -> Result:
        every = sorted(one for times in taken.values() for one in times)
        worst = sorted(((_p95(times), kind) for kind, times in taken.items()), reverse=True)
        bench.say(f"    p95 by kind: {', '.join(f'{kind} {ms:.0f} ms' for ms, kind in worst)}")
        figures = {
            "p50_ms": percentile(every, 0.5) * 1e3, "p95_ms": percentile(every, 0.95) * 1e3, "worst_p95_ms": worst[0][0],
            "slowest_ms": every[-1] * 1e3,
        }  # fmt: skip
        return Result(meter.seconds, len(every), meter.cpu_own, extra=figures)

    async def cleanup(self, bench: Bench) -> None:
        del bench
        with contextlib.suppress(ProcessLookupError):
            await self.country.stop()


def _p95(times: Sequence[float]) -> float:
    return percentile(sorted(times), 0.95) * 1e3


_COUNTRY = Country()
PATHS = (
    Path(
        "R14",
        "Pages, 50 users, the whole country",
        (Visitors(_COUNTRY, past=False, name="live pages"), Visitors(_COUNTRY, past=True, name="pages of another day")),
        (
            Goal("any page, live: p95 of the slowest kind, ms", "live pages", None, extra("worst_p95_ms"), at_most=200),
            Goal(
                "any page of another day: p95 of the slowest kind, ms",
                "pages of another day",
                None,
                extra("worst_p95_ms"),
                at_most=1000,
            ),
            Goal("another day against live, p95", "pages of another day", "live pages", extra("p95_ms"), at_most=2),
        ),
        note=(
            "A user opens a page about every 5 seconds, so 10 pages a second in all, through the front address, over HTTP with "
            "gzip. Pages are found by following links; every kind is opened equally often. CPU: all processes but the broker."
        ),
        rounds=2,
    ),
)
