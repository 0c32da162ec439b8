"""Servers of the tests, whose data nobody wants afterwards."""

from __future__ import annotations

import os
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


async def thrown_away(server: Child) -> None:
    """At once, with its children. In order it would take half a minute, to write what is removed anyway."""
    os.kill(server.pid, signal.SIGQUIT if server.launch.name == "postgres" else signal.SIGKILL)
    await server.finished()
