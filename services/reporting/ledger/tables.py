"""The tables of the view `figures`. Nothing here carries an arrival order or a surrogate id, so that rebuilds compare by bytes.

`events` has one row an event, `entries` its signed amounts (one row a day and basis). Sums are made in the serving process,
over a copy of `entries` by columns: no index here is for sums. `subjects` has a row for what a subject is and one for each
year of its reports: an event writes the years it is about, and a year of monthly reports is neither compressed nor moved aside.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = """
create table if not exists subjects (
    stream text not null,
    part smallint not null,
    state bytea not null,
    primary key (stream, part)
) with (fillfactor = 70, toast_tuple_target = 4080);
create table if not exists events (
    source text not null,
    lane smallint not null,
    position bigint not null,
    event_id text not null,
    type text not null,
    stream text not null,
    actor text not null,
    recorded_at timestamptz not null,
    primary key (source, lane, position)
);
create table if not exists entries (
    source text not null,
    lane smallint not null,
    position bigint not null,
    stream text not null,
    place text not null,
    province63 text not null,
    province34 text not null,
    cohort text not null,
    valid_on date not null,
    known_at timestamptz not null,
    basis text not null,
    measures smallint[] not null,
    amounts bigint[] not null
);
create index if not exists entries_by_stream on entries (stream);
create table if not exists declarations (
    stream text not null,
    version int not null,
    metric text not null,
    indicator text,
    area text,
    scope text,
    value numeric not null,
    unit text not null,
    qualifier text not null,
    basis text not null,
    formula text,
    valid_from date,
    valid_to date,
    date_as_printed text not null,
    published_on date,
    source text not null,
    recorded_at timestamptz not null,
    known_at timestamptz not null,
    event_id text not null,
    primary key (stream, version)
);
create index if not exists declarations_by_indicator on declarations (indicator);
create table if not exists targets (
    stream text not null,
    version int not null,
    scheme text not null,
    indicator text not null,
    area text not null,
    period_from date not null,
    period_to date not null,
    low numeric not null,
    high numeric,
    measure text not null,
    source text not null,
    recorded_at timestamptz not null,
    event_id text not null,
    primary key (stream, version)
);
create table if not exists freshness (
    province text primary key,
    events bigint not null,
    recorded_at timestamptz not null,
    latest_month date
);
create table if not exists lanes (
    source text not null,
    lane smallint not null,
    position bigint not null,
    recorded_at timestamptz not null,
    primary key (source, lane)
);
"""
