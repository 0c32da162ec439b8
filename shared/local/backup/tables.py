"""The tables of a database: how many rows each has, and whether there are any at all. Own tables only, not the server's."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

RESTORING: Final = "restoring"
"""The schema that marks a database whose restore has not ended."""

_TABLES = """
select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', $1)
  and n.nspname not like 'pg\\_toast%' and n.nspname not like 'pg\\_temp%'
order by 1
"""


async def tables(connection: Any) -> list[str]:
    """Every table, by its quoted name with the schema."""
    return [str(row["name"]) for row in await connection.fetch(_TABLES, RESTORING)]


async def count_rows(connection: Any, *, besides: Collection[str] = ()) -> dict[str, int]:
    """The rows of every table."""
    return {
        name: int(await connection.fetchval(f"select count(*) from {name}"))  # noqa: S608  quoted by the server
        for name in await tables(connection)
        if name not in besides
    }


async def schemas(connection: Any) -> list[str]:
    """Every schema that somebody made, by its plain name."""
    rows = await connection.fetch(
        "select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')"
    )
    return [str(row["nspname"]) for row in rows]
