"""The tables of feeds: numbered messages, and a counter a feed. Installed by the owner; the service adds and reads."""

from __future__ import annotations

from shared.kernel.database import Connection


async def install(connection: Connection, app_role: str) -> None:
    """Create what is missing. Repeatable."""
    await connection.execute(
        f"""
        create schema if not exists projection;
        create table if not exists projection.feed_heads (
            feed text primary key,
            seq bigint not null
        ) with (fillfactor = 20);
        create table if not exists projection.feed (
            feed text not null,
            seq bigint not null,
            kind text not null,
            payload text not null,
            appended_at timestamptz not null default clock_timestamp(),
            primary key (feed, seq)
        );
        grant usage on schema projection to "{app_role}";
        grant select, insert, update on projection.feed_heads to "{app_role}";
        grant select, insert, delete on projection.feed to "{app_role}";
        """
    )
