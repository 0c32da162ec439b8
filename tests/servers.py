"""Servers of the tests, whose data nobody wants afterwards."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.local.kafka import Kafka
from shared.local.process import Child, free_port


@asynccontextmanager
async def broker(folder: Path, heap_mb: int) -> AsyncIterator[Kafka]:
    """A broker of one's own."""
    kafka = Kafka(folder, port=free_port(), controller_port=free_port(), heap_mb=heap_mb, short_lived=True)
    child = await kafka.start()
    try:
        yield kafka
    finally:
        await thrown_away(child)


def memory_folder(needed_gib: float = 6) -> Path | None:
    """A file system in memory, where there is one with room; None is the usual place."""
    shared, memory = Path("/dev/shm"), Path("/proc/meminfo")
    if not shared.is_dir() or not memory.exists():
        return None
    kib = next(line.split()[1] for line in memory.read_text().splitlines() if line.startswith("MemAvailable:"))
    limit = Path("/sys/fs/cgroup/memory.max")
    ours = limit.read_text().strip() if limit.exists() else "max"
    room = min(shutil.disk_usage(shared).free, int(kib) * 1024, *((int(ours),) if ours.isdigit() else ()))
    return shared if room > needed_gib * 2**30 else None


async def thrown_away(server: Child) -> None:
    """At once, with its children. In order it would take half a minute, to write what is removed anyway."""
    os.kill(server.pid, signal.SIGQUIT if server.launch.name == "postgres" else signal.SIGKILL)
    await server.finished()
