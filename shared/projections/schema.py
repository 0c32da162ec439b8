"""The tables of the projections, as idempotent SQL run by the database's owner; the service's role gets no DDL rights.

`projection.checkpoints` is the truth of how far a view is, and `head` the hash of the last event it passed there (null: of
none yet); `projection.offsets` only where in Kafka to read on; `projection.parked` the events that wait for an operator, with
raw bytes; `projection.set_aside` records that are not believed; `projection.links` the last hashes of each lane;
`projection.logs` which logs these are; `projection.rulings` what was decided about them; `projection.spoiled` builds that had
taken a record which was ruled out.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.kernel.database import Connection
from shared.projections import builds
from shared.projections.builds import Built
from shared.projections.view import View, schema_of

_TABLES = """
create schema if not exists projection;
create table if not exists projection.checkpoints (
    view text not null, version int not null, source text not null, lane smallint not null,
    position bigint not null default 0,
    epoch bigint not null default 0,
    unknown bigint not null default 0,
    parked bigint not null default 0,
    moved_at timestamptz not null default now(),
    recorded_at timestamptz,
    head bytea,
    primary key (view, version, source, lane)
) with (fillfactor = 50);
create table if not exists projection.offsets (
    view text not null, version int not null, topic text not null, partition int not null,
    next_offset bigint not null,
    primary key (view, version, topic, partition)
) with (fillfactor = 50);
create table if not exists projection.topic_identities (
    reader text not null, topic text not null, partition int not null,
    identity text not null,
    primary key (reader, topic, partition)
);
create table if not exists projection.parked (
    view text not null, version int not null, source text not null, lane smallint not null, position bigint not null,
    stream text not null,
    poison boolean not null,
    reason text not null,
    topic text not null, partition int not null, kafka_offset bigint not null,
    key bytea, value bytea, header_names text[] not null, header_values bytea[] not null,
    parked_at timestamptz not null default clock_timestamp(),
    primary key (view, version, source, lane, position)
);
create index if not exists parked_by_stream on projection.parked (view, version, stream);
create table if not exists projection.set_aside (
    topic text not null, partition int not null, kafka_offset bigint not null,
    kind text not null check (kind in ('unroutable', 'unlinked', 'fork', 'ruled-out', 'beyond')),
    reason text not null,
    source text, lane smallint, position bigint, hash bytea,
    stands_hash bytea, stands_offset bigint,
    key bytea, value bytea, header_names text[] not null, header_values bytea[] not null,
    seen_at timestamptz not null default clock_timestamp(),
    primary key (topic, partition, kafka_offset)
);
create table if not exists projection.links (
    source text not null, lane smallint not null, first bigint not null,
    hashes bytea not null, offsets bytea not null,
    primary key (source, lane, first)
);
create table if not exists projection.logs (
    source text primary key, deployment text not null, log_id uuid not null,
    statements bigint not null default 0
);
create table if not exists projection.rulings (
    source text not null, lane smallint not null, position bigint not null,
    hash bytea not null, stands boolean not null, by text not null, ruled_at timestamptz not null,
    primary key (source, lane, position, hash)
);
create table if not exists projection.spoiled (
    view text not null, version int not null, source text not null, lane smallint not null, position bigint not null,
    hash bytea not null, kafka_offset bigint, effects text[] not null default '{}',
    primary key (view, version, source, lane, position)
);
"""


async def install(connection: Connection, app_role: str, views: Sequence[View], source: str) -> None:
    """Create what is missing, for all views of the service `source`, whose log is in the same database, and let the
    service's role read and write rows. Repeatable."""
    await connection.execute(_TABLES)
    await connection.execute(builds.TABLES)
    await connection.execute(
        """insert into projection.logs (source, deployment, log_id) select $1::text, deployment, log_id from log.meta
        on conflict (source) do update set deployment = excluded.deployment, log_id = excluded.log_id""",
        source,
    )
    await _grant(connection, "projection", app_role)
    for view in views:
        for built in await builds.ensure(connection, view):
            await make_tables(connection, app_role, built)


async def make_tables(connection: Connection, app_role: str, built: Built) -> None:
    """The schema and the tables of one build, with the role's rights. Repeatable."""
    schema = schema_of(built)
    async with connection.transaction():
        await connection.execute(f'create schema if not exists "{schema}"')
        await connection.execute(f'set local search_path to "{schema}"')
        await connection.execute(built.tables())
        await _grant(connection, schema, app_role)


async def _grant(connection: Connection, schema: str, role: str) -> None:
    await connection.execute(
        f"""
        grant usage on schema "{schema}" to "{role}";
        grant select, insert, update, delete on all tables in schema "{schema}" to "{role}";
        grant usage, select on all sequences in schema "{schema}" to "{role}";
        """
    )
