"""Two places for the toy view, in Postgres and in memory, with one look at what is committed in either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.kafka.record import Partition, Received
from shared.projections.chain import Taken
from shared.projections.checkpoints import Lane
from shared.projections.memory import MemoryTransaction
from shared.projections.store import Stores
from shared.projections.view import Delivered
from shared.testing.folding import received as as_received
from tests.shared.flow import CoinPut, Place, Purses


class MemoryPurses(Purses):
    """The toy view over a memory transaction."""

    async def apply(self, connection: Any, events: Sequence[Delivered]) -> None:
        transaction: MemoryTransaction = connection
        for one in events:
            if self.breaks(one):
                raise ValueError(f"cannot add up {one.recorded.stream} v{one.recorded.version}")
            amount = one.event.amount if isinstance(one.event, CoinPut) else 0
            total, versions = transaction.get("purses", one.recorded.stream, (0, []))
            transaction.put("purses", one.recorded.stream, (total + amount, [*versions, one.recorded.version]))


@dataclass
class Stage:
    """The stores, a view for them, and a look at what is committed."""

    stores: Stores
    view: Any
    source: str
    place: Place | None

    async def purses(self) -> dict[str, tuple[int, list[int]]]:
        if self.place is None:
            return dict(self.stores.database.rows("purses"))  # type: ignore[attr-defined]
        rows = await self._rows("select stream, total, versions from purses_v1.purses")
        return {row["stream"]: (row["total"], list(row["versions"])) for row in rows}

    async def checkpoints(self) -> dict[Lane, tuple[int, int, int, datetime | None, bytes | None]]:
        if self.place is None:
            rows = self.stores.database.rows("checkpoints").items()  # type: ignore[attr-defined]
            return {key[2:]: (m.position, m.unknown, m.parked, m.recorded_at, m.head) for key, m in rows if m.position}
        rows = await self._rows("select * from projection.checkpoints where position > 0")
        return {(r["source"], r["lane"]): (r["position"], r["unknown"], r["parked"], r["recorded_at"], r["head"]) for r in rows}

    async def parked(self) -> set[tuple[str, int, bool]]:
        if self.place is None:
            rows = self.stores.database.rows("parked").values()  # type: ignore[attr-defined]
            return {(one.stream, one.at.position, one.poison) for one in rows}
        rows = await self._rows("select stream, position, poison from projection.parked")
        return {(row["stream"], row["position"], row["poison"]) for row in rows}

    async def set_aside(self) -> set[tuple[Any, ...]]:
        if self.place is None:
            rows = self.stores.database.rows("set_aside").values()  # type: ignore[attr-defined]
            return {
                (one.record.offset, one.kind, *(one.at or (None,) * 3), one.digest, *_stands(one.stands), one.record.value)
                for one in rows
            }
        rows = await self._rows(
            """select kafka_offset, kind, source, lane, position, hash, stands_hash, stands_offset, value
            from projection.set_aside"""
        )
        return {tuple(row) for row in rows}

    async def links(self) -> dict[Lane, list[tuple[int, bytes, int]]]:
        """Of each lane, in order: position, hash and offset."""
        found: dict[Lane, list[tuple[int, bytes, int]]] = {}
        if self.place is None:
            rows = self.stores.database.rows("links")  # type: ignore[attr-defined]
            for (source, lane, _), links in sorted(rows.items()):
                found.setdefault((source, lane), []).extend(tuple(link) for link in links)
            return found
        for row in await self._rows("select * from projection.links order by source, lane, first"):
            digests, offsets = (
                [row[name][at : at + size] for at in range(0, len(row[name]), size)]
                for name, size in (("hashes", 32), ("offsets", 8))
            )
            found.setdefault((row["source"], row["lane"]), []).extend(
                (row["first"] + n, digest, int.from_bytes(offset, "little"))
                for n, (digest, offset) in enumerate(zip(digests, offsets, strict=True))
            )
        return found

    async def _rows(self, query: str) -> list[Any]:
        assert self.place is not None
        async with self.place.pool.acquire() as connection:
            return await connection.fetch(query)


def _stands(stands: Taken | None) -> tuple[bytes | None, int | None]:
    """Hash and offset; an offset that nobody knows is kept as null."""
    return (None, None) if stands is None else (stands.hash, stands.offset if stands.offset >= 0 else None)


def partitions(stage: Stage) -> list[Partition]:
    return [Partition(f"{stage.source}.events", number, 6) for number in range(6)]


def received(recorded: Any, **changes: Any) -> Received:
    return as_received(recorded)._replace(**changes)
