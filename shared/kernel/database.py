"""What code asks of a Postgres connection and a pool, as protocols: `asyncpg` has no type stubs of its own.

Pure: nothing is opened here. `asyncpg.Connection` and `asyncpg.Pool` satisfy both, and a connection out of a pool too.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Connection(Protocol):
    """One session with Postgres. Rows are read by column name."""

    async def execute(self, query: str, *args: Any) -> str:
        """Run a statement (several, if there are no arguments); answers the status line."""
        ...

    async def executemany(self, command: str, args: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of arguments, all or none."""
        ...

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """All rows."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """The first row or None."""
        ...

    async def fetchval(self, query: str, *args: Any, column: int = 0) -> Any:
        """One value of the first row or None."""
        ...

    async def copy_records_to_table(
        self,
        table_name: str,
        *,
        records: Iterable[Sequence[Any]],
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> str:
        """COPY rows into a table."""
        ...

    async def copy_to_table(
        self,
        table_name: str,
        *,
        source: AsyncIterable[bytes],
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> str:
        """COPY lines of Postgres's text format into a table."""
        ...

    def transaction(self, *, isolation: str | None = None, readonly: bool = False) -> AbstractAsyncContextManager[Any]:
        """A transaction; inside another one, a savepoint."""
        ...


class Pool(Protocol):
    """A pool of sessions."""

    def acquire(self) -> Any:
        """`async with pool.acquire() as connection`."""
        ...
