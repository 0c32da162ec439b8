-- From now on the clock of this log is real, for ever. Only the owner may say so.
create or replace function log.end_simulation() returns void language sql as $$
    update log.meta set simulated = false where simulated
$$;
