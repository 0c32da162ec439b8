"""What the logs said, kept in memory: the promises of `Decisions`, held equal to Postgres by one contract suite.

It forgets everything with the process, so no service may run on it. Of policies it lists no commands: it has no log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from shared.eventlog.checkpoints import Checkpoint
from shared.eventlog.records import LogIdentity
from shared.eventlog.rulings import Ruling
from shared.kafka.headers import Coordinates
from shared.kafka.identity import Where
from shared.kafka.record import Received
from shared.projections.checkpoints import Lane, Moved
from shared.projections.decisions import RULED_OUT, Ruled, aside_of
from shared.projections.links import RING, Link, Overruled, Taken
from shared.projections.memory import keep_aside
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
            keep_aside(transaction, aside)
            for source, count in statements.items():
                transaction.merge("statements", source, count, max)

    async def rulings(self) -> list[Ruled]:
        """See `Decisions.rulings`."""
        async with self._database.transaction() as transaction:
            return list(transaction.scan("rulings").values())

    async def keep(self, ruling: Ruling) -> None:
        """See `Decisions.keep`."""
        lane = (ruling.source, ruling.lane)
        async with self._database.transaction() as transaction:
            key = (*lane, ruling.position, ruling.hash)
            if transaction.get("rulings", key) is None:
                transaction.put("rulings", key, Ruled(lane, ruling.position, ruling.hash, ruling.stands))
            listed: dict[tuple[str, int, int], SetAside] = transaction.scan("set_aside") if ruling.stands else {}
            for where, one in listed.items():
                if one.kind != "fork" or one.at != Coordinates(*lane, ruling.position):
                    continue
                if one.digest == ruling.hash:
                    transaction.drop("set_aside", where)
                else:
                    reason, stands = one.reason + RULED_OUT, Taken(ruling.hash, one.stands.offset if one.stands else -1)
                    transaction.put("set_aside", where, replace(one, kind="ruled-out", reason=reason, stands=stands))

    async def give_up(self, checkpoint: Checkpoint) -> None:
        """See `Decisions.give_up`. What is kept here of a ruling has no time: all that stood is forgotten."""
        given_up = {(checkpoint.source, lane): kept for lane, kept in checkpoint.given_up}
        async with self._database.transaction() as transaction:
            rulings: dict[tuple[str, int, int, bytes], Ruled] = transaction.scan("rulings")
            for key, ruled in rulings.items():
                if ruled.stands and ruled.position > given_up.get(ruled.lane, ruled.position):
                    transaction.drop("rulings", key)

    async def overrule(self, overruled: Overruled, records: Sequence[Received]) -> None:
        """See `Decisions.overrule`."""
        async with self._database.transaction() as transaction:
            await _overrule(transaction, overruled, records)

    async def spoil(self, view: str, version: int, overruled: Overruled) -> None:
        """See `Decisions.spoil`."""
        async with self._database.transaction() as transaction:
            key = (view, version, *overruled.lane)
            row: Moved | None = transaction.get("checkpoints", key)
            if row is not None and row.position >= overruled.position:
                transaction.put("spoiled", (*key, overruled.position), overruled)

    async def forks(self, lanes: Iterable[Lane]) -> list[tuple[Lane, int]]:
        """See `Decisions.forks`."""
        wanted = set(lanes)
        async with self._database.transaction() as transaction:
            ruled = {(one.lane, one.position) for one in transaction.scan("rulings").values() if one.stands}
            aside: list[SetAside] = [one for one in transaction.scan("set_aside").values() if one.kind == "fork"]
        found = {((one.at.source, one.at.lane), one.at.position) for one in aside if one.at is not None}
        return sorted(fork for fork in found - ruled if fork[0] in wanted)

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


def _read_anew(transaction: MemoryTransaction, view: str, version: int) -> None:
    """The rows of a policy stand in the table of its name."""
    for key, row in transaction.scan("checkpoints").items():
        if key[:2] == (view, version):
            transaction.put("checkpoints", key, replace(row, position=0, head=None))
            transaction.put("epochs", key, transaction.get("epochs", key, 0) + 1)
    for table in ("parked", "offsets"):
        for key in transaction.scan(table):
            if key[:2] == (view, version):
                transaction.drop(table, key)
    for key in transaction.scan(view):
        transaction.drop(view, key)
    transaction.put("restarts", view, transaction.get("restarts", view, 0) + 1)


async def _overrule(transaction: MemoryTransaction, overruled: Overruled, records: Sequence[Received]) -> None:
    lane, position = overruled.lane, overruled.position
    keys = sorted(key for key in transaction.scan("checkpoints") if key[2:] == lane or key[0].startswith(POLICY))
    await transaction.lock("checkpoints", keys)
    links: dict[tuple[str, int, int], tuple[Link, ...]] = transaction.scan("links")
    links = {key: kept for key, kept in links.items() if key[:2] == lane}
    forgotten = bool(links) and min(key[2] for key in links) > position
    if not forgotten and not any(link[:2] == overruled.taken[0][:2] for kept in links.values() for link in kept):
        return
    for key in keys:
        row: Moved = transaction.get("checkpoints", key)
        if key[2:] != lane or row.position < position:
            continue
        if not key[0].startswith(POLICY):
            if transaction.get("spoiled", (*key, position)) is None:
                transaction.put("spoiled", (*key, position), overruled)
            continue
        _read_anew(transaction, *key[:2])
    for key, kept in links.items():
        if key[2] >= position:
            transaction.drop("links", key)
        elif key[2] + len(kept) > position:
            transaction.put("links", key, kept[: position - key[2]])
    keep_aside(transaction, aside_of(overruled, records))
