"""What a ruling does to a service's database: it is kept for ever, and whoever had taken what it rules out is named.

A view that folded such a record must be rebuilt, and waits until then; a policy steps back to before the position, since its
own tables are only its memory. The record itself is listed with what policies of this service did because of it.
"""

from __future__ import annotations

from uuid import UUID

from shared.eventlog.rulings import Ruling
from shared.kafka.headers import Coordinates
from shared.kafka.record import Received
from shared.kernel.database import Connection
from shared.projections.chain import Taken
from shared.projections.policy import POLICY, command_id_for
from shared.projections.postgres_store import keep_aside
from shared.projections.store import SetAside

_ANSWERS = 10
"""So many commands of a policy's answer to one event are looked for."""


async def keep(connection: Connection, ruling: Ruling) -> None:
    """Remember what was decided. The first ruling on a position stands."""
    await connection.execute(
        "insert into projection.rulings (source, lane, position, hash, stands, by, ruled_at) "
        "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        ruling.source,
        ruling.lane,
        ruling.position,
        ruling.hash,
        ruling.stands,
        ruling.by,
        ruling.time,
    )


async def spoil(connection: Connection, ruling: Ruling, before: bytes | None, taken: Taken, record: Received | None) -> None:
    """Name the builds that have passed the position, take policies back to before it, list the record that was taken."""
    where = (ruling.source, ruling.lane, ruling.position)
    policies = [
        row["view"]
        for row in await connection.fetch(
            """update projection.checkpoints set position = $3 - 1, head = $4, epoch = epoch
            where source = $1 and lane = $2 and position >= $3 and starts_with(view, $5) returning view""",
            *where,
            before,
            POLICY,
        )
    ]
    effects = [] if record is None else await _effects(connection, record, [name.removeprefix(POLICY) for name in policies])
    await connection.execute(
        """insert into projection.spoiled (view, version, source, lane, position, hash, kafka_offset, effects)
        select view, version, $1, $2, $3, $4, $5, $6 from projection.checkpoints
        where source = $1 and lane = $2 and position >= $3 and not starts_with(view, $7) on conflict do nothing""",
        *where,
        taken.hash,
        taken.offset,
        effects,
        POLICY,
    )
    await connection.execute(
        "delete from projection.links where source = $1 and lane = $2 and first + length(hashes) / 32 > $3", *where
    )
    if record is not None:
        did = f"; policies had answered it with the commands {', '.join(effects)}" if effects else ""
        reason = f"it had been taken, and a ruling says that it is not the log's{did}"
        stands = Taken(ruling.hash, -1) if ruling.stands else None
        await keep_aside(connection, [SetAside("ruled-out", reason, record, Coordinates(*where), taken.hash, stands)])


async def spoiled(connection: Connection, view: str, version: int) -> dict[tuple[str, int], int]:
    """The lanes in which a build has taken a record that was ruled out, and at which position."""
    rows = await connection.fetch(
        "select source, lane, position from projection.spoiled where view = $1 and version = $2 order by position desc",
        view,
        version,
    )
    return {(row["source"], row["lane"]): row["position"] for row in rows}


async def _effects(connection: Connection, record: Received, policies: list[str]) -> list[str]:
    """The commands that this service's policies recorded because of an event."""
    event_id = dict(record.headers).get("ce_id")
    try:
        event = str(UUID(event_id.decode() if isinstance(event_id, bytes) else str(event_id)))
    except ValueError:
        return []
    wanted = [command_id_for(event, policy, index) for policy in policies for index in range(_ANSWERS)]
    rows = await connection.fetch("select command_id::text from log.commands where command_id = any($1::uuid[])", wanted)
    return [row["command_id"] for row in rows]
