"""The stores of the simulation: memory twins that take time, break, and keep watch over who may move what (I10).

The watch is not the twins' own: it knows who claimed a lane last and asks for nothing else, so a fencing that does not work is
found whatever the twin believes.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from shared.eventlog.memory import MemoryLog
from shared.eventlog.records import LogIdentity
from shared.kafka.identity import Standing
from shared.projections.memory_tables import MemoryDatabase, MemoryTransaction
from shared.relay.memory import MemoryLanes, MemorySession
from shared.relay.ports import Held, Known
from tests.simulator.faults import Faults
from tests.simulator.loop import PROCESS, Process


class SimLanes(MemoryLanes):
    """The relay's store, with sessions that end with their process."""

    def __init__(self, log: MemoryLog, faults: Faults, violations: list[str]) -> None:
        super().__init__(log, self._call)
        self._faults = faults
        self._violations = violations
        self.claimed: dict[int, MemorySession] = {}
        self.sessions: dict[MemorySession, None] = {}

    async def _call(self, call: str) -> None:
        if call != "relay.release":
            await self._faults.slow("relay.slow", 3.0)
            if self._faults.fire("relay.session_cut"):
                raise ConnectionResetError(call)
            if call == "relay.marked" and self._faults.fire("relay.mark_unheard"):
                raise ConnectionResetError(call)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[MemorySession]:
        process = PROCESS.get()
        async with super().session() as plain:
            session = WatchedSession(self, plain, self._violations)
            self.sessions[plain] = None
            process.deaths.append(plain.end)
            try:
                yield session  # type: ignore[misc]
            finally:
                self.sessions.pop(plain, None)

    def restart(self) -> None:
        """The database restarts: every session ends."""
        for session in list(self.sessions):
            session.end()


class WatchedSession:
    """A session whose claims and marks are written down."""

    def __init__(self, lanes: SimLanes, session: MemorySession, violations: list[str]) -> None:
        self._lanes, self._session, self._violations = lanes, session, violations

    async def claim(self, lanes: Iterable[int], holder: str) -> dict[int, Held]:
        before = dict(self._lanes.epochs)
        try:
            return await self._session.claim(lanes, holder)
        finally:
            raised = [lane for lane, epoch in self._lanes.epochs.items() if epoch != before[lane]]
            mine = [lane for lane in raised if self._lanes.holders.get(lane) is self._session]
            self._lanes.claimed.update(dict.fromkeys(mine, self._session))

    async def read(self, held: Mapping[int, Held], limit: int) -> Any:
        return await self._session.read(held, limit)

    async def identity(self) -> LogIdentity:
        return await self._session.identity()

    async def topics(self) -> dict[int, Known]:
        return await self._session.topics()

    async def remember(self, found: Mapping[int, Standing]) -> None:
        await self._session.remember(found)

    async def begin_anew(
        self, found: Mapping[int, Standing], known: Mapping[int, Known], partitions: int, held: Mapping[int, Held]
    ) -> tuple[dict[int, Known], dict[int, Held]]:
        return await self._session.begin_anew(found, known, partitions, held)

    async def mark(
        self, held: Mapping[int, Held], reached: Mapping[int, int], ends: Mapping[int, Known] | None = None
    ) -> dict[int, Held]:
        moved = await self._session.mark(held, reached, ends or {})
        for lane in moved:
            if self._lanes.claimed.get(lane) is not self._session:
                self._violations.append(f"I10: a relay moved lane {lane}, which another had claimed since")
        return moved

    async def release(self, lanes: Iterable[int]) -> None:
        await self._session.release(lanes)


class SimDatabase(MemoryDatabase):
    """The database of the views: slow, cut off, restarted; its transactions end with their process."""

    def __init__(self, faults: Faults, rng: random.Random, violations: list[str], clock: Callable[[], float]) -> None:
        super().__init__(self._call, clock)
        self._faults = faults
        self._violations = violations
        self.claimed: dict[Any, Process] = {}

    async def _call(self, call: str) -> None:
        await self._faults.slow("database.slow")
        if call == "database.committed":
            if self._faults.fire("database.commit_unheard"):
                raise ConnectionResetError(call)
        elif self._faults.fire("database.cut"):
            raise ConnectionResetError(call)

    def made(self) -> MemoryTransaction:
        process = PROCESS.get()
        transaction = WatchedTransaction(self, process, self._violations)
        process.deaths.append(transaction.end)
        return transaction

    def restart(self) -> None:
        """The database restarts: every open transaction is gone."""
        for transaction in list(self.open):
            transaction.end()


class WatchedTransaction(MemoryTransaction):
    """A transaction that says what it did to claims and checkpoints when it commits."""

    def __init__(self, database: SimDatabase, process: Process, violations: list[str]) -> None:
        super().__init__(database)
        self._watch, self._process, self._violations = database, process, violations

    def commit(self) -> None:
        claims = {key for (table, key) in self._layers[0] if table == "epochs"}
        written = {key: row for (table, key), row in self._layers[0].items() if table == "checkpoints" and key not in claims}
        rows = self._watch.rows("checkpoints")
        # Whoever hears a ruling takes a policy back, whoever folds it: that is no move.
        moves = {key for key, row in written.items() if key not in rows or row.position > rows[key].position}
        super().commit()
        claimed = self._watch.claimed
        claimed.update(dict.fromkeys(claims, self._process))
        for key in moves:
            if claimed.get(key, self._process) is not self._process:
                self._violations.append(f"I10: {self._process} moved {key}, which {claimed[key]} had claimed since")
