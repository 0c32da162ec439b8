"""The view `figures` in a fresh database, folded by batches as the runner folds them, without Kafka."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from services.reporting.ledger.view import FiguresView
from shared.feeds import schema as feed_schema
from shared.projections.dump import lines, tables_of
from shared.projections.view import Delivered, schema_of
from shared.reference.book import load
from shared.testing.folding import delivered, fold, install_views


@dataclass
class ReportingWorld:
    pool: Any
    view: FiguresView
    schema: str
    _versions: dict[str, int] = field(default_factory=dict)

    async def fold(self, events: Iterable[Delivered], batch: int = 500) -> None:
        """Batches, in order."""
        waiting = list(events)
        for start in range(0, len(waiting), batch):
            await fold(self.pool, self.view, waiting[start : start + batch])

    async def tell(self, stream: str, *events: Any, at: datetime) -> None:
        """Events of one stream, recorded at an instant."""
        told = []
        for event in events:
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            told.append(delivered(event, stream, version, recorded_at=at))
        await self.fold(told)

    async def dump(self) -> str:
        """Every row of every table, a line each, in the canonical order."""
        async with self.pool.acquire() as connection, connection.transaction():
            tables = await tables_of(connection, self.schema)
            return "\n".join([f"{table} {line}" for table in tables async for line in lines(connection, self.schema, table)])


async def open_world(postgres: Any, view: FiguresView | None = None) -> ReportingWorld:
    urls = await postgres.database("reporting")
    view = view or FiguresView(load())
    owner = await asyncpg.connect(urls.owner)
    try:
        await install_views(owner, urls.app_role, [view], "reporting")
        await feed_schema.install(owner, urls.app_role)
    finally:
        await owner.close()
    schema = schema_of(view)
    pool = await asyncpg.create_pool(urls.app, min_size=1, max_size=4, server_settings={"search_path": schema})
    return ReportingWorld(pool, view, schema)


async def close_world(world: ReportingWorld) -> None:
    await world.pool.close()
