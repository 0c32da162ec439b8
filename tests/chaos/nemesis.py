"""What is done to the stack, one after the other: kill -9, SIGSTOP, an immediate stop of Postgres; lies on Kafka (`liar`); lost
topics, a wiped broker, databases that go back in time (`losses`).

Two things are kept from coinciding. A record that follows and is not the log's cannot be told from a loss by whoever meets the
database anew (docs/adr/0018): so PostgreSQL is not restarted, and no database restored, before each good forgery is known to be
one. And what was neither dumped nor published cannot come back: so no database is restored before the topics are whole.

It keeps books of each kind, and starts again what it has ended, after a while, as a supervisor would; what ended by itself is
started again too and counted apart.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

import asyncpg

from shared.kernel.errors import Refused
from shared.local.kafka import Kafka
from shared.local.postgres import Postgres
from shared.local.process import Child
from tests.chaos.client import Client
from tests.chaos.liar import Liar
from tests.chaos.losses import Losses
from tests.system.world import World

ROLES = {
    "command service": "clubs.serve",
    "relay": "clubs.relay",
    "trainings (all roles)": "trainings.all",
    "reporting service": "reporting.serve",
    "projector": "reporting.project",
}

_SETTLED_SECONDS = 40
"""So long a fault waits until good forgeries are known; then another comes first."""


class Nemesis:
    """One campaign's faults."""

    def __init__(self, world: World, client: Client, rng: random.Random, say: Callable[[str], None]) -> None:
        self._world = world
        self._rng = rng
        self._say = say
        self.done: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        """What could not be done when it was to be."""
        self.by_itself: Counter[str] = Counter()
        self._expected: set[str] = set()
        self.liar = Liar(world, rng)
        self.losses = Losses(world, client, rng, say, self._expected, self.liar)
        self._faults: list[tuple[str, float, Callable[[], Awaitable[bool | None]]]] = [
            *((f"kill -9 {kind}", 1.5, self._killing(name)) for kind, name in ROLES.items()),
            *((f"SIGSTOP {kind}", 0.5, self._stopping(name)) for kind, name in ROLES.items()),
            ("kill -9 broker", 1.0, self._broker),
            ("SIGSTOP broker", 0.7, self._broker_paused),
            ("Postgres immediate stop", 1.0, self._once_settled(self._postgres)),
            ("kill -9 everything at once", 0.7, self._once_settled(self._everything)),
            *((kind, weight, partial(self.liar.tell, kind)) for kind, weight, _ in self.liar.good),
            ("topics deleted and made anew", 1.0, self.losses.topic_anew),
            ("broker wiped", 0.7, partial(self.losses.broker_wiped, self._revive_broker)),
            ("database restored", 1.5, self._once_settled(self.losses.database_restored)),
            ("database restored without Kafka, and written to", 1.0, self._once_settled(self._forked)),
        ]

    async def strike(self, kind: str) -> None:
        """One fault of this kind, if it can be done now."""
        began = time.monotonic()
        done = await next(fault[2] for fault in self._faults if fault[0] == kind)()
        self._say(f"  {kind}{': not now' if done is False else ''} ({time.monotonic() - began:.1f} s)")
        if done is False:
            self.skipped[kind] += 1
        else:
            self.done[kind] += 1

    async def rage(self, stop: asyncio.Event, first: Sequence[str] = ()) -> None:
        """One fault after the other, these first, until told to stop; then everything runs again."""
        beside = [asyncio.create_task(self._keep()), asyncio.create_task(self._lie(stop))]
        kinds, weights = [fault[0] for fault in self._faults], [fault[1] for fault in self._faults]
        try:
            planned = list(first)
            while not stop.is_set():
                await self.strike(planned.pop(0) if planned else self._rng.choices(kinds, weights)[0])
                try:
                    await asyncio.wait_for(stop.wait(), 0.3 + self._rng.random() * 3)
                except TimeoutError:
                    continue
        finally:
            beside[0].cancel()
            await beside[1]
            for name, child in self._world.children.items():
                if child.exit_code() is not None:
                    self._world.start(name)

    def _once_settled(self, act: Callable[[], Awaitable[bool | None]]) -> Callable[[], Awaitable[bool | None]]:
        """Only when no good forgery is open any more."""

        async def when_settled() -> bool | None:
            for _ in range(_SETTLED_SECONDS):
                with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    if await self.liar.settled():
                        return await act()
                await asyncio.sleep(1)
            return False

        return when_settled

    async def _forked(self) -> bool:
        def stop() -> None:
            assert self._world.kafka.child is not None
            self._world.murder(self._world.kafka.child)

        return await self.losses.forked(stop, self._revive_broker)

    async def _revive_broker(self) -> None:
        await self._revive(self._world.kafka)

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

    async def _lie(self, stop: asyncio.Event) -> None:
        """Strangers do not wait for other faults. What follows is told apart, one after the other with them."""
        kinds, weights = [lie[0] for lie in self.liar.plain], [lie[1] for lie in self.liar.plain]
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5 + self._rng.random() * 4)
                return
            (kind,) = self._rng.choices(kinds, weights)
            (self.done if await self.liar.tell(kind) else self.skipped)[kind] += 1

    async def _keep(self) -> None:
        """As a supervisor: what has ended by itself is started again."""
        while True:
            await asyncio.sleep(0.5)
            for name, child in list(self._world.children.items()):
                if child.exit_code() is not None and name not in self._expected:
                    self.by_itself[f"{name} ended with {child.exit_code()}"] += 1
                    self._world.start(name)
