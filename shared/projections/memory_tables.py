"""Tables in memory with what a database promises: transactions, savepoints, row locks and rows that are merged at commit.

A transaction reads what is committed and what it wrote itself; it commits at one instant; one that was ended (`end`) has
written nothing. Everything is forgotten with the process, so no service may run on it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from shared.relay.memory import Calling, at_once

Combine = Callable[[Any, Any], Any]
Row = tuple[str, Any]
"""Table and key."""

_GONE: Any = object()


class MemoryDatabase:
    """Tables of rows, and who has locked which row."""

    def __init__(self, calling: Calling = at_once, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since 1970."""
        self.calling = calling
        self.clock = clock
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
