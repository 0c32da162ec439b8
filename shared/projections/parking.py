"""Parks an event that cannot be folded, with its coordinates and raw bytes; its stream waits behind it, others go on.

A parked event counts as passed for the checkpoint, so its lane stays fresh. `replay` decodes it again and applies the
stream's events in order, up to the first that still fails. Nothing here is ever dropped silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.kafka.headers import Coordinates, recorded_of
from shared.kafka.record import Received
from shared.kernel.database import Connection
from shared.kernel.event import Undecodable, UnknownEventType
from shared.projections import checkpoints
from shared.projections.failures import will_pass
from shared.projections.view import Delivered, View, schema_of


@dataclass(frozen=True, slots=True)
class Parked:
    """An event to park. `poison`: it is itself the bad one; otherwise it waits behind one of its stream."""

    at: Coordinates
    stream: str
    record: Received
    reason: str
    poison: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: how many events it applied, how many still wait, and why the first of those fails."""

    applied: int
    waiting: int
    reason: str | None


async def parked_streams(connection: Connection, view: View) -> dict[str, int]:
    """The streams that wait, and from which position of their lane on."""
    rows = await connection.fetch(
        """select stream, min(position) as position from projection.parked
        where view = $1 and version = $2 group by stream""",
        view.name,
        view.version,
    )
    return {row["stream"]: row["position"] for row in rows}


async def park(connection: Connection, view: View, parked: Sequence[Parked]) -> None:
    """Store the events that wait."""
    await connection.executemany(
        """insert into projection.parked (view, version, source, lane, position, stream, poison, reason,
            topic, partition, kafka_offset, key, value, header_names, header_values)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        [(view.name, view.version, *p.at, _storable(p.stream), p.poison, _storable(p.reason), *_raw(p.record)) for p in parked],
    )


async def keep_strays(connection: Connection, strays: Iterable[tuple[Received, str]]) -> None:
    """Store records that do not even say where they belong: they move no checkpoint."""
    await connection.executemany(
        """insert into projection.strays (reason, topic, partition, kafka_offset, key, value, header_names, header_values)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing""",
        [(_storable(reason), *_raw(record)) for record, reason in strays],
    )


async def replay(connection: Connection, view: View, stream: str) -> Replayed:
    """Apply a parked stream's events in order, in one transaction, up to the first that still fails.

    Safe beside a running projector: the stream's lanes are locked, and what arrives meanwhile waits its turn.
    """
    async with connection.transaction():
        lanes = await connection.fetch(
            "select distinct source, lane from projection.parked where view = $1 and version = $2 and stream = $3",
            view.name,
            view.version,
            stream,
        )
        owned = [(row["source"], row["lane"]) for row in lanes]
        await checkpoints.lock(connection, view.name, view.version, owned, None)
        rows = await connection.fetch(
            """select source, lane, position, key, value, header_names, header_values from projection.parked
            where view = $1 and version = $2 and stream = $3 order by source, lane, position""",
            view.name,
            view.version,
            stream,
        )
        await connection.execute(f'set local search_path to "{schema_of(view)}"')
        for done, row in enumerate(rows):
            at = Coordinates(row["source"], row["lane"], row["position"])
            headers = dict(zip(row["header_names"], row["header_values"], strict=True))
            reason = await _again(connection, view, at, row["value"], headers)
            if reason is not None:
                await _still(connection, view, at, reason)
                return Replayed(done, len(rows) - done, reason)
            await connection.execute(
                """delete from projection.parked
                where view = $1 and version = $2 and source = $3 and lane = $4 and position = $5""",
                view.name,
                view.version,
                *at,
            )
        return Replayed(len(rows), 0, None)


async def _again(
    connection: Connection, view: View, at: Coordinates, value: bytes | None, headers: dict[str, str | bytes | None]
) -> str | None:
    """Apply one event; the reason if it fails still."""
    try:
        recorded = recorded_of(value, headers, at)
        event = view.codec.decode(recorded.type, recorded.schema_version, recorded.data)
        async with connection.transaction():
            await view.apply(connection, [Delivered(recorded, event)])
    except UnknownEventType:
        return None
    except Undecodable as error:
        return str(error)
    except Exception as error:
        if will_pass(error):
            raise
        return describe(error)
    return None


async def _still(connection: Connection, view: View, at: Coordinates, reason: str) -> None:
    await connection.execute(
        """update projection.parked set reason = $6, poison = true
        where view = $1 and version = $2 and source = $3 and lane = $4 and position = $5""",
        view.name,
        view.version,
        *at,
        _storable(reason),
    )


def describe(error: BaseException) -> str:
    """A failure in one line of at most 1,000 characters."""
    return f"{type(error).__name__}: {error}"[:1000]


def _raw(record: Received) -> tuple[object, ...]:
    names = [_storable(name) for name, _ in record.headers]
    values = [value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value for _, value in record.headers]
    return (record.topic, record.partition, record.offset, record.key, record.value, names, values)


def _storable(text: str) -> str:
    """Postgres keeps no NUL in a text."""
    return text.replace("\0", "\ufffd")
