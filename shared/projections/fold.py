"""Folds a batch of records into one view, inside a transaction that the caller opened: events, rows and checkpoint together.
All of it runs over `Store`, so that a simulator in memory runs the very same code; `fold` is it on a Postgres connection.

Dense positions decide: the next one is applied, an earlier one is skipped, a later one stops its lane and is reported
as a gap. An event that cannot be read or folded is found by halving the batch inside savepoints and parked, and the later
events of its stream with it. What will pass is raised, and so is `TooManyDeadLetters`: then nothing has happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.kafka.headers import Coordinates, coordinates, hash_of, recorded_of, stream_of
from shared.kafka.record import Received
from shared.kafka.topics import topic_of
from shared.kernel.crashpoint import crashpoint
from shared.kernel.database import Connection
from shared.kernel.event import Undecodable, UnknownEventType
from shared.projections.checkpoints import Lane, Moved, owned
from shared.projections.failures import describe, will_pass
from shared.projections.postgres_store import PostgresStore
from shared.projections.store import Parked, Store
from shared.projections.view import Delivered, View

_RETRIES = (0.05, 0.2)
"""Pauses before an event that fails by itself is tried again; afterwards it is parked."""
_PATIENCE = 10
"""How many events of one batch are tried again; a view that fails on everything must not take minutes to say so."""


class TooManyDeadLetters(Exception):
    """So many events fail that the view, not the events, must be at fault: it stops and nothing of the batch is parked."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A lane whose next position has not come although later ones have."""

    missing: int
    seen: int
    topic: str
    partition: int
    offset: int
    """Of the first record after the gap: where reading must go on once the missing one is there."""


@dataclass(slots=True)
class Folded:
    """What a batch did to one view."""

    positions: dict[Lane, int] = field(default_factory=dict[Lane, int])
    gaps: dict[Lane, Gap] = field(default_factory=dict[Lane, Gap])
    applied: int = 0
    skipped: int = 0
    unknown: int = 0
    parked: int = 0
    poison: int = 0
    strays: int = 0


Opened = tuple[Received, dict[str, str | bytes | None], Coordinates]
"""A record whose coordinates are known, before the rest is decoded."""


async def fold(
    connection: Connection,
    view: View,
    records: Sequence[Received],
    *,
    known: Mapping[Lane, int],
    epochs: Mapping[Lane, int] | None,
    holds: Mapping[tuple[str, int], int],
    poison_allowed: int = 1_000_000,
) -> Folded:
    """`fold_into` on a connection that is inside a transaction."""
    store = PostgresStore(connection, view)
    return await fold_into(store, view, records, known=known, epochs=epochs, holds=holds, poison_allowed=poison_allowed)


async def fold_into(
    store: Store,
    view: View,
    records: Sequence[Received],
    *,
    known: Mapping[Lane, int],
    epochs: Mapping[Lane, int] | None,
    holds: Mapping[tuple[str, int], int],
    poison_allowed: int = 1_000_000,
) -> Folded:
    """Fold a batch. May raise `Fenced`, `TooManyDeadLetters`, and whatever will pass; then roll back.

    `known`: positions that are certainly reached, to skip early. `epochs`: the ownership to check; None asks for none and
    keeps no Kafka offsets. `holds`: offsets that reading must not be moved past, since a stopped lane needs them.
    """
    folding = _Folding(store, view, poison_allowed)
    opened = folding.open(records, known)
    if not opened and not folding.strays:
        return folding.done
    lanes = sorted({(at.source, at.lane) for _, _, at in opened})
    if epochs is None:
        await store.ensure(lanes)
    at_rest = owned(await store.lock(lanes), lanes, epochs)
    folding.waiting = await store.waiting()
    events = folding.decode(opened, at_rest)
    if events:
        await store.enter()
        await folding.apply(events)
    crashpoint("projector.mid_transaction")
    await folding.finish()
    if epochs is not None:
        after = {(record.topic, record.partition): record.offset + 1 for record in records}
        for gap in folding.done.gaps.values():
            where = (gap.topic, gap.partition)
            after[where] = min(after[where], gap.offset)
        await store.move_offsets({where: min(offset, holds.get(where, offset)) for where, offset in after.items()})
    return folding.done


