"""The certificate of a build (chứng nhận): up to which event of each lane it has read, what it holds, and that another build
which read the same events holds the same, byte for byte.

Says whether both builds stood at the same positions: only then can they be equal. The text is canonical JSON, so that it can be
kept, sent and compared. It names no club: parked streams are counted, not named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shared.kernel.database import Connection
from shared.projections.dump import TableDigest, digest
from shared.projections.view import View, schema_of

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One build as one transaction sees it."""

    build: int
    positions: Mapping[str, Mapping[int, int]]
    heads: Mapping[str, Mapping[int, str | None]]
    parked: int
    parked_streams: int
    sha256: str
    tables: tuple[TableDigest, ...]

    @property
    def events(self) -> int:
        """How many events it has passed."""
        return sum(sum(lanes.values()) for lanes in self.positions.values())


async def read_side(connection: Connection, built: View) -> Side:
    """A build, inside a repeatable-read transaction of the caller's."""
    rows = await connection.fetch(
        """select source, lane, position, encode(head, 'hex') as head from projection.checkpoints
        where view = $1 and version = $2 and position > 0 order by source, lane""",
        built.name, built.version,
    )  # fmt: skip
    parked = await connection.fetchrow(
        """select count(*) as events, count(distinct stream) as streams from projection.parked
        where view = $1 and version = $2""",
        built.name, built.version,
    )  # fmt: skip
    positions: dict[str, dict[int, int]] = {}
    heads: dict[str, dict[int, str | None]] = {}
    for row in rows:
        positions.setdefault(row["source"], {})[row["lane"]] = row["position"]
        heads.setdefault(row["source"], {})[row["lane"]] = row["head"]
    found = await digest(connection, schema_of(built))
    return Side(built.version, positions, heads, parked["events"], parked["streams"], found.sha256, found.tables)


def certificate(service: str, view: View, made_at: datetime, new: Side, old: Side, stands_on: Mapping[str, str]) -> Json:
    """What is kept and shown. `stands_on`: what the figures are read with besides events (definitions, maps), with versions."""
    return {
        "service": service,
        "view": view.name,
        "code": view.version,
        "build": new.build,
        "made_at": made_at.isoformat(),
        "events": new.events,
        "sha256": new.sha256,
        "tables": [asdict(each) for each in new.tables],
        "positions": {source: {str(lane): at for lane, at in lanes.items()} for source, lanes in new.positions.items()},
        "heads": {source: {str(lane): head for lane, head in lanes.items()} for source, lanes in new.heads.items()},
        "parked": {"events": new.parked, "streams": new.parked_streams},
        "stands_on": dict(stands_on),
        "compared": _comparison(new, old),
    }


def _comparison(new: Side, old: Side) -> Json:
    same_heads = all(
        head is None or other is None or head == other
        for source, lanes in new.heads.items()
        for lane, head in lanes.items()
        for other in (old.heads.get(source, {}).get(lane),)
    )
    return {
        "build": old.build,
        "sha256": old.sha256,
        "same_positions": new.positions == old.positions,
        "same_heads": same_heads,
        "equal": new.sha256 == old.sha256 and new.positions == old.positions and same_heads,
        "parked": {"events": old.parked, "streams": old.parked_streams},
    }


def text_of(found: Json) -> str:
    """Canonical JSON."""
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
