-- One step of the hash chain: before the first event of a batch stands the head of its lane.
create or replace function log.link(reached bytea, head bytea, canonical bytea)
returns bytea language plpgsql immutable as $$
begin
    return sha256(coalesce(reached, head) || canonical);
end
$$;
