"""Folds a batch of records into one view, inside a transaction that the caller opened: events, rows and checkpoint together.
All of it runs over `Store`, so that a simulator in memory runs the very same code; `fold` is it on a Postgres connection.

What follows in its lane is applied (`intake`); what does not is set aside. An event that cannot be read or folded is found by
halving the batch inside savepoints and parked, and the later events of its stream with it. What will pass is raised, and so is
`TooManyDeadLetters`: then nothing has happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.kafka.headers import Coordinates, recorded_of, stream_of
from shared.kafka.record import Received
from shared.kernel.crashpoint import crashpoint
from shared.kernel.database import Connection
from shared.kernel.event import Undecodable, UnknownEventType
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane, Moved, Stands, owned
from shared.projections.failures import describe, will_pass
from shared.projections.intake import Gap, Intake, Opened
from shared.projections.links import Link
from shared.projections.postgres_store import PostgresStore
from shared.projections.store import Parked, Store
from shared.projections.view import Delivered, View

_RETRIES = (0.05, 0.2)
"""Pauses before an event that fails by itself is tried again; afterwards it is parked."""
_PATIENCE = 10
"""How many events of one batch are tried again; a view that fails on everything must not take minutes to say so."""


class TooManyDeadLetters(Exception):
    """So many events fail that the view, not the events, must be at fault: it stops and nothing of the batch is parked."""


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
    set_aside: int = 0
    """Records that were not believed and had not been seen before."""
    links: dict[Lane, list[Link]] = field(default_factory=dict[Lane, list[Link]])
    contested: dict[Lane, int] = field(default_factory=dict[Lane, int])
    stood: dict[Lane, int] = field(default_factory=dict[Lane, int])
    """Where the lanes of the batch stood before it. That may be news: a commit is not always heard of."""


async def fold(
    connection: Connection,
    view: View,
    records: Sequence[Received],
    *,
    known: Mapping[Lane, int],
    epochs: Mapping[Lane, int] | None,
    holds: Mapping[tuple[str, int], int],
    chain: Chain,
) -> Folded:
    """`fold_into` on a connection that is inside a transaction."""
    return await fold_into(PostgresStore(connection, view), view, records, known=known, epochs=epochs, holds=holds, chain=chain)


async def fold_into(
    store: Store,
    view: View,
    records: Sequence[Received],
    *,
    known: Mapping[Lane, int],
    epochs: Mapping[Lane, int] | None,
    holds: Mapping[tuple[str, int], int],
    chain: Chain,
    stopped: Callable[[Lane], bool] = lambda _: False,
    poison_allowed: int = 1_000_000,
) -> Folded:
    """Fold a batch. May raise `Fenced`, `TooManyDeadLetters`, and whatever will pass; then roll back.

    `known`: positions that are certainly reached, to skip early. `epochs`: the ownership to check; None asks for none and
    keeps no Kafka offsets. `holds`: offsets that reading must not be moved past, since a stopped lane needs them. `chain`:
    what is known of the logs. `stopped`: lanes in which this view alone may not go on.
    """
    intake = Intake(view, chain, stopped)
    folding = _Folding(store, view, intake, poison_allowed)
    opened = intake.open(records, known)
    if not opened and not intake.aside:
        folding.done.skipped = intake.skipped
        return folding.done
    lanes = sorted({(one.at.source, one.at.lane) for one in opened})
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

    def __init__(self, store: Store, view: View, intake: Intake, poison_allowed: int) -> None:
        self._store = store
        self._view = view
        self._intake = intake
        self._poison_allowed = poison_allowed
        self._retried = 0
        self._times: dict[Lane, datetime] = {}
        self._unknown: dict[Lane, int] = {}
        self._parked: list[Parked] = []
        self.waiting: dict[str, int] = {}
        """Streams that wait, and from which position on."""
        self.done = Folded()

    def decode(self, opened: Iterable[Opened], at_rest: Mapping[Lane, Stands]) -> list[tuple[Delivered, Received]]:
        """The events to apply, in order: what follows in its lane, known by type, and not behind a parked one."""
        intake, done = self._intake, self.done
        taken, done.positions = intake.next(opened, at_rest)
        done.stood = {lane: stands.position for lane, stands in at_rest.items()}
        done.skipped, done.gaps, done.links, done.contested = intake.skipped, intake.gaps, intake.links, intake.contested
        events: list[tuple[Delivered, Received]] = []
        codec = self._view.codec
        for one in taken:
            at, record = one.at, one.record
            lane = (at.source, at.lane)
            try:
                recorded = recorded_of(record.value, one.headers, at)
                self._times[lane] = recorded.recorded_at
                if self._waits(at, recorded.stream):
                    self._wait_behind(at, recorded.stream, record)
                    continue
                event = codec.decode(recorded.type, recorded.schema_version, recorded.data)
                events.append((Delivered(recorded, event), record))
            except UnknownEventType:
                done.unknown += 1
                self._unknown[lane] = self._unknown.get(lane, 0) + 1
            except Undecodable as error:
                self._park(at, stream_of(record.key, one.headers, at.lane), record, str(error))
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
        """Write checkpoints with their links, parked events and what was set aside."""
        done = self.done
        if self._parked:
            self._parked.sort(key=lambda parked: parked.at)
            await self._store.park(self._parked)
            done.parked = len(self._parked)
        if self._intake.aside:
            done.set_aside = await self._store.set_aside(self._intake.aside)
        if not done.positions:
            return
        chain = self._intake.chain
        parked = dict.fromkeys(done.positions, 0)
        for one in self._parked:
            parked[one.at.source, one.at.lane] += 1
        await self._store.move(
            {
                lane: Moved(
                    position, self._unknown.get(lane, 0), parked[lane], self._times.get(lane), done.links[lane][-1].hash
                )
                for lane, position in done.positions.items()
            },
            {
                lane: new
                for lane, links in done.links.items()
                if chain.keeps and (new := [link for link in links if link.position > chain.end(lane)])
            },
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

    def _count_poison(self, reason: str) -> None:
        self.done.poison += 1
        if self.done.poison > self._poison_allowed:
            raise TooManyDeadLetters(f"{self.done.poison} bad events in one batch; the last: {reason}")
