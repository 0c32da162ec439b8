-- The bytes of an event that its hash covers; shared/eventlog/chain.py builds the same, and a record's headers hold the same
-- texts. The format, one line a field, the data last.
create or replace function log.canonical(
    source text, lane smallint, "position" bigint, stream text, version integer, event_id uuid, type text,
    schema_version smallint, recorded_at text, command_id uuid, fingerprint bytea, actor text, origin text, data text
) returns bytea language sql stable as $$
    select convert_to(
        'lien-the-2' || E'\n' || source || E'\n' || lane::text || E'\n' || "position"::text || E'\n' || stream || E'\n'
        || version::text || E'\n' || event_id::text || E'\n' || type || E'\n' || schema_version::text || E'\n'
        || recorded_at || E'\n' || command_id::text || E'\n' || encode(fingerprint, 'hex') || E'\n' || actor || E'\n'
        || origin || E'\n' || data, 'UTF8')
$$;

-- A recorded time as it is hashed and published: UTC, to the microsecond.
create or replace function log.time_text(at timestamptz) returns text language sql stable as $$
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- The hash before the first event of a lane: no other log's lane begins with it.
create or replace function log.genesis(log_id uuid, lane smallint) returns bytea language sql stable as $$
    select sha256(convert_to('lien-the lane' || E'\n' || log_id::text || E'\n' || lane::text, 'UTF8'))
$$;
