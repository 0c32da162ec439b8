-- The hash chain of a lane as a running aggregate: `chain(head, canonical) over (partition by lane order by position)`.
create or replace aggregate log.chain(head bytea, canonical bytea) (
    sfunc = log.link,
    stype = bytea
);
