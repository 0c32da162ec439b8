"""What is kept of recoveries: each run with what it did, what no longer fitted, what a process knows to be missing, and
which database was held against its topic already (a restored copy of that row is of another database).

It stands in a schema of its own, since a recovery may put another schema `log` in the old one's place. The service's role may
read all of it, and say what it misses.
"""

from __future__ import annotations

from shared.kernel.database import Connection

_TABLES = """
create schema if not exists recovery;
create table if not exists recovery.runs (
    run bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    accepted boolean not null,
    old_log text,
    report text not null
);
create table if not exists recovery.left_over (
    run bigint not null, lane smallint not null, position bigint not null,
    event_id uuid not null, command_id uuid not null, stream text not null, version integer not null, type text not null,
    schema_version smallint not null, recorded_at timestamptz not null, actor text not null, data text not null,
    why_vi text not null, why_en text not null,
    primary key (run, lane, position)
);
create table if not exists recovery.missed (
    lane smallint not null, position bigint not null, hash bytea, by text not null,
    seen_at timestamptz not null default clock_timestamp(),
    run bigint,
    primary key (lane, position, by)
);
create table if not exists recovery.compared (
    started timestamptz not null, database oid not null, events oid not null, run bigint not null,
    at timestamptz not null default clock_timestamp(),
    primary key (started, database, events, run)
);
"""


async def install(connection: Connection, app_role: str) -> None:
    """Create what is missing, by the owner. Repeatable."""
    await connection.execute(_TABLES)
    await connection.execute(
        f"""
        grant usage on schema recovery to "{app_role}";
        grant select on all tables in schema recovery to "{app_role}";
        grant insert on recovery.missed, recovery.compared to "{app_role}";
        """
    )
