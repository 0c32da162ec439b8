"""One batch of records into the toy view, with everything that the fold can be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.kafka.record import Received
from shared.projections.fold import Folded, fold_into
from shared.projections.postgres_store import PostgresStore
from shared.testing.folding import chain_for
from tests.shared.flow import Purses


async def folded(connection: Any, view: Purses, records: Sequence[Received], **limits: Any) -> Folded:
    async with connection.transaction():
        store, chain = PostgresStore(connection, view), chain_for(*view.sources)
        return await fold_into(store, view, records, known={}, epochs=None, holds={}, chain=chain, **limits)
