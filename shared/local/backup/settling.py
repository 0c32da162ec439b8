"""What follows when databases went back in time: nothing of the time that is gone may go on by itself.

Sessions and one-time links end. Tokens that the list of revocations names are revoked again. A view that has passed what its
log no longer holds, or holds differently, begins again with the first event (its tables are made by `migrate`). With an empty
Kafka the relay publishes everything again, and what is remembered of places on the old one is forgotten. The numbers of the
feed jump ahead, so that no listener takes a new message for one that it has seen. Each database is changed in one
transaction. Refuses nothing; running it twice does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.eventlog.checkpoints import Head
from shared.eventlog.links import hashes_at
from shared.eventlog.postgres import heads_of
from shared.local.backup.tables import RESTORING
from shared.web.revocations import Revocation, revoke_again

FEED_JUMP = 1_000_000
"""More than any feed can have numbered between a backup and its restore without a rebuild of its readers."""

Build = tuple[str, int]
"""A view and its build."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done, for people."""

    reset: Mapping[str, Sequence[str]]
    """By service the views that begin again."""
    revoked: Sequence[str]


async def settle(connections: Mapping[str, Any], revocations: Sequence[Revocation], kafka_is_empty: bool | None) -> Settled:
    """All databases of a deployment, by service, as their owners. `kafka_is_empty` None: nobody knows."""
    beside = {service: await _beside_their_logs(connection, connections) for service, connection in connections.items()}
    reset: dict[str, list[str]] = {}
    revoked: set[str] = set()
    for service, connection in connections.items():
        async with connection.transaction():
            for build in sorted(beside[service]):
                await _reset(connection, build)
            await connection.execute("delete from access.sessions; delete from access.links")
            revoked |= set(await revoke_again(connection, revocations))
            await connection.execute("update projection.feed_heads set seq = seq + $1", FEED_JUMP)
            if kafka_is_empty is not False:
                await _forget_statements(connection)
            if kafka_is_empty:
                await _publish_again(connection)
            await connection.execute(f"drop schema if exists {RESTORING} cascade")
        if beside[service]:
            reset[service] = sorted(f"{view}_v{number}" for view, number in beside[service])
    return Settled(reset, sorted(revoked))


async def signed_heads(connection: Any) -> tuple[Head, ...]:
    """The heads of a log as a manifest names them, lane by lane."""
    return tuple((head.position, head.hash) for head in (await heads_of(connection)).values())


async def _beside_their_logs(connection: Any, logs: Mapping[str, Any]) -> set[Build]:
    """The builds in a database that have passed a position which its log does not have, or has with another hash."""
    rows = await connection.fetch(
        "select view, version, source, lane, position, head from projection.checkpoints where position > 0"
    )
    beside: set[Build] = set()
    for source, log in logs.items():
        of_source = [row for row in rows if row["source"] == source]
        held = await hashes_at(log, [(row["lane"], row["position"]) for row in of_source])
        for row in of_source:
            found = held.get((row["lane"], row["position"]))
            if found is None or (row["head"] is not None and row["head"] != found):
                beside.add((row["view"], row["version"]))
    return beside


async def _reset(owner: Any, build: Build) -> None:
    """A live build begins again; one that is not live goes."""
    view, number = build
    schema = await owner.fetchval("select quote_ident($1)", f"{view}_v{number}")
    await owner.execute(f"drop schema if exists {schema} cascade")
    for table in ("checkpoints", "offsets", "parked", "spoiled"):
        if await _exists(owner, f"projection.{table}"):
            await owner.execute(f"delete from projection.{table} where view = $1 and version = $2", view, number)  # noqa: S608  our own tables
    await owner.execute("delete from projection.builds where view = $1 and build = $2 and state <> 'live'", view, number)
    await owner.execute("update projection.builds set certificate = null where view = $1 and build = $2", view, number)
    # What is remembered of records that were passed is partly of a time that is gone. Readers do with less.
    await owner.execute("delete from projection.links")


async def _forget_statements(owner: Any) -> None:
    """Signed checkpoints and rulings are heard again from the first one: their topic may be another one."""
    await owner.execute("update projection.logs set statements = 0")


async def _publish_again(owner: Any) -> None:
    """The epoch moves too: a relay that has not noticed can change nothing. Offsets of the old topics mean nothing any more."""
    await owner.execute("update relay.lanes set position = 0, epoch = epoch + 1, holder = null")
    for table in ("relay.topics", "projection.links", "projection.set_aside", "projection.offsets"):
        if await _exists(owner, table):
            await owner.execute(f"delete from {table}")  # noqa: S608  our own tables


async def _exists(connection: Any, table: str) -> bool:
    return bool(await connection.fetchval("select to_regclass($1) is not null", table))
