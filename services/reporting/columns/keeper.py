"""Keeps one copy of a ledger in step with the database: each snapshot brings it to its own positions, and looks at that.

A refresh runs under a lock that is taken before the snapshot begins to see, so what is held is never ahead of a snapshot:
commits only add. What is behind is fetched in the snapshot itself. Whether everything was found is checked by the number
of events that the ledger has folded: after a replay of parked events (which adds behind a position) or a rebuilding the copy
is read anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from services.reporting.columns import fetch
from services.reporting.columns.held import Held, Look
from shared.kernel.database import Connection, Pool

Lane = tuple[str, int]
_MANY: Final = 10_000
"""So many new events are read by one pass over everything."""
_AT_ONCE: Final = 2
"""Questions that are answered at once: one computes while the other waits for the database, or for very large sums in a thread.
All share one interpreter, and taking turns in small pieces would make everybody wait for the largest."""


@dataclass(slots=True)
class Keeper:
    """The copy of one view's live build in one database; another build is read anew. Whoever looks at it has a turn."""

    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _held: Held = field(default_factory=Held)
    _lanes: dict[Lane, int] = field(default_factory=dict[Lane, int])
    _events: int = 0
    _build: int = 0

    async def look(self, connection: Connection, build: int, lanes: Mapping[Lane, int], events: int) -> Look:
        """The ledger at a snapshot's positions, which hold so many events. The caller holds `lock`.

        Nothing changes before everything is there, so that an interrupted question leaves the copy as it was.
        """
        if build != self._build or not await self._follow(connection, lanes, events):
            held = Held()
            async for piece in fetch.everything(connection):
                held.add(piece)
            self._held = held
        if events != self._events or lanes != self._lanes:
            self._held.state += 1
        self._build, self._lanes, self._events = build, dict(lanes), events
        return self._held.look()

    async def _follow(self, connection: Connection, lanes: Mapping[Lane, int], events: int) -> bool:
        """Take in what is newer; False if the copy must be read anew."""
        held = [(*lane, self._lanes.get(lane, 0)) for lane, position in lanes.items() if position > self._lanes.get(lane, 0)]
        back = any(lanes.get(lane, 0) < position for lane, position in self._lanes.items())
        if back or not 0 <= events - self._events <= _MANY:
            return False
        if not held:
            return events == self._events
        found, streams, above = await fetch.newer(connection, held)
        if found != events - self._events:
            return False
        if streams:
            self._held.add(await fetch.of_streams(connection, streams, above))
        return True


@lru_cache(maxsize=8)
def keeper_of(pool: Pool, view: str) -> Keeper:
    """The one copy that this process keeps of a view."""
    del pool, view
    return Keeper()
