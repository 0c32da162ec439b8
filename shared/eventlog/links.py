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
    identity = await identity_of(connection)
    rows = await connection.fetch(
        """select w.lane, w.position, e.hash from unnest($1::smallint[], $2::bigint[]) as w (lane, position)
        left join log.events e using (lane, position)""",
        [lane for lane, _ in places],
        [position for _, position in places],
    )
    found: dict[At, bytes | None] = {(row["lane"], row["position"]): row["hash"] for row in rows}
    return Links(identity, found | {at: identity.genesis(at[0]) for at in places if at[1] == 0})
