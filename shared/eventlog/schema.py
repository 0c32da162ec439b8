"""Installs the log in a database: tables, functions, triggers and the rights of the service's own role.

It may be run any number of times, by the owner. The service's role may read and may call `log.append`; it may not insert,
update, delete or truncate anything. Triggers refuse changes of events and answers to the owner too.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

_FILES = ("tables", "canonical", "refuse_change", "end_simulation", "append")
_INSTALL_LOCK = 0x4C54_0001
_FROZEN = ("events", "commands")


async def install(connection: Any, app_role: str, *, simulated: bool = False) -> None:
    """Install or bring up to date. `simulated` marks a new log as one that accepts recorded times passed in; a log that
    exists keeps what it is. `connection` is the owner's."""
    folder = files("shared.eventlog") / "sql"
    role: str = await connection.fetchval("select quote_ident($1)", app_role)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _INSTALL_LOCK)
        for name in _FILES:
            await connection.execute((folder / f"{name}.sql").read_text(encoding="utf-8"))
        await connection.execute("insert into log.meta (simulated) values ($1) on conflict do nothing", simulated)
        for table in _FROZEN:
            await connection.execute(_freeze(table))
        await connection.execute(f"""
            revoke all on all functions in schema log from public;
            revoke all on all tables in schema log from {role};
            grant usage on schema log to {role};
            grant select on all tables in schema log to {role};
            grant execute on function log.append to {role};
        """)


async def simulated_clock(connection: Any) -> bool:
    """Whether the log of this database accepts recorded times that are passed in."""
    return bool(await connection.fetchval("select simulated from log.meta"))


async def end_simulation(connection: Any) -> None:
    """From now on the clock is real, for ever. `connection` is the owner's."""
    await connection.execute("select log.end_simulation()")


def _freeze(table: str) -> str:
    return f"""
        create or replace trigger refuse_change before update or delete on log.{table}
            for each row execute function log.refuse_change();
        create or replace trigger refuse_truncate before truncate on log.{table}
            for each statement execute function log.refuse_change();
    """
