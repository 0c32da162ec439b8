"""Views in memory: the promises of `Store` over tables in this process. One contract suite holds it equal to Postgres.

It forgets everything with the process, so no service may run on it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from shared.kafka.headers import Coordinates
from shared.kafka.record import Partition
from shared.projections.checkpoints import Claim, Lane, Moved, Stands, lanes_of
from shared.projections.links import Link
from shared.projections.memory_tables import MemoryDatabase, MemoryTransaction
from shared.projections.store import Kept, Parked, SetAside
from shared.projections.view import Delivered, View
from shared.relay.memory import Calling

_NO_ROW = Moved(0, 0, 0, None, None)


class MemoryStores:
    """The transactions of one memory database. A view's `apply` is given the `MemoryTransaction` where it expects one."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database

    @asynccontextmanager
    async def transaction(self, view: View) -> AsyncGenerator[MemoryStore]:
        """See `Stores.transaction`."""
        async with self.database.transaction() as transaction:
            yield MemoryStore(transaction, view, self.database)

    async def claim(self, view: View, partitions: Sequence[Partition]) -> Claim:
        """See `Stores.claim`."""
        lanes = lanes_of(partitions)
        key = (view.name, view.version)
        async with self.database.transaction() as transaction:
            await transaction.lock("checkpoints", [(*key, *lane) for lane in lanes])
            claimed: dict[Lane, Stands] = {}
            for lane in lanes:
                found = transaction.get("epochs", (*key, *lane), 0) + 1
                transaction.put("epochs", (*key, *lane), found)
                claimed[lane] = Stands(transaction.get("checkpoints", (*key, *lane), _NO_ROW).position, found, None)
            offsets = transaction.scan("offsets")
        return Claim(
            {lane: stands.position for lane, stands in claimed.items()},
            {lane: stands.epoch for lane, stands in claimed.items()},
            {where: offset for (*of, where), offset in offsets.items() if tuple(of) == key},
        )


class MemoryStore:
    """One transaction of one view."""

    def __init__(self, transaction: MemoryTransaction, view: View, database: MemoryDatabase) -> None:
        self._transaction = transaction
        self._view = view
        self._calling: Calling = database.calling
        self._clock = database.clock
        self._key = (view.name, view.version)

    async def ensure(self, lanes: Sequence[Lane]) -> None:
        """See `Store.ensure`."""
        for lane in lanes:
            if self._transaction.get("checkpoints", (*self._key, *lane)) is None:
                self._transaction.put("checkpoints", (*self._key, *lane), _NO_ROW)

    async def lock(self, lanes: Sequence[Lane]) -> dict[Lane, Stands]:
        """See `Store.lock`."""
        await self._calling("projector.lock")
        await self._transaction.lock("checkpoints", [(*self._key, *lane) for lane in lanes])
        found: dict[Lane, Stands] = {}
        for lane in lanes:
            row = self._transaction.get("checkpoints", (*self._key, *lane))
            epoch = self._transaction.get("epochs", (*self._key, *lane))
            if row is not None or epoch is not None:
                found[lane] = Stands(row.position if row else 0, epoch or 0, row.head if row else None)
        return found

    async def waiting(self) -> dict[str, int]:
        """See `Store.waiting`."""
        first: dict[str, int] = {}
        for parked in self._parked():
            first[parked.stream] = min(parked.at.position, first.get(parked.stream, parked.at.position))
        return first

    async def enter(self) -> None:
        """See `Store.enter`: a view in memory names its own tables."""

    def savepoint(self) -> AbstractAsyncContextManager[Any]:
        """See `Store.savepoint`."""
        return self._transaction.savepoint()

    async def apply(self, events: Sequence[Delivered]) -> None:
        """See `Store.apply`."""
        await self._calling("projector.apply")
        await self._view.apply(cast("Any", self._transaction), events)

    async def park(self, parked: Sequence[Parked]) -> None:
        """See `Store.park`."""
        for one in parked:
            if self._transaction.get("parked", (*self._key, *one.at)) is not None:
                raise ValueError(f"{one.at} is parked already")
            self._transaction.put("parked", (*self._key, *one.at), one)

    async def set_aside(self, records: Sequence[SetAside]) -> int:
        """See `Store.set_aside`."""
        return keep_aside(self._transaction, records)

    async def move(self, moved: Mapping[Lane, Moved], links: Mapping[Lane, Sequence[Link]]) -> None:
        """See `Store.move`."""
        await self._calling("projector.move")
        for lane, added in links.items():
            self._transaction.put("links", (*lane, added[0].position), tuple(added))
        for lane, one in moved.items():
            self._transaction.put("moved", lane, self._clock())
            before: Moved = self._transaction.get("checkpoints", (*self._key, *lane), _NO_ROW)
            self._transaction.put(
                "checkpoints",
                (*self._key, *lane),
                replace(
                    one,
                    unknown=before.unknown + one.unknown,
                    parked=before.parked + one.parked,
                    recorded_at=one.recorded_at or before.recorded_at,
                ),
            )

    async def move_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """See `Store.move_offsets`."""
        for where, offset in offsets.items():
            self._transaction.put("offsets", (*self._key, where), offset)

    async def lanes_of(self, stream: str) -> list[Lane]:
        """See `Store.lanes_of`."""
        return list({(one.at.source, one.at.lane) for one in self._parked() if one.stream == stream})

    async def kept(self, stream: str) -> list[Kept]:
        """See `Store.kept`."""
        waiting = sorted((one for one in self._parked() if one.stream == stream), key=lambda one: one.at)
        return [Kept(one.at, one.record.value, dict(one.record.headers)) for one in waiting]

    async def unpark(self, at: Coordinates) -> None:
        """See `Store.unpark`."""
        self._transaction.drop("parked", (*self._key, *at))

    async def still(self, at: Coordinates, reason: str) -> None:
        """See `Store.still`."""
        parked: Parked = self._transaction.get("parked", (*self._key, *at))
        self._transaction.put("parked", (*self._key, *at), replace(parked, reason=reason, poison=True))

    def _parked(self) -> list[Parked]:
        size = len(self._key)
        return [one for key, one in self._transaction.scan("parked").items() if key[:size] == self._key]


def keep_aside(transaction: MemoryTransaction, records: Sequence[SetAside]) -> int:
    """See `Store.set_aside`."""
    new = 0
    for one in records:
        where = (one.record.topic, one.record.partition, one.record.offset)
        before: SetAside | None = transaction.get("set_aside", where)
        if before is None or before.record != one.record:
            transaction.put("set_aside", where, one)
            new += 1
    return new
