"""An event loop without a clock and without I/O: virtual time, and a seeded choice of which process takes the next step.

Everything that runs belongs to a process (a context variable that tasks inherit). Steps of one process keep their order, those
of different processes come in any order that the seed gives. A process that is killed never takes another step: no `finally`
of it runs, as after SIGKILL. One that is paused takes none until it goes on, as after SIGSTOP.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")


class Process:
    """Something that takes steps, and can be killed or paused."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.paused = False
        self.listed = False
        """Whether the loop has it among those that can take a step."""
        self.steps: deque[asyncio.Handle] = deque()
        self.deaths: list[Callable[[], None]] = []
        """What the rest of the world notices when it dies: sessions end, requests are cut."""

    def __repr__(self) -> str:
        return self.name


OUTSIDE = Process("outside")
PROCESS: ContextVar[Process] = ContextVar("process", default=OUTSIDE)


class TooLong(Exception):
    """More steps than any seed should need: something runs in a circle without letting time pass."""


class SimLoop(asyncio.AbstractEventLoop):
    """Runs one coroutine to its end. All randomness is the seed's."""

    def __init__(self, rng: random.Random, most_steps: int = 400_000) -> None:
        self._rng = rng
        self._time = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = 0
        self._ready: list[Process] = []
        self._left = most_steps
        self._outside = Process("outside")
        self._tasks: list[asyncio.Task[Any]] = []
        self._processes: list[Process] = [self._outside]
        self.failures: list[dict[str, Any]] = []

    def time(self) -> float:
        return self._time

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._give(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        return self.call_at(self._time + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._numbers += 1
        heapq.heappush(self._timers, (when, self._numbers, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(context)

    def spawn(self, process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start work in a process."""
        if process not in self._processes:
            self._processes.append(process)
        context = copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(work, context=context)

    def kill(self, process: Process) -> None:
        """SIGKILL."""
        if process.dead:
            return
        process.dead = True
        for death in process.deaths:
            death()

    def pause(self, process: Process) -> None:
        """SIGSTOP."""
        process.paused = True

    def go_on(self, process: Process) -> None:
        """SIGCONT."""
        process.paused = False
        self._list(process)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run until the coroutine ends; answers what it answers."""
        asyncio._set_running_loop(self)
        try:
            task = self.spawn(self._outside, work)
            while not task.done():
                self._step()
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def end(self) -> None:
        """After everything was looked at: let every task, also of the dead, come to its end, so that nothing is left over."""
        asyncio._set_running_loop(self)
        try:
            self._left = 20_000
            for process in self._processes:
                process.dead = process.paused = False
                self._list(process)
            for task in self._tasks:
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                task.cancel()
            while not all(task.done() for task in self._tasks) and (self._ready or self._timers):
                self._step()
            for task in self._tasks:
                if task.done() and not task.cancelled():
                    task.exception()
        except TooLong:
            return
        finally:
            asyncio._set_running_loop(None)

    def _give(self, handle: asyncio.Handle) -> None:
        process = handle._context.get(PROCESS, self._outside)  # type: ignore[attr-defined]
        if process is OUTSIDE:
            process = self._outside
        process.steps.append(handle)
        if not process.listed:
            self._list(process)

    def _list(self, process: Process) -> None:
        if process.steps and not (process.listed or process.dead or process.paused):
            process.listed = True
            self._ready.append(process)

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooLong(f"at {self._time:.3f} s")
        while not self._ready:
            self._advance()
        place = int(self._rng.random() * len(self._ready))
        process = self._ready[place]
        if process.dead or process.paused or not process.steps:
            self._drop(place)
            return
        handle = process.steps.popleft()
        if not process.steps:
            self._drop(place)
        if not handle.cancelled():
            handle._run()

    def _drop(self, place: int) -> None:
        self._ready[place].listed = False
        self._ready[place] = self._ready[-1]
        self._ready.pop()

    def _advance(self) -> None:
        """To the next instant at which something is due."""
        if not self._timers:
            raise TooLong("nothing is due any more")
        when = self._timers[0][0]
        self._time = max(self._time, when)
        while self._timers and self._timers[0][0] <= when:
            handle = heapq.heappop(self._timers)[2]
            if not handle.cancelled():
                self._give(handle)
