"""What a view's place promises, on Postgres and in memory alike: the same steps, the same answers.

The fold itself runs on both in the last test: what it leaves behind must be the same, whatever happened.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.kafka.headers import Coordinates
from shared.kafka.record import Partition, Received
from shared.kernel.lanes import LANES, lane_of
from shared.projections.checkpoints import Fenced, Lane, Moved, Stands, owned
from shared.projections.fold import fold_into
from shared.projections.memory import MemoryDatabase, MemoryStores, MemoryTransaction
from shared.projections.parking import replay_in
from shared.projections.postgres_store import PostgresStores
from shared.projections.store import Parked, Stores
from shared.projections.view import Delivered
from shared.testing.folding import received as as_received
from tests.shared.flow import Book, CoinPut, Place, Purses, expected, streams_of_lanes, streams_of_one_lane

AT = datetime(2026, 1, 1, tzinfo=UTC)


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

    async def _rows(self, query: str) -> list[Any]:
        assert self.place is not None
        async with self.place.pool.acquire() as connection:
            return await connection.fetch(query)


@pytest.fixture
def stages(place: Place) -> dict[str, Stage]:
    return {
        "memory": Stage(MemoryStores(MemoryDatabase()), MemoryPurses(place.source), place.source, None),
        "postgres": Stage(PostgresStores(place.pool), Purses(place.source), place.source, place),
    }


@pytest.fixture(params=["memory", "postgres"])
def stage(request: pytest.FixtureRequest, stages: dict[str, Stage]) -> Stage:
    return stages[request.param]


def partitions(stage: Stage) -> list[Partition]:
    return [Partition(f"{stage.source}.events", number, 6) for number in range(6)]


def received(recorded: Any, **changes: Any) -> Received:
    return as_received(recorded)._replace(**changes)


async def test_a_claim_raises_every_epoch_and_tells_where_lanes_and_offsets_stand(stage: Stage) -> None:
    first = await stage.stores.claim(stage.view, partitions(stage))
    assert len(first.epochs) == LANES
    assert (set(first.epochs.values()), set(first.positions.values()), first.offsets) == ({1}, {0}, {})
    lane = (stage.source, 7)
    async with stage.stores.transaction(stage.view) as store:
        assert await store.lock([lane]) == {lane: Stands(0, 1, None)}
        await store.move({lane: Moved(3, 1, 0, AT, b"h" * 32)})
        await store.move_offsets({(f"{stage.source}.events", 1): 9})
    second = await stage.stores.claim(stage.view, partitions(stage)[1:2])
    assert second.epochs[lane] == 2
    assert second.positions[lane] == 3
    assert second.offsets == {(f"{stage.source}.events", 1): 9}
    assert {number for _, number in second.epochs} == {number for number in range(LANES) if number % 6 == 1}
    async with stage.stores.transaction(stage.view) as store:
        found = await store.lock([(stage.source, 0), lane])
        assert found == {(stage.source, 0): Stands(0, 1), lane: Stands(3, 2)}
        await store.move({lane: Moved(4, 1, 2, None, None)})
    assert await stage.checkpoints() == {lane: (4, 2, 2, AT, None)}


async def test_what_a_raise_ends_never_happened(stage: Stage) -> None:
    lane, book = (stage.source, lane_of("purse-1")), Book(stage.source)
    event = Delivered(book.put("purse-1", 5), CoinPut(amount=5))
    with suppress(ZeroDivisionError):
        async with stage.stores.transaction(stage.view) as store:
            await store.ensure([lane])
            await store.lock([lane])
            await store.enter()
            await store.apply([event])
            await store.move({lane: Moved(1, 0, 0, AT, None)})
            await store.park([Parked(Coordinates(*lane, 1), "purse-1", received(event.recorded), "bad", poison=True)])
            raise ZeroDivisionError
    assert (await stage.purses(), await stage.checkpoints(), await stage.parked()) == ({}, {}, set())


async def test_a_savepoint_undoes_what_was_written_inside_and_no_more(stage: Stage) -> None:
    """Seen to fail with `savepoint` that keeps its layer: the second coin stayed."""
    book = Book(stage.source)
    one, two, three = (Delivered(book.put("purse-1", n), CoinPut(amount=n)) for n in (1, 20, 300))
    async with stage.stores.transaction(stage.view) as store:
        await store.enter()
        async with store.savepoint():
            await store.apply([one])
        with suppress(ZeroDivisionError):
            async with store.savepoint():
                await store.apply([two])
                async with store.savepoint():
                    await store.apply([two])
                raise ZeroDivisionError
        async with store.savepoint():
            await store.apply([three])
    assert await stage.purses() == {"purse-1": (301, [1, 3])}


async def test_a_locked_lane_waits_for_the_transaction_that_locked_it(stage: Stage) -> None:
    """Seen to fail with `take` that locks nothing: the second saw position 0."""
    lane = (stage.source, 3)
    await stage.stores.claim(stage.view, partitions(stage))
    seen: list[int] = []

    async def second() -> None:
        async with stage.stores.transaction(stage.view) as store:
            seen.append((await store.lock([lane]))[lane].position)

    async with stage.stores.transaction(stage.view) as store:
        await store.lock([lane])
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.05)
        await store.move({lane: Moved(8, 0, 0, AT, None)})
    await asyncio.wait_for(waiting, 5)
    assert seen == [8]


async def test_I10_who_claimed_later_owns_and_the_earlier_is_fenced(stage: Stage) -> None:
    lane = (stage.source, 3)
    zombie = await stage.stores.claim(stage.view, partitions(stage))
    successor = await stage.stores.claim(stage.view, partitions(stage))
    async with stage.stores.transaction(stage.view) as store:
        found = await store.lock([lane])
        with pytest.raises(Fenced):
            owned(found, [lane], zombie.epochs)
        assert owned(found, [lane], successor.epochs) == {lane: 0}
        assert owned(found, [lane], None) == {lane: 0}
    with pytest.raises(Fenced):
        owned({}, [lane], successor.epochs)


async def test_parked_events_are_kept_in_order_with_their_bytes_and_strays_once(stage: Stage) -> None:
    book = Book(stage.source)
    one, other = streams_of_one_lane(2)
    events = [book.put(stream, 1) for stream in (one, other, one)]
    async with stage.stores.transaction(stage.view) as store:
        parked = [
            Parked(Coordinates(e.source, e.lane, e.position), e.stream, received(e, value=b"\xff%d" % n), f"bad {n}", n == 0)
            for n, e in enumerate(events)
        ]
        await store.park([parked[2], parked[0], parked[1]])
        stray = received(events[0], headers=[], offset=77)
        await store.keep_strays([(stray, "no headers")])
        await store.keep_strays([(stray, "no headers")])
    async with stage.stores.transaction(stage.view) as store:
        assert await store.waiting() == {one: 1, other: 2}
        assert await store.lanes_of(one) == [(stage.source, events[0].lane)]
        kept = await store.kept(one)
        assert [(k.at.position, k.value) for k in kept] == [(1, b"\xff0"), (3, b"\xff2")]
        assert kept[0].headers["ce_position"] in (b"1", "1")
        await store.unpark(kept[0].at)
        await store.still(kept[1].at, "still bad")
    assert await stage.parked() == {(other, 2, False), (one, 3, True)}


@pytest.mark.parametrize("seed", range(6))
async def test_fold_leaves_the_same_behind_on_both_stores(stages: dict[str, Stage], seed: int) -> None:
    """Duplicates, gaps, bad bytes, events that break the view, unknown types, strays, takeovers; then everything again with a
    mended view and a replay. The rows are those of an addition without either."""
    chance = random.Random(seed)
    book = Book(stages["memory"].source)
    streams = [*streams_of_one_lane(3), *streams_of_lanes(4, "pot")]
    for n in range(60):
        unknown = chance.random() < 0.05
        book.put(chance.choice(streams), n, **({"type": "toy.something-newer", "data": "{}"} if unknown else {}))
    bad = {event.event_id for event in chance.sample(book.events, 4)}
    records = [received(event, offset=n) for n, event in enumerate(book.events)]
    for n in chance.sample(range(60), 3):
        records[n] = records[n]._replace(value=b"\xff", headers=[h for h in records[n].headers if h[0] != "ce_time"])
    records.append(records[0]._replace(headers=[], offset=99))
    batches = [chance.choices(records, k=12) for _ in range(3)] + [records[s : s + 20] for s in range(0, 61, 20)]
    left: list[Any] = []
    for stage in stages.values():
        stage.view.breaks = lambda one: one.recorded.event_id in bad
        claim = await stage.stores.claim(stage.view, partitions(stage))
        folded: list[Any] = []
        for batch in batches:
            async with stage.stores.transaction(stage.view) as store:
                done = await fold_into(store, stage.view, batch, known={}, epochs=claim.epochs, holds={})
                folded.append((done.applied, done.skipped, done.unknown, done.parked, done.poison, done.gaps))
        left.append((folded, await stage.purses(), await stage.checkpoints(), await stage.parked()))
    assert left[0] == left[1]
    waiting = {stream for stream, _, _ in left[0][3]}
    mended: list[Any] = []
    for stage in stages.values():
        stage.view.breaks = lambda _: False
        replayed: list[Any] = []
        for stream in sorted(waiting):
            async with stage.stores.transaction(stage.view) as store:
                replayed.append(await replay_in(store, stage.view, stream))
        mended.append((replayed, await stage.purses(), await stage.parked()))
    assert mended[0] == mended[1]
    still = {stream for stream, _, _ in mended[0][2]}
    shown = {stream: row for stream, row in mended[0][1].items() if stream not in still}
    known = [event for event in book.events if event.type == CoinPut.TYPE]
    assert shown == {stream: row for stream, row in expected(known).items() if stream not in still}
