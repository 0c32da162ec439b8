"""What a log says of its chain when it is asked: the hash that a lane has at a position. So others can hold theirs against it.

Guarantees that the answer is the log's own row: before the first event it is the lane's beginning, after the last there is
none.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from shared.eventlog.postgres import identity_of
from shared.eventlog.records import LogIdentity

At = tuple[int, int]
"""Lane and position."""


@dataclass(frozen=True, slots=True)
class Links:
    """Which log answered, and the hash at each position that was asked for; None where it has no such event."""

    identity: LogIdentity
    hashes: dict[At, bytes | None]


async def links_at(connection: Any, places: Collection[At]) -> Links:
    """The hashes at some positions of a log in this database."""
    identity, held = await identity_of(connection), await hashes_at(connection, places)
    return Links(identity, {at: held.get(at) if at[1] else identity.genesis(at[0]) for at in places})


async def hashes_at(connection: Any, places: Collection[At]) -> dict[At, bytes]:
    """The log's own hashes at these positions, where it has them. One query."""
    rows = await connection.fetch(
        """select lane, position, e.hash from unnest($1::smallint[], $2::bigint[]) as w (lane, position)
        join log.events e using (lane, position)""",
        [lane for lane, _ in places],
        [position for _, position in places],
    )
    return {(row["lane"], row["position"]): row["hash"] for row in rows}
