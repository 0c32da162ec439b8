-- Append a batch of commands: one round trip, one commit, one answer a command. See shared/eventlog/log.py for the rules.
--
-- The lanes are locked in order, and a stream lives in one lane, so from there on nobody else can move the streams, the
-- heads or the clock of this batch. The arrays p_command .. p_events hold one element a command: p_after is the ordinal
-- of the command before it on the same stream, p_events says how many events it has. p_owner .. p_data hold one element
-- an event, in the order of their commands: p_owner is the ordinal of the command, p_index counts 1, 2, ... within it.
-- p_known says of each command's lane the last position that the caller knows: a log that holds less went back in time (a
-- restored backup, a standby that lagged), and nothing is written (LT003).
-- The answer is one row of arrays with one element a command; event_ids of a repeated command are joined by commas.
drop function if exists log.append(text, boolean, uuid[], bytea[], text[], smallint[], integer[], integer[], text[],
    timestamptz[], integer[], integer[], integer[], uuid[], text[], smallint[], text[]);
create or replace function log.append(
    p_source text, p_atomic boolean,
    p_command uuid[], p_fingerprint bytea[], p_stream text[], p_lane smallint[], p_after integer[], p_expected integer[],
    p_actor text[], p_wanted_at timestamptz[], p_events integer[],
    p_owner integer[], p_index integer[], p_event_id uuid[], p_type text[], p_schema_version smallint[], p_data text[],
    p_known bigint[],
    out outcome text[], out version integer[], out "position" bigint[], out recorded_at timestamptz[], out event_ids text[]
) language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a plan made while the tables were small must stay right when they are large
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    command record;
    v_now timestamptz;
    v_failed boolean := false;   -- some command conflicts or does not match
    v_fits boolean[];            -- a command: the stream is where the next one's decision saw it
    v_version integer[];         -- a command: the version of its stream after it
    v_actual integer[];          -- a command: the version of its stream before the batch
    v_next integer := 0;         -- the next event of the batch
    v_hash bytea[];              -- an event: its hash, null if it is not taken
    v_head bigint[];             -- a lane + 1: its head, null as long as nothing was taken in it
    v_head_hash bytea[];
    v_head_at timestamptz[];
    v_lane integer;
    v_at timestamptz;
    v_source text;               -- as it is hashed: with the deployment
    v_simulated boolean;
    v_time text;
    v_last bigint;
    v_link bytea;
