"""The canonical dump of the view: every row of every table as text, in the order of what identifies it.

Two views that folded the same events, in whatever batches and interleaving, have the same dump, byte for byte.
"""

from __future__ import annotations

import hashlib

from services.reporting.ledger.tables import ORDERED
from shared.kernel.database import Connection


async def dump(connection: Connection) -> bytes:
    """All rows; `search_path` must be the view's schema. Times are in UTC whatever the session's zone."""
    await connection.execute("set local timezone to 'UTC'")
    lines: list[str] = []
    for table, order in ORDERED.items():
        query = f"select t::text as line from {table} t order by {order}"  # noqa: S608 - names of our own tables, no value
        rows = await connection.fetch(query)
        lines.append(f"-- {table} {len(rows)}")
        lines.extend(row["line"] for row in rows)
    return "\n".join(lines).encode()


async def digest(connection: Connection) -> str:
    """The SHA-256 of the dump, for certificates."""
    return hashlib.sha256(await dump(connection)).hexdigest()
