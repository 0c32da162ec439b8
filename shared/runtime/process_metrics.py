"""What every process tells of itself, whatever it does: how late its event loop is, and what build it runs.

Guarantees that the build is told as one metric with a value of 1. Imports nothing of the parts, so that the front may use it.
"""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections import deque
from collections.abc import Iterable, Sequence
from importlib import metadata

from shared.telemetry.meters import Meters, Sample
from shared.telemetry.metric import Part

_TICK = 0.5


def watch_process(meters: Meters, service: str, roles: Iterable[Part], loop: LoopLag) -> None:
    """The event loop, and what runs."""
    version = os.environ.get("CLB_VERSION") or _version()
    build = Sample("lienthe_build_info", 1, (service, "+".join(sorted(roles)), version, platform.python_version()))

    async def read() -> Sequence[Sample]:
        return [build, Sample("lienthe_loop_lag_seconds", loop.worst)]

    meters.readings.append(read)


class LoopLag:
    """By how much the event loop was late: a small sleep, again and again, measured."""

    def __init__(self) -> None:
        self._late: deque[float] = deque([0.0], maxlen=10)

    @property
    def worst(self) -> float:
        """The most, in the last ten measurements."""
        return max(self._late)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(_TICK)
            self._late.append(max(0.0, time.monotonic() - before - _TICK))


def _version() -> str:
    try:
        return metadata.version("lien-the")
    except metadata.PackageNotFoundError:
        return "unknown"
