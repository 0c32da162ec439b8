"""DuckDB over the file of workload W: the whole table by one query. A limit for a rebuild, and the second answer key."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.peers.task import Clock, answer, orders

QUERY = """
with events as (
    select type, stream, version, data from read_ndjson('{file}', columns = {{
        'type': 'varchar', 'stream': 'varchar', 'version': 'integer', 'data': 'json'}})
), places as (
    select column0 as key, '63:' || column1 as old, '34:' || column2 as new
    from read_csv('{places}', delim = '\t', header = false, all_varchar = true)
), clubs as (
    select stream, old, new from events join places on key = (data->>'$.commune.list') || ':' || (data->>'$.commune.code')
    where type = 'clubs.club-founded'
), reports as (
    select stream, data->>'$.as_of' as day,
        (data->>'$.total')::bigint - coalesce(lag((data->>'$.total')::bigint) over club, 0) as members,
        (data->>'$.women')::bigint - coalesce(lag((data->>'$.women')::bigint) over club, 0) as women
    from events where type = 'clubs.members-reported' window club as (partition by stream order by version)
), found as (
    select old, new, data->>'$.founded_on' as day, ['clubs_founded'] as names, [1::bigint] as amounts
    from events join clubs using (stream) where type = 'clubs.club-founded'
    union all
    select old, new, day, ['members', 'women'], [members, women] from reports join clubs using (stream)
    union all
    select old, new, data->>'$.month', ['month_reports', 'meetings', 'loans_total'],
        [1, (data->>'$.meeting_held')::boolean::bigint, (data->>'$.loans.total')::bigint]
    from events join clubs using (stream) where type = 'clubs.month-reported'
    union all
    select old, new, data->>'$.starts_on', ['rounds', 'participants'],
        [1, list_sum((data->>'$.participants[*].women')::bigint[]) + list_sum((data->>'$.participants[*].men')::bigint[])]
    from events join places on key = (data->>'$.place.list') || ':' || (data->>'$.place.code')
    where type = 'trainings.training-held'
    union all
    select old, new, data->>'$.completed_on', ['inspections', 'clubs_visited'], [1, json_array_length(data->'$.clubs_visited')]
    from events join places on key = (data->>'$.places[0].list') || ':' || (data->>'$.places[0].code')
    where type = 'monitoring.inspection-completed'
), small as (
    select old, new, day[:7] as month, unnest(names) as measure, unnest(amounts) as amount from found
), sums as (
    select old, new, month, measure, sum(amount) as amount from small group by all
)
select area || '|' || month || '|' || measure, sum(amount)::bigint
from (select unnest(['VN', old, new]) as area, month, measure, amount from sums) group by 1
"""


def main() -> None:
    import duckdb

    asked = orders()
    clock = Clock()
    clock.first()
    with duckdb.connect(config={"threads": asked["threads"]}) as database:
        found = database.execute(QUERY.format(file=asked["file"], places=asked["places"])).fetchall()
    answer(asked["events"], clock.read(), dict(found))


if __name__ == "__main__":
    main()
