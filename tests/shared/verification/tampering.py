"""What a superuser of the database can do to a log: switch the triggers off, change, remove, add and swap rows, and compute the
chain and the heads anew so that the store agrees with itself again. In SQL, with none of the product's own Python."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.local.databases import connect
from tests.shared.flow import Place

COPY = """insert into log.events (lane, position, version, schema_version, recorded_at, event_id, command_id, hash, source,
    stream, type, actor, fingerprint, origin, data) select lane, {position}, version + 1000, schema_version, recorded_at,
    gen_random_uuid(), {command}, hash, source, stream, type, actor, fingerprint, origin, '{{"amount":1000000}}' from log.events
    where lane = $1 order by position {which} limit 1"""
SHIFT = [
    "update log.events set position = position + 100000 where lane = $1 and position >= 3",
    "update log.events set position = position - 99999 where lane = $1 and position >= 100000",
]

CHANGED = ["""update log.events set data = '{"amount":1000000}' where lane = $1 and position = 3"""]
STREAM_MOVED = ["update log.events set stream = $2, version = 999 where lane = $1 and position = 3"]
BACKDATED = ["update log.events set recorded_at = recorded_at - interval '1 year' where lane = $1 and position = 3"]
REMOVED = ["delete from log.events where lane = $1 and position = 3"]
REMOVED_AND_CLOSED = [
    *REMOVED,
    "update log.events set position = position + 100000 where lane = $1 and position > 3",
    "update log.events set position = position - 100001 where lane = $1 and position > 100000",
]
PUT_IN = [*SHIFT, COPY.format(position=3, command="command_id", which="asc")]
SWAPPED = [
    "update log.events set position = 100000 where lane = $1 and position = 3",
    "update log.events set position = 3 where lane = $1 and position = 4",
    "update log.events set position = 4 where lane = $1 and position = 100000",
]
TAIL_CUT = ["delete from log.events where lane = $1 and position > 4"]
TAIL_ADDED = [COPY.format(position=7, command="gen_random_uuid()", which="desc")]

RECHAIN = """do $$ declare e record; meta log.meta; before bytea; n bigint := 0; begin
    select * into meta from log.meta;
    before := sha256(convert_to('lien-the lane' || chr(10) || meta.log_id || chr(10) || {lane}, 'UTF8'));
    for e in select * from log.events where lane = {lane} order by position loop
        before := sha256(before || log.canonical('/' || meta.deployment || '/' || e.source, e.lane, e.position, e.stream,
            e.version, e.event_id, e.type, e.schema_version, log.time_text(e.recorded_at), e.command_id, e.fingerprint,
            e.actor, e.origin, e.data));
        update log.events set hash = before where lane = e.lane and position = e.position;
        n := e.position;
    end loop;
    update log.lanes set position = n, hash = before where lane = {lane};
end $$"""


@asynccontextmanager
async def superuser(place: Place, postgres: Any) -> AsyncIterator[Any]:
    """A session of the server's superuser in the place's database, with the triggers of the log switched off."""
    connection = await connect(postgres.admin_url.rsplit("/", 1)[0] + "/" + place.urls.name)
    try:
        await connection.execute("alter table log.events disable trigger all; alter table log.commands disable trigger all")
        yield connection
    finally:
        await connection.close()


async def tamper(place: Place, postgres: Any, lane: int, statements: list[str], *, rechain: bool) -> None:
    """Do it; with `rechain` the store agrees with itself afterwards."""
    async with superuser(place, postgres) as connection:
        for statement in statements:
            arguments = [lane, "purse-elsewhere"] if "$2" in statement else [lane]
            await connection.execute(statement, *arguments)
        if rechain:
            await connection.execute(RECHAIN.format(lane=lane))
