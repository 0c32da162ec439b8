-- The tables of a log. Everything here may be run again on a log that exists.

create schema if not exists log;

create table if not exists log.meta (
    one boolean primary key default true check (one),
    simulated boolean not null,
    deployment text not null,
    log_id uuid not null
);

create table if not exists log.lanes (
    lane smallint primary key check (lane between 0 and 63),
    position bigint not null default 0,
    hash bytea not null,
    last_at timestamptz not null default 'epoch'
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

create table if not exists log.events (
    lane smallint not null,
    position bigint not null,
    version integer not null,
    schema_version smallint not null,
    recorded_at timestamptz not null,
    event_id uuid not null,
    command_id uuid not null,
    hash bytea not null,
    source text not null,
    stream text not null,
    type text not null,
    actor text not null,
    fingerprint bytea not null,
    origin text not null default '',
    data text not null,
    constraint events_lane_position primary key (lane, position),
    constraint events_stream_version unique (stream, version),
    constraint events_event_id unique (event_id),
    constraint events_one_line_a_field check (strpos(source || stream || type || actor || origin, E'\n') = 0)
);

create table if not exists log.commands (
    command_id uuid not null,
    recorded_at timestamptz not null,
    position bigint not null,
    version integer not null,
    events integer not null,
    lane smallint not null,
    fingerprint bytea not null,
    stream text not null,
    constraint commands_command_id primary key (command_id)
);
