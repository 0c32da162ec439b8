"""Parked events as an operator sees them: listed, shown with their raw bytes, and read again in order.

One way of reading again for the page, the API and the command line: the raw bytes are decoded anew, in the live build of the
view, up to the first that still fails. Where a corrected copy was published at the same position since, `refresh` takes its
bytes instead, the last that stand on the topic. Refuses a view that is not here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from shared.kafka.headers import Coordinates, coordinates
from shared.kafka.independent import read_topic
from shared.kafka.record import Received
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.kernel.event import Undecodable
from shared.projections.builds import LIVE, Built, live
from shared.projections.parking import Replayed, replay
from shared.projections.view import View

MOST: Final = 500


async def listed(connection: Connection, view: str, *, stream: str | None = None, limit: int = 100) -> list[Any]:
    """The parked events of a view's live build, the oldest first."""
    return await connection.fetch(
        f"""select source, lane, position, stream, poison, reason, topic, partition, kafka_offset, octet_length(value) as bytes,
            parked_at from projection.parked where view = $1 and version = {LIVE} and ($2::text is null or stream = $2)
        order by parked_at, source, lane, position limit $3""",  # noqa: S608  no value in it
        view,
        stream,
        limit,
    )


async def letter(connection: Connection, view: str, at: Coordinates) -> Any:
    """One parked event with its key, value and headers as they came; None if it is not parked."""
    return await connection.fetchrow(
        f"""select *, octet_length(value) as bytes from projection.parked where view = $1 and version = {LIVE}
            and source = $2 and lane = $3 and position = $4""",  # noqa: S608  no value in it
        view,
        *at,
    )


async def read_again(pool: Pool, view: View, stream: str, *, bootstrap: str | None = None) -> Replayed:
    """Try a stream's parked events again, in order; with a broker, first take newer copies from the topic."""
    async with pool.acquire() as connection:
        build = await live(connection, view.name)
        if build is None:
            raise unknown_view(view.name)
        if bootstrap is not None:
            await refresh(connection, view.name, stream, bootstrap)
        return await replay(connection, Built(view, build.number), stream)


async def refresh(connection: Connection, view: str, stream: str, bootstrap: str) -> int:
    """Take the last copy of each bad event of a stream from its topic; answers how many had other bytes.

    Reads whole partitions: an operator asks for it, nothing else does. May raise what kafka-python raises.
    """
    rows = [row for row in await listed(connection, view, stream=stream, limit=MOST) if row["poison"]]
    wanted = {Coordinates(row["source"], row["lane"], row["position"]) for row in rows}
    partitions = {(row["topic"], row["partition"]) for row in rows}
    changed = 0
    for topic in sorted({topic for topic, _ in partitions}):
        numbers = {number for name, number in partitions if name == topic}
        copies = await asyncio.to_thread(_last_copies, bootstrap, topic, numbers, wanted)
        for at, record in copies.items():
            done = await connection.execute(
                f"""update projection.parked set kafka_offset = $5, key = $6, value = $7, header_names = $8, header_values = $9
                where view = $1 and version = {LIVE} and source = $2 and lane = $3 and position = $4
                    and (value is distinct from $7 or header_values is distinct from $9)""",  # noqa: S608  no value in it
                view,
                *at,
                record.offset,
                record.key,
                record.value,
                [name.replace("\0", "\ufffd") for name, _ in record.headers],
                [text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text for _, text in record.headers],
            )
            changed += int(done.rsplit(" ", 1)[-1])
    return changed


def _last_copies(bootstrap: str, topic: str, partitions: set[int], wanted: set[Coordinates]) -> dict[Coordinates, Received]:
    found: dict[Coordinates, Received] = {}
    for batch in read_topic(bootstrap, topic, partitions):
        for record in batch:
            try:
                at = coordinates(dict(record.headers))
            except Undecodable:
                continue
            if at in wanted:
                found[at] = record
    return found


def view_named(views: Sequence[View], name: str) -> View:
    """The view of a name. May raise `Refused` (`unknown-view`, 404)."""
    found = next((view for view in views if view.name == name), None)
    if found is None:
        raise unknown_view(name)
    return found


def unknown_view(name: str) -> Refused:
    """There is no such view here."""
    return Refused("unknown-view", f"Không có bảng tổng hợp {name}.", f"There is no view {name}.", status=404, field="view")
