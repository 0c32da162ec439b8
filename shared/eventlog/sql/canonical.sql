-- The bytes of an event that its hash covers; shared/eventlog/chain.py builds the same. One line a field, the data last.
create or replace function log.canonical(
    source text, lane smallint, "position" bigint, stream text, version integer, event_id uuid, type text,
    schema_version smallint, recorded_us text, command_id uuid, actor text, data text
) returns bytea language sql stable as $$
    select convert_to(
        source || E'\n' || lane::text || E'\n' || "position"::text || E'\n' || stream || E'\n' || version::text || E'\n'
        || event_id::text || E'\n' || type || E'\n' || schema_version::text || E'\n' || recorded_us || E'\n'
        || command_id::text || E'\n' || actor || E'\n' || data, 'UTF8')
$$;
