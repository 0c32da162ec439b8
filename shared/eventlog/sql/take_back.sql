-- Take events back into the log exactly as they were recorded, each behind the one before it, and the answers of their commands.
--
-- Only the owner may. The arrays hold one element an event; the events of a command are in one call. An event that the log
-- has already is passed over, so that a call may be repeated. Refuses (LT002) what does not follow: another hash at a
-- position, a position that is not the next, a link that does not hold, a time before that of the event before it.
create or replace function log.take_back(
    p_source text, p_lane smallint[], p_position bigint[], p_stream text[], p_version integer[], p_event_id uuid[],
    p_type text[], p_schema_version smallint[], p_recorded_at timestamptz[], p_command uuid[], p_actor text[], p_data text[],
    p_hash bytea[], p_fingerprint bytea[], p_origin text[]
) returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    event record;
    v_source text;
    v_lane smallint;
    v_head bigint;
    v_hash bytea;
    v_at timestamptz;
    v_new integer[] := '{}';
begin
    select '/' || m.deployment || '/' || p_source into strict v_source from log.meta m;
    perform from log.lanes l where l.lane = any (p_lane) order by l.lane for update;
    for event in
        select * from unnest(p_lane, p_position, p_stream, p_version, p_event_id, p_type, p_schema_version, p_recorded_at,
            p_command, p_actor, p_data, p_hash, p_fingerprint, p_origin) with ordinality
            as e (lane, "position", stream, version, event_id, type, schema_version, recorded_at,
                command_id, actor, data, hash, fingerprint, origin, ord)
        order by lane, "position"
    loop
        if v_lane is distinct from event.lane then
            v_lane := event.lane;
            select l.position, l.hash, l.last_at into strict v_head, v_hash, v_at from log.lanes l where l.lane = v_lane;
        end if;
        if event.position <= v_head then
            if not exists (select from log.events s
                where s.lane = event.lane and s.position = event.position and s.hash = event.hash) then
                raise exception 'lane %, position %: the log has another event there', event.lane, event.position
                    using errcode = 'LT002';
            end if;
            continue;
        end if;
        if event.position <> v_head + 1 or event.recorded_at < v_at or event.hash is distinct from sha256(v_hash || log.canonical(
            v_source, event.lane, event.position, event.stream, event.version, event.event_id, event.type,
            event.schema_version, log.time_text(event.recorded_at), event.command_id, event.fingerprint, event.actor,
            event.origin, event.data)) then
            raise exception 'lane %, position %: the event does not follow', event.lane, event.position
                using errcode = 'LT002';
        end if;
        v_head := event.position;
        v_hash := event.hash;
        v_at := event.recorded_at;
        v_new := v_new || event.ord::integer;
    end loop;

    update log.lanes l set position = n.position, hash = n.hash, last_at = n.recorded_at
    from (select distinct on (p_lane[i]) p_lane[i] as lane, p_position[i] as "position", p_hash[i] as hash,
            p_recorded_at[i] as recorded_at
        from unnest(v_new) as i order by p_lane[i], p_position[i] desc) n
    where l.lane = n.lane;

    insert into log.events (lane, position, version, schema_version, recorded_at, event_id, command_id, hash,
        source, stream, type, actor, fingerprint, origin, data)
    select p_lane[i], p_position[i], p_version[i], p_schema_version[i], p_recorded_at[i], p_event_id[i], p_command[i], p_hash[i],
        p_source, p_stream[i], p_type[i], p_actor[i], p_fingerprint[i], p_origin[i], p_data[i]
    from unnest(v_new) as i;

    insert into log.commands (command_id, recorded_at, position, version, events, lane, fingerprint, stream)
    select p_command[i], max(p_recorded_at[i]), max(p_position[i]), max(p_version[i]), count(*), p_lane[i], p_fingerprint[i],
        p_stream[i]
    from unnest(v_new) as i group by p_command[i], p_lane[i], p_fingerprint[i], p_stream[i];
    return cardinality(v_new);
end
$$;
