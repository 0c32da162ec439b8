"""What the logs said, kept in memory: the promises of `Decisions`, held equal to Postgres by one contract suite.

It forgets everything with the process, so no service may run on it. Of policies it lists no commands: it has no log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from shared.eventlog.records import LogIdentity
from shared.eventlog.rulings import Ruling
from shared.kafka.headers import Coordinates
from shared.kafka.record import Received
from shared.projections.checkpoints import Lane, Moved
from shared.projections.decisions import Overruled, Ruled, Where
from shared.projections.links import RING, Link, Taken
from shared.projections.memory_tables import MemoryDatabase, MemoryTransaction
from shared.projections.policy import POLICY
from shared.projections.store import SetAside


class MemoryDecisions:
    """The decisions that a memory database keeps."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def logs(self) -> dict[str, LogIdentity]:
        """See `Decisions.logs`."""
        async with self._database.transaction() as transaction:
            return transaction.scan("logs")

    async def meet(self, source: str, identity: LogIdentity) -> None:
        """See `Decisions.meet`."""
        async with self._database.transaction() as transaction:
            if transaction.get("logs", source) is None:
                transaction.put("logs", source, identity)

    async def statements(self) -> dict[str, int]:
        """See `Decisions.statements`."""
        async with self._database.transaction() as transaction:
            return transaction.scan("statements")

    async def heard(self, statements: Mapping[str, int], aside: Sequence[SetAside]) -> None:
        """See `Decisions.heard`."""
        async with self._database.transaction() as transaction:
            _set_aside(transaction, aside)
            for source, count in statements.items():
                transaction.merge("statements", source, count, max)

    async def rulings(self) -> list[Ruled]:
        """See `Decisions.rulings`."""
        async with self._database.transaction() as transaction:
            return list(transaction.scan("rulings").values())

    async def keep(self, ruling: Ruling, overruled: Overruled | None, record: Received | None) -> None:
        """See `Decisions.keep`."""
        lane = (ruling.source, ruling.lane)
        async with self._database.transaction() as transaction:
            key = (*lane, ruling.position, ruling.hash)
            if transaction.get("rulings", key) is None:
                transaction.put("rulings", key, Ruled(lane, ruling.position, ruling.hash, ruling.stands))
            if overruled is not None:
                await _spoil(transaction, overruled, record)

    async def spoiled(self, view: str, version: int) -> dict[Lane, int]:
        """See `Decisions.spoiled`."""
        async with self._database.transaction() as transaction:
            rows = sorted(key for key in transaction.scan("spoiled") if key[:2] == (view, version))
        return {(source, lane): position for _, _, source, lane, position in reversed(rows)}

    async def links(self, lanes: Iterable[Lane]) -> dict[Lane, tuple[list[Link], float]]:
        """See `Decisions.links`."""
        wanted = set(lanes)
        found: dict[Lane, tuple[list[Link], float]] = {}
        async with self._database.transaction() as transaction:
            moved: dict[Lane, float] = transaction.scan("moved")
            for (source, lane, _), links in sorted(transaction.scan("links").items()):
                if (source, lane) in wanted:
                    kept, _ = found.setdefault((source, lane), ([], moved.get((source, lane), 0.0)))
                    kept += links
        return found

    async def replaced(self, reader: str, found: Mapping[Where, str]) -> list[Where]:
        """See `Decisions.replaced`."""
        fresh: list[Where] = []
        async with self._database.transaction() as transaction:
            for where, identity in found.items():
                before = transaction.get("topic_identities", (reader, *where))
                transaction.put("topic_identities", (reader, *where), identity)
                if before is not None and before != identity:
                    fresh.append(where)
            for key in transaction.scan("offsets") if fresh else ():
                if key[2] in fresh:
                    transaction.drop("offsets", key)
        return fresh

    async def prune(self) -> None:
        """See `Decisions.prune`."""
        async with self._database.transaction() as transaction:
            rows: dict[tuple[str, int, int], tuple[Link, ...]] = transaction.scan("links")
            newest: dict[Lane, int] = {}
            for source, lane, first in rows:
                newest[source, lane] = max(first, newest.get((source, lane), 0))
            for key, links in rows.items():
                if key[2] + len(links) < newest[key[:2]] - RING:
                    transaction.drop("links", key)


async def _spoil(transaction: MemoryTransaction, overruled: Overruled, record: Received | None) -> None:
    """What `rulings.spoil` does."""
    lane, position = overruled.lane, overruled.position
    keys = sorted(key for key in transaction.scan("checkpoints") if key[2:] == lane)
    await transaction.lock("checkpoints", keys)
    for key in keys:
        row: Moved = transaction.get("checkpoints", key)
        if row.position < position:
            continue
        if key[0].startswith(POLICY):
            transaction.put("checkpoints", key, replace(row, position=position - 1, head=overruled.before))
        elif transaction.get("spoiled", (*key, position)) is None:
            transaction.put("spoiled", (*key, position), overruled)
    for key, links in transaction.scan("links").items():
        if key[:2] == lane and key[2] + len(links) > position:
            transaction.drop("links", key)
    if record is not None:
        reason = "it had been taken, and a ruling says that it is not the log's"
        stands = Taken(overruled.ruling.hash, -1) if overruled.ruling.stands else None
        aside = SetAside("ruled-out", reason, record, Coordinates(*lane, position), overruled.taken.hash, stands)
        _set_aside(transaction, [aside])


def _set_aside(transaction: MemoryTransaction, records: Sequence[SetAside]) -> None:
    for one in records:
        where = (one.record.topic, one.record.partition, one.record.offset)
        if transaction.get("set_aside", where) is None:
            transaction.put("set_aside", where, one)
