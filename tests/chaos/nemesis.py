"""What is done to the stack: kill -9, SIGSTOP, an immediate stop of Postgres, one at a time or everything at once.

It keeps books of each kind, and starts again what it has ended, after a while, as a supervisor would; what ended by itself is
started again too and counted apart.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable

from shared.kernel.errors import Refused
from shared.local.kafka import Kafka
from shared.local.postgres import Postgres
from shared.local.process import Child
from tests.system.world import World

ROLES = {
    "command service": "clubs.serve",
    "relay": "clubs.relay",
    "trainings (all roles)": "trainings.all",
    "reporting service": "reporting.serve",
    "projector": "reporting.project",
}


class Nemesis:
    """One campaign's faults."""

    def __init__(self, world: World, rng: random.Random, say: Callable[[str], None]) -> None:
        self._world = world
        self._rng = rng
        self._say = say
        self.done: Counter[str] = Counter()
        self.by_itself: Counter[str] = Counter()
        self._expected: set[str] = set()
        self._faults: list[tuple[str, float, Callable[[], Awaitable[None]]]] = [
            *((f"kill -9 {kind}", 3.0, self._killing(name)) for kind, name in ROLES.items()),
            *((f"SIGSTOP {kind}", 1.0, self._stopping(name)) for kind, name in ROLES.items()),
            ("kill -9 broker", 1.0, self._broker),
            ("SIGSTOP broker", 0.7, self._broker_paused),
            ("Postgres immediate stop", 1.5, self._postgres),
            ("kill -9 everything at once", 1.0, self._everything),
        ]

    async def rage(self, stop: asyncio.Event) -> None:
        """One fault after the other, until told to stop; then everything runs again."""
        keeper = asyncio.create_task(self._keep())
        kinds, weights = [fault[0] for fault in self._faults], [fault[1] for fault in self._faults]
        try:
            while not stop.is_set():
                (kind,) = self._rng.choices(kinds, weights)
                self._say(f"  {kind}")
                self.done[kind] += 1
                await next(fault[2] for fault in self._faults if fault[0] == kind)()
                try:
                    await asyncio.wait_for(stop.wait(), 0.5 + self._rng.random() * 4)
                except TimeoutError:
                    continue
        finally:
            keeper.cancel()
            for name, child in self._world.children.items():
                if child.exit_code() is not None:
                    self._world.start(name)

    def _killing(self, name: str) -> Callable[[], Awaitable[None]]:
        async def kill() -> None:
            self._expected.add(name)
            self._world.kill(name)
            await asyncio.sleep(self._rng.random() * 3)
            self._world.start(name)
            self._expected.discard(name)

        return kill

    def _stopping(self, name: str) -> Callable[[], Awaitable[None]]:
        async def pause() -> None:
            await self._pause(self._world.children[name], 1 + self._rng.random() * 9)

        return pause

    async def _broker(self) -> None:
        assert self._world.kafka.child is not None
        self._world.murder(self._world.kafka.child)
        await asyncio.sleep(self._rng.random() * 3)
        await self._revive(self._world.kafka)

    async def _broker_paused(self) -> None:
        assert self._world.kafka.child is not None
        await self._pause(self._world.kafka.child, 1 + self._rng.random() * 6)

    async def _postgres(self) -> None:
        """SIGQUIT to the postmaster is an immediate stop: no checkpoint, recovery from the write-ahead log."""
        child = self._world.postgres.child
        assert child is not None
        os.kill(child.pid, signal.SIGQUIT)
        await child.finished()
        await asyncio.sleep(self._rng.random() * 2)
        await self._revive(self._world.postgres)

    async def _everything(self) -> None:
        world = self._world
        assert world.kafka.child is not None
        assert world.postgres.child is not None
        names = list(world.children)
        self._expected.update(names)
        for child in (*world.children.values(), world.kafka.child, world.postgres.child):
            os.kill(child.pid, signal.SIGKILL)
        for child in (*world.children.values(), world.kafka.child, world.postgres.child):
            await child.finished()
        await asyncio.sleep(self._rng.random() * 2)
        self._rng.shuffle(names)
        for name in names:
            world.start(name)
        await asyncio.gather(self._revive(world.kafka), self._revive(world.postgres))
        self._expected.difference_update(names)

    async def _revive(self, server: Kafka | Postgres) -> None:
        """A machine that is busy otherwise may be too slow for a start; may raise `Refused` the third time."""
        for attempt in (1, 2, 3):
            try:
                await server.start()
            except Refused as failure:
                self._say(f"  did not start: {failure.slug}")
                self.by_itself[f"{type(server).__name__} did not start in time"] += 1
                if attempt == 3:
                    raise
            else:
                return

    async def _pause(self, child: Child, seconds: float) -> None:
        if child.exit_code() is None:
            os.kill(child.pid, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            os.kill(child.pid, signal.SIGCONT)

    async def _keep(self) -> None:
        """As a supervisor: what has ended by itself is started again."""
        while True:
            await asyncio.sleep(0.5)
            for name, child in list(self._world.children.items()):
                if child.exit_code() is not None and name not in self._expected:
                    self.by_itself[f"{name} ended with {child.exit_code()}"] += 1
                    self._world.start(name)
