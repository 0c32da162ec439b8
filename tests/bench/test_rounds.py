"""What is said of a contestant that could not be measured is what happened to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path as Folder
from typing import Any

import pytest

from bench import rounds
from bench.core import Bench, Path, Result, Skipped, Wrong
from bench.servers import Servers


@dataclass
class Runner:
    """A contestant that does one thing."""

    work: Callable[[], Coroutine[Any, Any, Result]]
    name: str = "runner"
    cleaned: int = 0

    async def prepare(self, bench: Bench) -> None:
        del bench

    async def run(self, bench: Bench) -> Result:
        del bench
        return await self.work()

    async def cleanup(self, bench: Bench) -> None:
        del bench
        self.cleaned += 1


async def for_ever() -> Result:
    await asyncio.sleep(60)
    raise AssertionError("never")


async def not_answered() -> Result:
    async with asyncio.timeout(0.01):
        await asyncio.sleep(60)
    raise AssertionError("never")


async def broken() -> Result:
    raise ConnectionError("no server | at all")


async def skipped() -> Result:
    raise Skipped("no JDK")


async def other() -> Result:
    raise Wrong("half of it")


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (for_ever, "failed: it did not end (a run may take 0.005 min)"),
        (not_answered, "failed: TimeoutError: TimeoutError"),
        (broken, "failed: ConnectionError: no server / at all"),
        (skipped, "skipped: no JDK"),
        (other, "wrong, scores zero: half of it"),
    ],
)
async def test_a_contestant_without_a_figure_is_told_with_its_own_reason(
    tmp_path: Folder, monkeypatch: Any, work: Any, reason: str
):
    """A limit of its own is not the limit of a run. Seen to fail with every timeout taken for that one."""
    monkeypatch.setattr(rounds, "_LONGEST_MINUTES", 0.005)
    runner = Runner(work)
    async with Servers() as servers:
        bench = Bench(servers, tmp_path, tmp_path, 1, lambda _: None)
        measured = await rounds.measure(Path("X", "x", [runner], []), bench, 2)
    assert measured.reasons == {"runner": reason}
    assert measured.results == {"runner": [None, None]}
    assert runner.cleaned == 1


async def test_a_path_that_needs_more_rounds_than_were_asked_for_has_them(tmp_path: Folder):
    """And one that takes long has fewer. Seen to fail with the number that was asked for."""

    async def quick() -> Result:
        return Result(1.0, 1)

    async with Servers() as servers:
        bench = Bench(servers, tmp_path, tmp_path, 1, lambda _: None)
        more = await rounds.measure(Path("X", "x", [Runner(quick)], [], least_rounds=4), bench, 2)
        fewer = await rounds.measure(Path("Y", "y", [Runner(quick)], [], rounds=1), bench, 2)
    assert (len(more.results["runner"]), len(fewer.results["runner"])) == (4, 1)
