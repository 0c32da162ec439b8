"""The certificate of a build (chứng nhận): up to which event of each lane it has read, what it holds, that another build
which read the same events holds the same, byte for byte, and that what they read is what the logs themselves say.

`compared.same`: both builds stood at the same positions and are the same. `record`: what the logs answered, each of which is
told by itself. `compared.equal` is both: the same, and equal to the record. A log that did not answer is named, never taken for
equal. The text is canonical JSON, so that it can be kept, sent and compared. It names no club: parked streams are counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shared.kernel.database import Connection
from shared.projections import dump
from shared.projections.dump import Difference, TableDigest, digest
from shared.projections.record import overall
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


async def differences(connection: Connection, live: View, new: View, old: Side, made: Side) -> list[Difference]:
    """The rows as they are in the newer snapshot, of the tables whose hashes differ."""
    known = {each.table: each for each in old.tables}
    schemas = (schema_of(live), schema_of(new))
    found: list[Difference] = []
    for each in made.tables:
        if known.get(each.table) != each:
            found += await dump.differences(connection, each.table, schemas)
    return found


def certificate(
    service: str,
    view: View,
    made_at: datetime,
    new: Side,
    old: Side,
    stands_on: Mapping[str, str],
    logs: Mapping[str, Json],
    spoiled: Mapping[tuple[str, int], int],
) -> Json:
    """What is kept and shown. `stands_on`: what the figures are read with besides events (definitions, maps), with versions.
    `logs`: what each log says of the new build; `spoiled`: where the old one had taken a record that was ruled out."""
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
        "logs": dict(logs),
        "record": overall(logs),
        "compared": _comparison(new, old, logs, spoiled),
    }


def _comparison(new: Side, old: Side, logs: Mapping[str, Json], spoiled: Mapping[tuple[str, int], int]) -> Json:
    same_heads = all(
        head is None or other is None or head == other
        for source, lanes in new.heads.items()
        for lane, head in lanes.items()
        for other in (old.heads.get(source, {}).get(lane),)
    )
    same = new.sha256 == old.sha256 and new.positions == old.positions and same_heads
    return {
        "build": old.build,
        "sha256": old.sha256,
        "same_positions": new.positions == old.positions,
        "same_heads": same_heads,
        "same": same,
        "equal": same and overall(logs) == "equal",
        "spoiled": [
            {"source": source, "lane": lane, "position": position} for (source, lane), position in sorted(spoiled.items())
        ],
        "parked": {"events": old.parked, "streams": old.parked_streams},
    }


def text_of(found: Json) -> str:
    """Canonical JSON."""
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
