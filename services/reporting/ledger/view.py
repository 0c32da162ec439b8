"""The view `figures`, version 3: the ledger behind every figure. One query loads the states of a batch, then a few
set-based statements write everything, in the batch's own transaction. It keeps nothing in memory between batches, and folds
a batch of many subjects in slices, so that a larger country holds no more states in memory at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from services.reporting.ledger import text
from services.reporting.ledger.batch import Batch
from services.reporting.ledger.fold import CODEC
from services.reporting.ledger.keys import Keys
from services.reporting.ledger.tables import TABLES
from shared.feeds.feed import append
from shared.kernel.database import Connection
from shared.kernel.ports import PlaceBook
from shared.projections.view import Delivered

_AT_ONCE: Final = 1000
"""The subjects of a slice: a club of five years takes some fifteen kilobytes while it is folded."""
_LOAD: Final = "select stream, part, state from subjects where stream = any($1::text[])"
_STATES: Final = """
    insert into subjects (stream, part, state) select * from unnest($1::text[], $2::smallint[], $3::bytea[])
    on conflict (stream, part) do update set state = excluded.state
"""
_FRESHNESS: Final = """
    insert into freshness (province, events, recorded_at, latest_month)
    select * from unnest($1::text::text[], $2::text::bigint[], $3::text::timestamptz[], $4::text::date[])
    on conflict (province) do update set
        events = freshness.events + excluded.events,
        recorded_at = greatest(freshness.recorded_at, excluded.recorded_at),
        latest_month = greatest(freshness.latest_month, excluded.latest_month)
"""
_LANES: Final = """
    insert into lanes (source, lane, position, recorded_at)
    select * from unnest($1::text::text[], $2::text::smallint[], $3::text::bigint[], $4::text::timestamptz[])
    on conflict (source, lane) do update set
        position = greatest(lanes.position, excluded.position), recorded_at = greatest(lanes.recorded_at, excluded.recorded_at)
"""


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
        for some in slices(sorted(events, key=_subject), self._at_once):
            batch.look(await stored_parts(connection, sorted({each.recorded.stream for each in some})))
            batch.fold_all(some)
            await write_rows(connection, batch)
        await write_heads(connection, batch)
        if events and self._tells:
            await append(connection, "figures", _told(events, batch))


def slices(events: Sequence[Delivered], subjects: int) -> Iterator[Sequence[Delivered]]:
    """The events in order, cut wherever one more would bring in more than so many subjects."""
    start, seen = 0, set[str]()
    for index, each in enumerate(events):
        if len(seen) == subjects and each.recorded.stream not in seen:
            yield events[start:index]
            start, seen = index, set[str]()
        seen.add(each.recorded.stream)
    yield events[start:]


async def stored_parts(connection: Connection, streams: Sequence[str]) -> dict[str, dict[int, bytes]]:
    """The parts of some subjects, as far as there are any."""
    found: dict[str, dict[int, bytes]] = {}
    for stream, part, state in await connection.fetch(_LOAD, streams):
        found.setdefault(stream, {})[part] = state
    return found


async def write_rows(connection: Connection, batch: Batch) -> None:
    """The rows of what was folded since the last look: of lanes that nobody else writes."""
    await connection.copy_to_table("events", source=text.lines(batch.events))
    await connection.copy_to_table("entries", source=text.lines(batch.entries))
    if batch.declarations:
        await connection.copy_records_to_table("declarations", records=batch.declarations)
    if batch.targets:
        await connection.copy_records_to_table("targets", records=batch.targets)
    parts = list(batch.changed_parts())
    await connection.execute(_STATES, *([part[index] for part in parts] for index in range(3)))


async def write_heads(connection: Connection, batch: Batch) -> None:
    """Rows that other lanes may write too: once, at the end, in one order, so that nobody waits in a circle."""
    fresh = sorted(batch.freshness.items())
    await connection.execute(
        _FRESHNESS, *text.columns((province, each.events, each.recorded_at, each.latest_month) for province, each in fresh)
    )
    await connection.execute(_LANES, *text.columns((*lane, *head) for lane, head in sorted(batch.lanes.items())))


def _subject(delivered: Delivered) -> str:
    return delivered.recorded.stream


def _told(events: Sequence[Delivered], batch: Batch) -> dict[str, object]:
    """What the feed says of a batch: which areas' figures may have changed, by events of which types."""
    types = Counter(each.recorded.type for each in events)
    return {"events": len(events), "places": sorted(batch.freshness), "types": dict(sorted(types.items()))}
