"""A real broker of the tests, whose data nobody wants afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.local.kafka import Kafka
from shared.local.process import free_port


@asynccontextmanager
async def broker(folder: Path, heap_mb: int) -> AsyncIterator[Kafka]:
    """Killed at the end: stopping it in order takes half a minute, and its folder is removed anyway."""
    kafka = Kafka(folder, port=free_port(), controller_port=free_port(), heap_mb=heap_mb, short_lived=True)
    child = await kafka.start()
    try:
        yield kafka
    finally:
        os.kill(child.pid, signal.SIGKILL)
        await child.finished()
