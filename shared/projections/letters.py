"""Parked events as an operator sees them: listed, shown with their raw bytes, and read again in order.

One way of reading again for the page, the API and the command line: the raw bytes are decoded anew, in the live build of the
view, up to the first that still fails. They are what the log recorded, so they stay as they are: what helps is a fold that was
mended. Refuses a view that is not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.kafka.headers import Coordinates
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.projections.builds import LIVE, Built, live
from shared.projections.parking import Replayed, replay
from shared.projections.view import View


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


async def read_again(pool: Pool, view: View, stream: str) -> Replayed:
    """Try a stream's parked events again, in order."""
    async with pool.acquire() as connection:
        build = await live(connection, view.name)
        if build is None:
            raise unknown_view(view.name)
        return await replay(connection, Built(view, build.number), stream)


def view_named(views: Sequence[View], name: str) -> View:
    """The view of a name. May raise `Refused` (`unknown-view`, 404)."""
    found = next((view for view in views if view.name == name), None)
    if found is None:
        raise unknown_view(name)
    return found


def unknown_view(name: str) -> Refused:
    """There is no such view here."""
    return Refused("unknown-view", f"Không có bảng tổng hợp {name}.", f"There is no view {name}.", status=404, field="view")
