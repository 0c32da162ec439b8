"""Runs the stack in the foreground until Ctrl-C, or in the background; the plumbing of `clb up` and `clb demo`.

Guarantees that the first Ctrl-C (or SIGTERM, or the terminal going away) stops everything in order, also during the start; a
second one does not wait. Refuses nothing of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from shared.kernel.errors import Refused
from shared.local.failures import last_sentence
from shared.local.process import alive
from shared.local.stack import Stack
from shared.local.state import ROOT, DataDir

AfterStart = Callable[[Stack], Awaitable[None]]


def foreground(stack: Stack, say: Callable[[str], None], after_start: AfterStart, *, demo: bool = False) -> None:
    """Start, do what comes after, run until told to stop, stop."""
    asyncio.run(_foreground(stack, say, after_start, demo=demo))


async def _foreground(stack: Stack, say: Callable[[str], None], after_start: AfterStart, *, demo: bool) -> None:
    enough = asyncio.Event()

    def told() -> None:
        if enough.is_set():
            os._exit(130)
        enough.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told)

    async def work() -> None:
        await stack.start(demo=demo)
        await after_start(stack)

    try:
        if await _until(work(), enough):
            await _until(stack.keep(), enough)
        say("Đang dừng / stopping")
    finally:
        await stack.stop()
    say("Đã dừng; dữ liệu còn nguyên / stopped; the data stay")


async def _until(work: Coroutine[Any, Any, None], enough: asyncio.Event) -> bool:
    """True when the work is done, False when it was enough before."""
    task, waiting = asyncio.create_task(work), asyncio.create_task(enough.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()
        return True
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return False


def background(arguments: list[str], data_dir: Path, say: Callable[[str], None], seconds: float = 600.0) -> None:
    """Start `clb` with these arguments in a session of its own; return when it is ready, telling what it says until then."""
    data = DataDir(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "supervisor.log"
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "shared.cli.main", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )
    told, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended = child.poll() is not None
        lines = log.read_text("utf-8", "replace").splitlines(keepends=True)
        for line in lines[told:]:
            if line.endswith("\n"):
                say(line.rstrip("\n"))
                told += 1
        if ended:
            raise SystemExit(1)
        snapshot = data.snapshot()
        if snapshot is not None and snapshot.phase == "ready":
            return
        time.sleep(0.1)  # the state of another process, in a command line that does nothing else
    words = last_sentence(log.read_text("utf-8", "replace"))
    raise Refused("not-ready", f"Hệ thống chưa sẵn sàng: {words} (xem {log})", f"The stack is not ready: {words} (see {log})")


def stop_running(data_dir: Path, seconds: float = 90.0) -> bool:
    """End the supervisor of a directory and wait until it is gone; False when none runs."""
    data = DataDir(data_dir)
    owner = data.owner()
    if not data.is_owned() or owner is None:
        return False
    os.kill(owner, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while data.is_owned() or alive(owner):
        if time.monotonic() > deadline:
            raise Refused(
                "does-not-stop",
                f"Tiến trình {owner} chưa dừng sau {seconds:.0f} giây: xem nhật ký trong {data_dir / 'logs'}.",
                f"Process {owner} has not stopped after {seconds:.0f} seconds: see the logs in {data_dir / 'logs'}.",
            )
        time.sleep(0.1)  # a process that is not our child cannot be waited for
    return True
