"""The view `figures`, version 3: the ledger behind every figure. One query loads the states of a slice of a batch, then a few
set-based statements write everything, in the batch's own transaction. It keeps nothing in memory between batches. While
Postgres writes what a slice became, the next one is folded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from services.reporting.ledger.batch import Batch
from services.reporting.ledger.fold import CODEC
from services.reporting.ledger.keys import Keys
from services.reporting.ledger.tables import TABLES
from services.reporting.ledger.writing import Beside, stored_parts, write_heads, write_rows
from shared.feeds.feed import append
from shared.kernel.database import Connection
from shared.kernel.ports import PlaceBook
from shared.projections.view import Delivered

_AT_ONCE: Final = 1000
"""The events of a slice, and those that its last subject has beyond them."""
_BETWEEN_TURNS: Final = 50
"""Events that are folded before others of the process have their turn: what goes to Postgres, whoever asks for its health."""


class FiguresView:
    """The fold from the logs of all four services to the ledger. Several processes may fold different lanes."""

    name = "figures"
    version = 3
    sources = ("clubs", "trainings", "monitoring", "reporting")
    codec = CODEC

    def __init__(self, places: PlaceBook, *, tells: bool = True, at_once: int = _AT_ONCE) -> None:
        self._places = places
        self._keys = Keys(places)
        self._tells = tells
        self._at_once = at_once

    def silent(self) -> FiguresView:
        """The same fold, without a word to the feed."""
        return FiguresView(self._places, tells=False, at_once=self._at_once)

    def tables(self) -> str:
        """States, entries, declared figures, targets, freshness and positions."""
        return TABLES

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """Fold the events of one subject after another, each subject's in order, write what they change, and tell the feed.

        Only the order of a subject's events counts, and one that is worked on at once stays in the processor's reach.
        """
        batch = Batch(self._keys)
        cut = list(slices(sorted(events, key=_subject), self._at_once))
        async with Beside() as writing:
            stored = await stored_parts(connection, cut[0])
            for some, next_ones in zip(cut, [*cut[1:], []], strict=True):
                batch.look(stored)
                await _fold(batch, some)
                await writing.done()
                stored = await stored_parts(connection, next_ones) if next_ones else {}
                writing.begin(write_rows(connection, batch.take()))
        await write_heads(connection, batch)
        if events and self._tells:
            await append(connection, "figures", _told(events, batch))


def slices(events: Sequence[Delivered], at_once: int) -> Iterator[Sequence[Delivered]]:
    """Events that are sorted by subject, cut behind a subject wherever so many have come together."""
    start = 0
    for index in range(1, len(events)):
        if index - start >= at_once and _subject(events[index]) != _subject(events[index - 1]):
            yield events[start:index]
            start = index
    yield events[start:]


async def _fold(batch: Batch, events: Sequence[Delivered]) -> None:
    for start in range(0, len(events), _BETWEEN_TURNS):
        if start:
            await asyncio.sleep(0)
        batch.fold_all(events[start : start + _BETWEEN_TURNS])


def _subject(delivered: Delivered) -> str:
    return delivered.recorded.stream


def _told(events: Sequence[Delivered], batch: Batch) -> dict[str, object]:
    """What the feed says of a batch: which areas' figures may have changed, by events of which types."""
    types = Counter(each.recorded.type for each in events)
    return {"events": len(events), "places": sorted(batch.freshness), "types": dict(sorted(types.items()))}
