"""The canonical dump of a build: every row of every table as text, in the order of what identifies it, and its hash.

Two builds that folded the same events, in whatever batches and interleaving, have the same dump, byte for byte. A table is
ordered by its primary key, or by the whole row where it has none; texts by their bytes, whatever the database's collation.
Rows are streamed: memory stays flat.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.kernel.database import Connection

_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class TableDigest:
    """The rows of one table, and the SHA-256 of their lines."""

    table: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Digest:
    """All tables of a build. `sha256` is that of the lines `table rows sha256`, one a table."""

    tables: tuple[TableDigest, ...]

    @property
    def sha256(self) -> str:
        """The hash of everything."""
        lines = "".join(f"{each.table} {each.rows} {each.sha256}\n" for each in self.tables)
        return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that one build has and the other has not, as text."""

    table: str
    only_in: str
    row: str


async def digest(connection: Connection, schema: str) -> Digest:
    """The hash of a schema, inside a transaction of the caller's: what that transaction sees."""
    found: list[TableDigest] = []
    for table in await tables_of(connection, schema):
        sha, rows = hashlib.sha256(), 0
        async for line in lines(connection, schema, table):
            sha.update(line.encode())
            sha.update(b"\n")
            rows += 1
        found.append(TableDigest(table, rows, sha.hexdigest()))
    return Digest(tuple(found))


async def lines(connection: Connection, schema: str, table: str) -> AsyncGenerator[str]:
    """The rows of one table in their order. Times are in UTC whatever the session's zone."""
    await connection.execute("set local timezone to 'UTC'; set local datestyle to 'ISO, YMD'; set local bytea_output to 'hex'")
    order = await _order(connection, schema, table)
    source: Any = connection
    query = f'select t::text as line from "{schema}"."{table}" t order by {order}'  # noqa: S608  names out of the catalogue
    async for row in source.cursor(query, prefetch=_PAGE):
        yield row["line"]


async def differences(connection: Connection, table: str, schemas: Sequence[str], limit: int = 5) -> list[Difference]:
    """The first rows of a table that two schemas do not share, at most `limit` a side, in the order of their text."""
    found: list[Difference] = []
    for one, other in (schemas, schemas[::-1]):
        rows = await connection.fetch(
            f"""select line from (
                select t::text as line from "{one}"."{table}" t
                except all select t::text from "{other}"."{table}" t) as only_here
            order by line collate "C" limit $1""",  # noqa: S608  names of our own tables
            limit,
        )
        found += [Difference(table, one, row["line"]) for row in rows]
    return found


async def tables_of(connection: Connection, schema: str) -> list[str]:
    """The tables of a schema by name."""
    rows = await connection.fetch(
        """select c.relname from pg_class c where c.relnamespace = $1::text::regnamespace and c.relkind = 'r'
        order by c.relname collate "C" """,
        f'"{schema}"',
    )
    return [row["relname"] for row in rows]


async def _order(connection: Connection, schema: str, table: str) -> str:
    rows = await connection.fetch(
        """select a.attname, a.atttypid = 'text'::regtype as is_text
        from pg_index i cross join unnest(i.indkey) with ordinality as k (number, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
        where i.indrelid = $1::text::regclass and i.indisprimary order by k.place""",
        f'"{schema}"."{table}"',
    )
    if not rows:
        return 't::text collate "C"'
    return ", ".join(f'"{row["attname"]}"' + (' collate "C"' if row["is_text"] else "") for row in rows)