class _Folding:
    """The state of one batch in one view."""

    def __init__(self, store: Store, view: View, poison_allowed: int) -> None:
        self._store = store
        self._view = view
        self._poison_allowed = poison_allowed
        self._retried = 0
        self._times: dict[Lane, datetime] = {}
        self._heads: dict[Lane, bytes | None] = {}
        self._unknown: dict[Lane, int] = {}
        self._parked: list[Parked] = []
        self.strays: list[tuple[Received, str]] = []
        self.waiting: dict[str, int] = {}
        """Streams that wait, and from which position on."""
        self.done = Folded()

    def open(self, records: Iterable[Received], known: Mapping[Lane, int]) -> list[Opened]:
        """Read where each record belongs; drop what is certainly old."""
        opened: list[Opened] = []
        sources = {topic_of(source): source for source in self._view.sources}
        for record in records:
            headers = dict(record.headers)
            try:
                at = coordinates(headers)
                if sources.get(record.topic) != at.source:
                    raise Undecodable(f"{record.topic} carries an event of {at.source!r}")
                if at.position <= known.get((at.source, at.lane), 0):
                    self.done.skipped += 1
                    continue
                stream_of(record.key, headers, at.lane)
            except Undecodable as error:
                self._stray(record, str(error))
                continue
            opened.append((record, headers, at))
        return opened

    def decode(self, opened: Iterable[Opened], at_rest: Mapping[Lane, int]) -> list[tuple[Delivered, Received]]:
        """The events to apply, in order: what is next in its lane, known by type, and not behind a parked one."""
        reached = dict(at_rest)
        events: list[tuple[Delivered, Received]] = []
        codec, gaps = self._view.codec, self.done.gaps
        for record, headers, at in opened:
            lane = (at.source, at.lane)
            expected = reached[lane] + 1
            if at.position != expected:
                if at.position < expected:
                    self.done.skipped += 1
                else:
                    first = gaps.get(lane)
                    offset = first.offset if first else record.offset
                    seen = max(at.position, first.seen) if first else at.position
                    gaps[lane] = Gap(expected, seen, record.topic, record.partition, offset)
                continue
            reached[lane] = expected
            if lane in gaps and gaps[lane].seen <= expected:
                del gaps[lane]
            try:
                recorded = recorded_of(record.value, headers, at)
                self._times[lane], self._heads[lane] = recorded.recorded_at, recorded.hash
                if self._waits(at, recorded.stream):
                    self._wait_behind(at, recorded.stream, record)
                    continue
                event = codec.decode(recorded.type, recorded.schema_version, recorded.data)
                events.append((Delivered(recorded, event), record))
            except UnknownEventType:
                self.done.unknown += 1
                self._unknown[lane] = self._unknown.get(lane, 0) + 1
            except Undecodable as error:
                self._heads[lane] = hash_of(headers)
                self._park(at, stream_of(record.key, headers, at.lane), record, str(error))
        self.done.positions = {lane: position for lane, position in reached.items() if position > at_rest[lane]}
        return events

    async def apply(self, events: Sequence[tuple[Delivered, Received]]) -> None:
        """Apply all at once, or halve until the one that fails stands alone."""
        ready = self._without_waiting(events)
        if not ready:
            return
        try:
            await self._try(ready)
        except Exception as error:
            if will_pass(error):
                raise
            if len(ready) == 1:
                await self._alone(ready[0], error)
                return
            middle = len(ready) // 2
            await self.apply(ready[:middle])
            await self.apply(ready[middle:])

    async def finish(self) -> None:
        """Write checkpoints, parked events and strays."""
        done = self.done
        if self._parked:
            self._parked.sort(key=lambda parked: parked.at)
            await self._store.park(self._parked)
            done.parked = len(self._parked)
        if self.strays:
            await self._store.keep_strays(self.strays)
            done.strays = len(self.strays)
        if not done.positions:
            return
        parked = dict.fromkeys(done.positions, 0)
        for one in self._parked:
            parked[one.at.source, one.at.lane] += 1
        await self._store.move(
            {
                lane: Moved(position, self._unknown.get(lane, 0), parked[lane], self._times.get(lane), self._heads.get(lane))
                for lane, position in done.positions.items()
            }
        )

    async def _try(self, events: Sequence[tuple[Delivered, Received]]) -> None:
        async with self._store.savepoint():
            await self._store.apply([delivered for delivered, _ in events])
        self.done.applied += len(events)

    async def _alone(self, one: tuple[Delivered, Received], error: Exception) -> None:
        """Try one event a few times more, then park it."""
        for pause in _RETRIES if self._retried < _PATIENCE else ():
            await asyncio.sleep(pause)
            try:
                await self._try([one])
            except Exception as again:
                if will_pass(again):
                    raise
                error = again
            else:
                return
        self._retried += 1
        recorded = one[0].recorded
        self._park(Coordinates(recorded.source, recorded.lane, recorded.position), recorded.stream, one[1], describe(error))

    def _without_waiting(self, events: Sequence[tuple[Delivered, Received]]) -> Sequence[tuple[Delivered, Received]]:
        """Park those whose stream waits already; usually none."""
        if not self.waiting:
            return events
        ready: list[tuple[Delivered, Received]] = []
        for delivered, record in events:
            recorded = delivered.recorded
            at = Coordinates(recorded.source, recorded.lane, recorded.position)
            if self._waits(at, recorded.stream):
                self._wait_behind(at, recorded.stream, record)
            else:
                ready.append((delivered, record))
        return ready

    def _park(self, at: Coordinates, stream: str, record: Received, reason: str) -> None:
        if self._waits(at, stream):
            self._wait_behind(at, stream, record)
            return
        self.waiting[stream] = at.position
        self._parked.append(Parked(at, stream, record, reason, poison=True))
        self._count_poison(reason)

    def _waits(self, at: Coordinates, stream: str) -> bool:
        return bool(self.waiting) and self.waiting.get(stream, at.position) < at.position

    def _wait_behind(self, at: Coordinates, stream: str, record: Received) -> None:
        self._parked.append(Parked(at, stream, record, "waits behind a parked event of its stream", poison=False))

    def _stray(self, record: Received, reason: str) -> None:
        self.strays.append((record, reason))
        self._count_poison(reason)

    def _count_poison(self, reason: str) -> None:
        self.done.poison += 1
        if self.done.poison > self._poison_allowed:
            raise TooManyDeadLetters(f"{self.done.poison} bad events in one batch; the last: {reason}")
