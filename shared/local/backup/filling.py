"""Fills empty databases from the dumps of a backup, and holds what is then there against the manifest: rows and heads.

A database is filled in one transaction, and carries a mark until the whole restore has ended: `migrate` refuses it as long, and
another try empties it first. Refuses a database that holds anything else, and one that does not hold what the manifest says.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from shared.kernel.errors import Refused
from shared.local.backup.manifest import LogCopy, damaged
from shared.local.backup.settling import signed_heads
from shared.local.backup.tables import RESTORING, count_rows, schemas, tables
from shared.local.backup.taking import FORGOTTEN, Say
from shared.local.backup.tools import Tools, run_tool


async def require_empty(service: str, connection: Any) -> None:
    """A database with nothing in it, or what an unfinished restore left, which is removed. May raise `Refused`."""
    found = await schemas(connection)
    if RESTORING in found:
        async with connection.transaction():
            for schema in found:
                await connection.execute(f"drop schema {await connection.fetchval('select quote_ident($1)', schema)} cascade")
        found = await schemas(connection)
    held = await tables(connection)
    if found or held:
        name = await connection.fetchval("select current_database()")
        what = (held or found)[0]
        raise Refused(
            "database-not-empty",
            f"Cơ sở dữ liệu {name} của {service} không trống (có {what}): không ghi đè gì cả; hãy tạo cơ sở dữ liệu mới, "
            "hoặc dùng --data-dir mới.",
            f"The database {name} of {service} is not empty (it has {what}): nothing is written over; make a new database, "
            "or use a new --data-dir.",
            status=409,
        )


async def fill(tools: Tools, service: str, connection: Any, url: str, folder: Path, copy: LogCopy, say: Say) -> None:
    """One database, from the folder of a backup. May raise `Refused`: `step-failed`, `backup-damaged`."""
    dump = folder / "databases" / f"{service}.dump"
    await connection.execute(f"create schema {RESTORING}")
    began = asyncio.get_running_loop().time()
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(dump)]
    await run_tool(tools, "pg_restore", url, options, name=f"pg_restore {service}")
    if await signed_heads(connection) != copy.heads:
        raise damaged(f"databases/{dump.name}", "its heads are not those of the manifest")
    rows = await count_rows(connection, besides=FORGOTTEN)
    for table in sorted(set(rows) | set(copy.rows)):
        if rows.get(table) != copy.rows.get(table):
            raise damaged(f"databases/{dump.name}", f"{table}: {rows.get(table)} rows, not {copy.rows.get(table)}")
    seconds = asyncio.get_running_loop().time() - began
    say(f"{service}: {copy.events:,} sự kiện đã phục hồi / events restored, {seconds:.1f} s")
