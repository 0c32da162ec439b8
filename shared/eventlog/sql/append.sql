-- Append a batch of commands: one round trip, one commit, one answer a command. See shared/eventlog/log.py for the rules.
--
-- The lanes are locked in order, and a stream lives in one lane, so from there on nobody else can move the streams, the
-- heads or the clock of this batch. The arrays p_command .. p_events hold one element a command (p_events: how many
-- events it has), p_owner .. p_data one element an event (p_owner: the ordinal of its command, p_index: 1, 2, ... in it).
create or replace function log.append(
    p_source text, p_atomic boolean,
    p_command uuid[], p_fingerprint bytea[], p_stream text[], p_lane smallint[], p_expected integer[], p_actor text[],
    p_wanted_at timestamptz[], p_events integer[],
    p_owner integer[], p_index integer[], p_event_id uuid[], p_type text[], p_schema_version smallint[], p_data text[]
) returns table (outcome text, version integer, lane smallint, "position" bigint, recorded_at timestamptz, events uuid[])
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a plan made while the tables were small must stay right when they are large
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_now timestamptz;
begin
    if p_wanted_at is not null and not (select m.simulated from log.meta m) then
        raise exception 'this log keeps real time' using errcode = 'LT001';
    end if;
    perform from log.lanes l where l.lane = any (p_lane) order by l.lane for update;
    v_now := clock_timestamp();
    return query
    with command as (
        select c.*, k.command_id is not null as known, k.fingerprint = c.fingerprint and k.stream = c.stream as same,
            k.version as known_version, k.lane as known_lane, k.position as known_position, k.recorded_at as known_at,
            k.events as known_events, coalesce(s.version, 0) as actual,
            h.position as head_position, h.hash as head_hash, h.last_at
        from unnest(p_command, p_fingerprint, p_stream, p_lane, p_expected, p_actor, p_wanted_at, p_events)
            with ordinality as c (command_id, fingerprint, stream, lane, expected, actor, wanted_at, events, ord)
        left join lateral (select * from log.commands k where k.command_id = c.command_id limit 1) k on true
        left join lateral (
            select e.version from log.events e where e.stream = c.stream order by e.version desc limit 1) s on true
        cross join lateral (select * from log.lanes l where l.lane = c.lane limit 1) h
    ),
    -- A command fits its stream if the commands before it in the batch leave the stream where its decision saw it.
    fitted as (
        select c.*, case when c.known then c.same and c.known_version = c.expected + c.events
            else c.expected = c.actual + coalesce(sum(c.events) filter (where not c.known) over earlier, 0) end as fits
        from command c
        window earlier as (partition by c.stream order by c.ord rows between unbounded preceding and 1 preceding)
    ),
    chained as (
        select f.*, not f.known and bool_and(f.fits) over (partition by f.stream order by f.ord) as fit from fitted f
    ),
    judged as (
        select c.*, c.fit and not (p_atomic and bool_or(case when c.known then not c.same else not c.fit end) over ()) as taken
        from chained c
    ),
    numbered as (
        select j.*,
            j.head_position + coalesce(sum(j.events) filter (where j.taken) over upto, 0)::bigint as last_position,
            greatest(j.last_at, max(coalesce(j.wanted_at, v_now)) filter (where j.taken) over upto) as taken_at
        from judged j
        window upto as (partition by j.lane order by j.ord)
    ),
    event as (
        select n.*, e.event_id, e.type, e.schema_version, e.data,
            n.expected + e.index as event_version, n.last_position - n.events + e.index as event_position
        from unnest(p_owner, p_index, p_event_id, p_type, p_schema_version, p_data)
            as e (owner, index, event_id, type, schema_version, data)
        join numbered n on n.ord = e.owner
        where n.taken
    ),
    linked as (
        select e.*, log.chain(e.head_hash, log.canonical(
                p_source, e.lane, e.event_position, e.stream, e.event_version, e.event_id, e.type, e.schema_version,
                (extract(epoch from e.taken_at) * 1000000)::bigint, e.command_id, e.actor, e.data
            )) over (partition by e.lane order by e.event_position) as hash
        from event e
    ),
    stored_events as (
        insert into log.events (lane, position, version, schema_version, recorded_at, event_id, command_id, hash,
            source, stream, type, actor, data)
        select l.lane, l.event_position, l.event_version, l.schema_version, l.taken_at, l.event_id, l.command_id, l.hash,
            p_source, l.stream, l.type, l.actor, l.data
        from linked l
    ),
    stored_heads as (
        update log.lanes h set position = l.event_position, hash = l.hash, last_at = l.taken_at
        from (select distinct on (lane) * from linked order by lane, event_position desc) l
        where h.lane = l.lane
    ),
    stored_commands as (
        insert into log.commands (command_id, recorded_at, position, version, events, lane, fingerprint, stream)
        select n.command_id, n.taken_at, n.last_position, n.expected + n.events, n.events, n.lane, n.fingerprint, n.stream
        from numbered n where n.taken
    )
    select
        case when n.taken then 'appended' when n.same then 'repeated' when n.known then 'mismatch' else 'conflict' end,
        case when n.taken then n.expected + n.events when n.known then n.known_version else n.actual end,
        case when n.known then n.known_lane else n.lane end,
        case when n.known then n.known_position else n.last_position end,
        case when n.known then n.known_at else n.taken_at end,
        case when n.same then array(
            select e.event_id from log.events e where e.lane = n.known_lane and e.position <= n.known_position
                and e.position > n.known_position - n.known_events order by e.position) end
    from numbered n order by n.ord;
end
$$;
