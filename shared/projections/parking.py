"""Parks an event that cannot be folded, with its coordinates and raw bytes; its stream waits behind it, others go on.

A parked event counts as passed for the checkpoint, so its lane stays fresh. `replay` decodes it again and applies the
stream's events in order, up to the first that still fails. Nothing here is ever dropped silently.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.kafka.headers import recorded_of
from shared.kernel.database import Connection
from shared.kernel.event import Undecodable, UnknownEventType
from shared.projections.failures import describe, will_pass
from shared.projections.postgres_store import PostgresStore
from shared.projections.store import Kept, Store
from shared.projections.view import Delivered, View


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: how many events it applied, how many still wait, and why the first of those fails."""

    applied: int
    waiting: int
    reason: str | None


async def replay(connection: Connection, view: View, stream: str) -> Replayed:
    """`replay_in` in one transaction of a connection."""
    async with connection.transaction():
        return await replay_in(PostgresStore(connection, view), view, stream)


async def replay_in(store: Store, view: View, stream: str) -> Replayed:
    """Apply a parked stream's events in order, in the store's transaction, up to the first that still fails.

    Safe beside a running projector: the stream's lanes are locked, and what arrives meanwhile waits its turn.
    """
    lanes = sorted(await store.lanes_of(stream))
    await store.ensure(lanes)
    await store.lock(lanes)
    events = await store.kept(stream)
    await store.enter()
    for done, event in enumerate(events):
        reason = await _again(store, view, event)
        if reason is not None:
            await store.still(event.at, reason)
            return Replayed(done, len(events) - done, reason)
        await store.unpark(event.at)
    return Replayed(len(events), 0, None)


async def _again(store: Store, view: View, kept: Kept) -> str | None:
    """Apply one event; the reason if it fails still."""
    try:
        recorded = recorded_of(kept.value, kept.headers, kept.at)
        event = view.codec.decode(recorded.type, recorded.schema_version, recorded.data)
        async with store.savepoint():
            await store.apply([Delivered(recorded, event)])
    except UnknownEventType:
        return None
    except Undecodable as error:
        return str(error)
    except Exception as error:
        if will_pass(error):
            raise
        return describe(error)
    return None
