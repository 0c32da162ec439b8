"""Views in memory: the promises of `Store` over dictionaries, with transactions, savepoints, row locks and merged rows.

One contract suite holds it equal to Postgres. A transaction reads what is committed and what it wrote itself; it commits at one
instant; one that was ended (`end`) has written nothing. It forgets everything with the process, so no service may run on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from shared.kafka.headers import Coordinates
from shared.kafka.record import Partition
from shared.projections.chain import Link
from shared.projections.checkpoints import Claim, Lane, Moved, Stands, lanes_of
from shared.projections.store import Kept, Parked, SetAside
from shared.projections.view import Delivered, View
from shared.relay.memory import Calling, at_once

Combine = Callable[[Any, Any], Any]
Row = tuple[str, Any]
"""Table and key."""

_GONE: Any = object()
_NO_ROW = Moved(0, 0, 0, None, None)


class MemoryDatabase:
    """Tables of rows, and who has locked which row."""

    def __init__(self, calling: Calling = at_once) -> None:
        self.calling = calling
        self.tables: dict[str, dict[Any, Any]] = {}
        self.open: dict[MemoryTransaction, None] = {}
        self._locks: dict[Row, MemoryTransaction] = {}
        self._waiting: list[asyncio.Future[None]] = []

    def rows(self, table: str) -> dict[Any, Any]:
        """A table, as committed."""
        return self.tables.setdefault(table, {})

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[MemoryTransaction]:
        """Commits when the context ends without a raise."""
        await self.calling("database.begin")
        transaction = self.made()
        self.open[transaction] = None
        try:
            yield transaction
            await self.calling("database.commit")
            transaction.commit()
            await self.calling("database.committed")
        finally:
            transaction.end()

    def made(self) -> MemoryTransaction:
        """A fresh transaction; a simulator makes one that it watches."""
        return MemoryTransaction(self)

    async def take(self, holder: MemoryTransaction, rows: Iterable[Row]) -> None:
        """Lock rows one after the other, each as soon as nobody else has it."""
        for row in rows:
            while self._locks.setdefault(row, holder) is not holder:
                freed = asyncio.get_running_loop().create_future()
                self._waiting.append(freed)
                await freed
                holder.alive()

    def free(self, holder: MemoryTransaction) -> None:
        """Let go of all that a transaction had locked."""
        self.open.pop(holder, None)
        for row in [row for row, by in self._locks.items() if by is holder]:
            del self._locks[row]
        waiting, self._waiting = self._waiting, []
        for freed in waiting:
            if not freed.done():
                freed.set_result(None)


class MemoryTransaction:
    """What one transaction has written so far, in layers: one for itself, one for each open savepoint."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._layers: list[dict[Row, Any]] = [{}]
        self._merges: list[list[tuple[Row, Any, Combine]]] = [[]]
        self._ended = False

    def alive(self) -> None:
        """May raise `ConnectionResetError`: the session was ended."""
        if self._ended:
            raise ConnectionResetError("the session was ended")

    def end(self) -> None:
        """Undo what is not committed, and let go of the locks."""
        self._ended = True
        self._database.free(self)

    def get(self, table: str, key: Any, default: Any = None) -> Any:
        """A row, as this transaction sees it."""
        for layer in reversed(self._layers):
            if (found := layer.get((table, key), default)) is not default:
                return default if found is _GONE else found
        return self._database.rows(table).get(key, default)

    def put(self, table: str, key: Any, value: Any) -> None:
        """Write a row."""
        self.alive()
        self._layers[-1][table, key] = value

    def drop(self, table: str, key: Any) -> None:
        """Delete a row."""
        self.put(table, key, _GONE)

    def merge(self, table: str, key: Any, value: Any, combine: Combine) -> None:
        """Combine a value with the row as it is when the transaction commits: what many lanes add to at once."""
        self.alive()
        self._merges[-1].append(((table, key), value, combine))

    def scan(self, table: str) -> dict[Any, Any]:
        """All rows of a table, as this transaction sees them."""
        found = dict(self._database.rows(table))
        for layer in self._layers:
            for (of, key), value in layer.items():
                if of == table:
                    found[key] = value
        return {key: value for key, value in found.items() if value is not _GONE}

    async def lock(self, table: str, keys: Iterable[Any]) -> None:
        """Lock rows, in the order given, to the end of the transaction."""
        await self._database.take(self, [(table, key) for key in keys])

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """What is written inside is undone if it raises."""
        self._layers.append({})
        self._merges.append([])
        try:
            yield
        except BaseException:
            self._layers.pop()
            self._merges.pop()
            raise
        self._layers[-2].update(self._layers.pop())
        self._merges[-2].extend(self._merges.pop())

    def commit(self) -> None:
        """Everything at one instant."""
        self.alive()
        for (table, key), value in self._layers[0].items():
            if value is _GONE:
                self._database.rows(table).pop(key, None)
            else:
                self._database.rows(table)[key] = value
        for (table, key), value, combine in self._merges[0]:
            rows = self._database.rows(table)
            rows[key] = combine(rows[key], value) if key in rows else value
        self.end()


class MemoryStores:
    """The transactions of one memory database. A view's `apply` is given the `MemoryTransaction` where it expects one."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database

    @asynccontextmanager
    async def transaction(self, view: View) -> AsyncGenerator[MemoryStore]:
        """See `Stores.transaction`."""
        async with self.database.transaction() as transaction:
            yield MemoryStore(transaction, view, self.database.calling)

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

    def __init__(self, transaction: MemoryTransaction, view: View, calling: Calling) -> None:
        self._transaction = transaction
        self._view = view
        self._calling = calling
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
        new = 0
        for one in records:
            where = (one.record.topic, one.record.partition, one.record.offset)
            if self._transaction.get("set_aside", where) is None:
                self._transaction.put("set_aside", where, one)
                new += 1
        return new

    async def move(self, moved: Mapping[Lane, Moved], links: Mapping[Lane, Sequence[Link]]) -> None:
        """See `Store.move`."""
        await self._calling("projector.move")
        for lane, added in links.items():
            self._transaction.put("links", (*lane, added[0].position), tuple(added))
        for lane, one in moved.items():
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
