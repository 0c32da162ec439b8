"""The relay's tables: how far each lane is published, and under which epoch its holder may say so; which partitions of the
topic hold it, up to which offset; what was recovered, and what verifications of the log have found."""

from __future__ import annotations

from shared.kernel.database import Connection
from shared.kernel.lanes import LANES
from shared.relay import verifications
from shared.relay.recovery import schema as recovery_schema


async def install(connection: Connection, app_role: str) -> None:
    """Create what is missing, by the owner; the service's role may read and move checkpoints. Repeatable."""
    await connection.execute(
        f"""
        create schema if not exists relay;
        create table if not exists relay.lanes (
            lane smallint primary key check (lane between 0 and {LANES - 1}),
            position bigint not null default 0,
            epoch bigint not null default 0,
            holder text,
            claimed_at timestamptz,
            moved_at timestamptz
        ) with (fillfactor = 20);
        insert into relay.lanes (lane) select generate_series(0, {LANES - 1}) on conflict do nothing;
        create table if not exists relay.topics (
            partition smallint primary key,
            identity text not null,
            next_offset bigint not null,
            last text not null default '',
            fills bigint not null default 1,
            filled_at timestamptz not null default now()
        ) with (fillfactor = 20);
        grant usage on schema relay to "{app_role}";
        grant select, update on relay.lanes to "{app_role}";
        grant select, insert, update on relay.topics to "{app_role}";
        """
    )
    await recovery_schema.install(connection, app_role)
    await verifications.install(connection, app_role)
