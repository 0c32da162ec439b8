-- What is in the log stays as it is, for the owner too.
create or replace function log.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'log.% is never changed: % is refused', tg_table_name, lower(tg_op)
        using hint = 'Record another event that corrects the first.';
end
$$;
