"""Starts the process of a contestant and reads its one answer.

A worker takes its orders as one argument of JSON, says `ready` on a line when it has imported what it needs, waits for a line
on its input, works, and answers with a line of JSON: `seconds`, `cpu`, `events`, and what else it measured. Guarantees that the
process is gone when the `async with` is left. What it writes to its error stream goes into a log whose end a failure quotes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.core import Result

ROOT = Path(__file__).parents[1]


class WorkerFailed(Exception):
    """The process ended without an answer; the words are the end of its log."""


class Worker:
    """`async with Worker(argv, orders, log) as worker: await worker.ready(); answer = await worker.go()`."""

    def __init__(
        self, argv: Sequence[str], orders: Mapping[str, object], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._argv = [*argv, json.dumps(orders)]
        self._log = log
        self._env = env
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Worker:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env=self._env,
                limit=64 * 1024 * 1024,
            )
        return self

    async def __aexit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()
        except ProcessLookupError:
            await process.wait()

    @property
    def pid(self) -> int:
        """The process id."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    async def ready(self, seconds: float = 120) -> None:
        """Wait until it has loaded everything."""
        while await self._line(seconds) != b"ready":
            pass

    async def go(self, seconds: float = 3600) -> dict[str, Any]:
        """Let it work, and its answer."""
        await self.tell("go")
        return await self.answer(seconds)

    async def tell(self, word: str) -> None:
        """A line on its input."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("not started")
        self._process.stdin.write(word.encode() + b"\n")
        await self._process.stdin.drain()

    async def answer(self, seconds: float = 3600) -> dict[str, Any]:
        """The next line that is JSON."""
        while True:
            line = await self._line(seconds)
            if line.startswith(b"{"):
                return json.loads(line)

    async def _line(self, seconds: float) -> bytes:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("not started")
        line = await asyncio.wait_for(self._process.stdout.readline(), seconds)
        if not line:
            await self._process.wait()
            end = self._log.read_text("utf-8", "replace").strip().splitlines()[-4:]
            raise WorkerFailed(f"exit code {self._process.returncode}: {' / '.join(end)[-400:]}")
        return line.strip()


def result_of(answer: Mapping[str, Any], *, answer_hash: str | None = None, key: str | None = None) -> Result:
    """A worker's answer as a result; what has no field of its own is extra."""
    known = {"seconds", "events", "cpu", "cpu_postgres", "answer", "rows"}
    return Result(
        seconds=answer["seconds"],
        events=answer["events"],
        cpu_own=answer.get("cpu"),
        cpu_postgres=answer.get("cpu_postgres"),
        answer=answer_hash if answer_hash is not None else answer.get("answer"),
        key=key,
        extra={name: float(value) for name, value in answer.items() if name not in known},
    )
