"""What listeners wait at: an event that happens once, and a time limit.

Measured: `asyncio.timeout` around an `asyncio.Event` asks four times which loop is running, and until Python 3.12 each of that
is a call of the operating system, which together was half of what a message to a listener cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


class Bell:
    """Rings once, for everybody."""

    __slots__ = ("_loop", "_rung", "_waiting")

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = False
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def ring(self) -> None:
        """Wake everybody who waits, and whoever will wait."""
        self._rung = True
        for waiter in self._waiting:
            _end(waiter)

    async def wait(self, seconds: float) -> None:
        """Wait until it rings, so long at most."""
        if self._rung:
            return
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiting.add(waiter)
        limit = self._loop.call_later(seconds, _end, waiter)
        try:
            await waiter
        finally:
            limit.cancel()
            self._waiting.discard(waiter)


class Limit:
    """A time limit on one awaited thing after another, in one task."""

    __slots__ = ("_exceeded", "_loop", "_seconds", "_task")

    def __init__(self, seconds: float) -> None:
        """To be made in the task that it limits."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("there is no task to limit")
        self._task = task
        self._loop = task.get_loop()
        self._seconds = seconds
        self._exceeded = False

    async def on(self, one: Awaitable[None]) -> None:
        """Await something. Raises `TimeoutError` when it took too long."""
        self._exceeded, before = False, self._task.cancelling()
        limit = self._loop.call_later(self._seconds, self._exceed)
        try:
            await one
        except asyncio.CancelledError:
            if self._exceeded and self._task.uncancel() <= before:
                raise TimeoutError from None
            raise
        finally:
            limit.cancel()

    def _exceed(self) -> None:
        self._exceeded = True
        self._task.cancel()


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