begin
    select '/' || m.deployment || '/' || p_source, m.simulated into strict v_source, v_simulated from log.meta m;
    if p_wanted_at is not null and not v_simulated then
        raise exception 'this log keeps real time' using errcode = 'LT001';
    end if;
    perform from log.lanes l where l.lane = any (p_lane) order by l.lane for update;
    v_now := clock_timestamp();
    outcome := array_fill(null::text, array[cardinality(p_command)]);  -- filled arrays begin at 1, whatever is set first
    version := array_fill(null::integer, array[cardinality(p_command)]);
    position := array_fill(null::bigint, array[cardinality(p_command)]);
    recorded_at := array_fill(null::timestamptz, array[cardinality(p_command)]);
    event_ids := array_fill(null::text, array[cardinality(p_command)]);
    v_hash := array_fill(null::bytea, array[cardinality(p_event_id)]);

    for command in
        select c.ord::integer as ord, k.command_id is not null as known,
            k.fingerprint = p_fingerprint[c.ord] and k.stream = c.stream as same, k.version as known_version,
            k.position as known_position, k.recorded_at as known_at, k.events as known_events,
            coalesce(s.version, 0) as actual, h.position as head, h.hash as head_hash, h.last_at
        from unnest(p_command, p_stream, p_lane) with ordinality as c (command_id, stream, lane, ord)
        left join lateral (select * from log.commands k where k.command_id = c.command_id limit 1) k on true
        left join lateral (
            select e.version from log.events e where e.stream = c.stream order by e.version desc limit 1) s on true
        cross join lateral (select * from log.lanes l where l.lane = c.lane limit 1) h
        order by c.ord
    loop
        if command.head < p_known[command.ord] then
            raise exception 'lane % is at %, and was at %', p_lane[command.ord], command.head, p_known[command.ord]
                using errcode = 'LT003';
        end if;
        v_fits[command.ord] := coalesce(v_fits[p_after[command.ord]], true);
        v_version[command.ord] := coalesce(v_version[p_after[command.ord]], command.actual);
        v_actual[command.ord] := command.actual;
        if command.known then
            outcome[command.ord] := case when command.same then 'repeated' else 'mismatch' end;
            v_failed := v_failed or not command.same;
            v_fits[command.ord] := v_fits[command.ord] and command.same
                and command.known_version = p_expected[command.ord] + p_events[command.ord];
            v_next := v_next + p_events[command.ord];
            version[command.ord] := command.known_version;
            position[command.ord] := command.known_position;
            recorded_at[command.ord] := command.known_at;
            if command.same then
                event_ids[command.ord] := (
                    select string_agg(e.event_id::text, ',' order by e.position) from log.events e
                    where e.lane = p_lane[command.ord] and e.position <= command.known_position
                        and e.position > command.known_position - command.known_events);
            end if;
        elsif not v_fits[command.ord] or v_version[command.ord] <> p_expected[command.ord] then
            outcome[command.ord] := 'conflict';
            v_failed := true;
            v_fits[command.ord] := false;
            v_next := v_next + p_events[command.ord];
            version[command.ord] := command.actual;
        else
            outcome[command.ord] := 'appended';
            v_lane := p_lane[command.ord] + 1;
            v_at := greatest(coalesce(p_wanted_at[command.ord], v_now), coalesce(v_head_at[v_lane], command.last_at));
            v_time := log.time_text(v_at);
            v_last := coalesce(v_head[v_lane], command.head);
            v_link := coalesce(v_head_hash[v_lane], command.head_hash);
            for i in 1 .. p_events[command.ord] loop
                v_next := v_next + 1;
                v_last := v_last + 1;
                v_link := sha256(v_link || log.canonical(
                    v_source, p_lane[command.ord], v_last, p_stream[command.ord], p_expected[command.ord] + i,
                    p_event_id[v_next], p_type[v_next], p_schema_version[v_next], v_time, p_command[command.ord],
                    p_fingerprint[command.ord], p_actor[command.ord], '', p_data[v_next]));
                v_hash[v_next] := v_link;
            end loop;
            if p_events[command.ord] > 0 then
                v_head[v_lane] := v_last;
                v_head_hash[v_lane] := v_link;
                v_head_at[v_lane] := v_at;
            end if;
            v_version[command.ord] := p_expected[command.ord] + p_events[command.ord];
            version[command.ord] := v_version[command.ord];
            position[command.ord] := v_last;
            recorded_at[command.ord] := v_at;
        end if;
    end loop;

    if p_atomic and v_failed then
        for i in 1 .. cardinality(outcome) loop
            if outcome[i] = 'appended' then
                outcome[i] := 'conflict';
                version[i] := v_actual[i];
            end if;
        end loop;
        return;
    end if;

    insert into log.events (lane, position, version, schema_version, recorded_at, event_id, command_id, hash,
        source, stream, type, actor, fingerprint, data)
    select p_lane[e.owner], position[e.owner] - p_events[e.owner] + e.index, p_expected[e.owner] + e.index,
        e.schema_version, recorded_at[e.owner], e.event_id, p_command[e.owner], e.hash,
        p_source, p_stream[e.owner], e.type, p_actor[e.owner], p_fingerprint[e.owner], e.data
    from unnest(p_owner, p_index, p_event_id, p_type, p_schema_version, p_data, v_hash)
        as e (owner, index, event_id, type, schema_version, data, hash)
    where e.hash is not null;

    update log.lanes l set position = v_head[l.lane + 1], hash = v_head_hash[l.lane + 1], last_at = v_head_at[l.lane + 1]
    where l.lane = any (p_lane) and v_head[l.lane + 1] is not null;

    insert into log.commands (command_id, recorded_at, position, version, events, lane, fingerprint, stream)
    select c.command_id, c.recorded_at, c.position, c.version, c.events, c.lane, c.fingerprint, c.stream
    from unnest(outcome, p_command, recorded_at, position, version, p_events, p_lane, p_fingerprint, p_stream)
        as c (outcome, command_id, recorded_at, position, version, events, lane, fingerprint, stream)
    where c.outcome = 'appended';
end
$$;
