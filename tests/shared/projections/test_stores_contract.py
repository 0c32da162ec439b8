"""What a view's place promises, on Postgres and in memory alike: the same steps, the same answers.

The fold itself runs on both in the last test: what it leaves behind must be the same, whatever happened.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.kafka.headers import Coordinates
from shared.kernel.lanes import LANES, lane_of
from shared.projections.chain import Link, Taken
from shared.projections.checkpoints import Fenced, Lane, Moved, Stands, owned
from shared.projections.fold import fold_into
from shared.projections.parking import replay_in
from shared.projections.store import Parked, SetAside
from shared.projections.view import Delivered
from shared.testing.folding import chain_for
from tests.shared.flow import Book, CoinPut, expected, streams_of_lanes, streams_of_one_lane
from tests.shared.projections.stages import Stage, partitions, received

AT = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_claim_raises_every_epoch_and_tells_where_lanes_and_offsets_stand(stage: Stage) -> None:
    first = await stage.stores.claim(stage.view, partitions(stage))
    assert len(first.epochs) == LANES
    assert (set(first.epochs.values()), set(first.positions.values()), first.offsets) == ({1}, {0}, {})
    lane = (stage.source, 7)
    async with stage.stores.transaction(stage.view) as store:
        assert await store.lock([lane]) == {lane: Stands(0, 1, None)}
        await store.move({lane: Moved(3, 1, 0, AT, b"h" * 32)}, {})
        await store.move_offsets({(f"{stage.source}.events", 1): 9})
    second = await stage.stores.claim(stage.view, partitions(stage)[1:2])
    assert second.epochs[lane] == 2
    assert second.positions[lane] == 3
    assert second.offsets == {(f"{stage.source}.events", 1): 9}
    assert {number for _, number in second.epochs} == {number for number in range(LANES) if number % 6 == 1}
    async with stage.stores.transaction(stage.view) as store:
        found = await store.lock([(stage.source, 0), lane])
        assert found == {(stage.source, 0): Stands(0, 1, None), lane: Stands(3, 2, b"h" * 32)}
        await store.move({lane: Moved(4, 1, 2, None, b"i" * 32)}, {})
    assert await stage.checkpoints() == {lane: (4, 2, 2, AT, b"i" * 32)}


async def test_links_are_kept_with_the_checkpoint_that_they_lead_to_and_those_that_are_kept_stay(stage: Stage) -> None:
    """Views of one process move one after the other; whoever comes first keeps the links. Seen to fail with an insert that
    refuses what is there."""
    one, other = (stage.source, 3), (stage.source, 9)
    first = {one: [Link(1, b"a" * 32, 70), Link(2, b"b" * 32, 71)], other: [Link(1, b"c" * 32, 5_000_000_000)]}
    async with stage.stores.transaction(stage.view) as store:
        await store.ensure([one, other])
        await store.lock([one, other])
        await store.move({one: Moved(2, 0, 0, AT, b"b" * 32), other: Moved(1, 0, 0, AT, b"c" * 32)}, first)
    with suppress(ZeroDivisionError):
        async with stage.stores.transaction(stage.view) as store:
            await store.lock([one])
            await store.move({one: Moved(3, 0, 0, AT, b"x" * 32)}, {one: [Link(3, b"x" * 32, 72)]})
            raise ZeroDivisionError
    async with stage.stores.transaction(stage.view) as store:
        await store.lock([one])
        again = {one: [Link(3, b"d" * 32, 73)], other: first[other]}
        await store.move({one: Moved(3, 0, 0, AT, b"d" * 32)}, again)
    assert await stage.links() == {
        one: [(1, b"a" * 32, 70), (2, b"b" * 32, 71), (3, b"d" * 32, 73)],
        other: [(1, b"c" * 32, 5_000_000_000)],
    }


async def test_what_a_raise_ends_never_happened(stage: Stage) -> None:
    lane, book = (stage.source, lane_of("purse-1")), Book(stage.source)
    event = Delivered(book.put("purse-1", 5), CoinPut(amount=5))
    with suppress(ZeroDivisionError):
        async with stage.stores.transaction(stage.view) as store:
            await store.ensure([lane])
            await store.lock([lane])
            await store.enter()
            await store.apply([event])
            await store.move({lane: Moved(1, 0, 0, AT, None)}, {lane: [Link(1, b"h" * 32, 1)]})
            await store.set_aside([SetAside("unroutable", "it says nothing", received(event.recorded))])
            await store.park([Parked(Coordinates(*lane, 1), "purse-1", received(event.recorded), "bad", poison=True)])
            raise ZeroDivisionError
    assert (await stage.purses(), await stage.checkpoints(), await stage.parked()) == ({}, {}, set())
    assert (await stage.set_aside(), await stage.links()) == (set(), {})


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
        await store.move({lane: Moved(8, 0, 0, AT, None)}, {})
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
        assert owned(found, [lane], successor.epochs) == {lane: Stands(0, 2, None)}
        assert owned(found, [lane], None) == {lane: Stands(0, 2, None)}
    with pytest.raises(Fenced):
        owned({}, [lane], successor.epochs)


async def test_parked_events_are_kept_in_order_with_their_bytes(stage: Stage) -> None:
    book = Book(stage.source)
    one, other = streams_of_one_lane(2)
    events = [book.put(stream, 1) for stream in (one, other, one)]
    async with stage.stores.transaction(stage.view) as store:
        parked = [
            Parked(Coordinates(e.source, e.lane, e.position), e.stream, received(e, value=b"\xff%d" % n), f"bad {n}", n == 0)
            for n, e in enumerate(events)
        ]
        await store.park([parked[2], parked[0], parked[1]])
    async with stage.stores.transaction(stage.view) as store:
        assert await store.waiting() == {one: 1, other: 2}
        assert await store.lanes_of(one) == [(stage.source, events[0].lane)]
        kept = await store.kept(one)
        assert [(k.at.position, k.value) for k in kept] == [(1, b"\xff0"), (3, b"\xff2")]
        assert kept[0].headers["ce_position"] in (b"1", "1")
        await store.unpark(kept[0].at)
        await store.still(kept[1].at, "still bad")
    assert await stage.parked() == {(other, 2, False), (one, 3, True)}


async def test_a_record_that_is_not_believed_is_kept_once_with_its_bytes_and_what_stands_in_its_place(stage: Stage) -> None:
    """Seen to fail with an answer that counts what was there already."""
    book = Book(stage.source)
    event = book.put("purse-1", 1)
    at = Coordinates(event.source, event.lane, 1)
    aside = [
        SetAside("unroutable", "it says\0 nothing", received(event, headers=[("ce\0", None)], offset=77, value=None)),
        SetAside(
            "unlinked", "it does not follow", received(event, offset=78, value=b"\xff\0"), at, b"d" * 32, Taken(b"s" * 32, -1)
        ),
        SetAside("fork", "two records follow", received(event, offset=79), at, None, Taken(b"t" * 32, 0)),
    ]
    async with stage.stores.transaction(stage.view) as store:
        assert await store.set_aside(aside[:2]) == 2
    async with stage.stores.transaction(stage.view) as store:
        assert await store.set_aside([aside[2], aside[0], aside[2]]) == 1
    assert await stage.set_aside() == {
        (77, "unroutable", None, None, None, None, None, None, None),
        (78, "unlinked", *at, b"d" * 32, b"s" * 32, None, b"\xff\0"),
        (79, "fork", *at, None, b"t" * 32, 0, event.data.encode()),
    }


@pytest.mark.parametrize("seed", range(6))
async def test_fold_leaves_the_same_behind_on_both_stores(stages: dict[str, Stage], seed: int) -> None:
    """Duplicates, gaps, data that are no event, events that break the view, unknown types, damaged records, records of nobody,
    takeovers; then everything again with a mended view and a replay. The rows are those of an addition without either.

    A record that was damaged on its way parks nothing, as it did once: it is set aside, and its true copy comes later."""
    chance = random.Random(seed)
    book = Book(stages["memory"].source)
    streams = [*streams_of_one_lane(3), *streams_of_lanes(4, "pot")]
    for n in range(60):
        drawn, other = chance.random(), dict[str, Any]()
        if drawn < 0.05:
            other = {"type": "toy.something-newer", "data": "{}"}
        elif drawn > 0.95:
            other = {"data": "no event"}
        book.put(chance.choice(streams), n, **other)
    bad = {event.event_id for event in chance.sample(book.events, 4)}
    records = [received(event, offset=n) for n, event in enumerate(book.events)]
    damaged = chance.sample(range(60), 3)
    for n in damaged:
        records[n] = records[n]._replace(value=b"\xff", headers=[h for h in records[n].headers if h[0] != "ce_time"])
    records.append(records[0]._replace(headers=[], offset=99))
    whole = [received(event, offset=100 + n) for n, event in enumerate(book.events)]
    batches = [chance.choices(records, k=12) for _ in range(3)] + [records[s : s + 20] for s in range(0, 61, 20)]
    batches += [whole[s : s + 20] for s in range(0, 60, 20)]
    left: list[Any] = []
    for stage in stages.values():
        stage.view.breaks = lambda one: one.recorded.event_id in bad
        claim, chain = await stage.stores.claim(stage.view, partitions(stage)), chain_for(stage.source)
        folded: list[Any] = []
        for batch in batches:
            chain.begin()
            async with stage.stores.transaction(stage.view) as store:
                done = await fold_into(store, stage.view, batch, known={}, epochs=claim.epochs, holds={}, chain=chain)
            chain.took(done.links)
            folded.append((done.applied, done.skipped, done.unknown, done.parked, done.poison, done.gaps, done.set_aside))
        left.append((
            folded, await stage.purses(), await stage.checkpoints(), await stage.parked(), await stage.set_aside(),
            await stage.links(),
        ))  # fmt: skip
    assert left[0] == left[1]
    links: dict[Lane, list[bytes]] = {}
    for event in book.events:
        links.setdefault((event.source, event.lane), []).append(event.hash)
    kept = left[0][5]
    assert {lane: [digest for _, digest, _ in found] for lane, found in kept.items()} == links
    assert {lane: [position for position, _, _ in found] for lane, found in kept.items()} == {
        lane: [*range(1, len(found) + 1)] for lane, found in links.items()
    }
    assert {99} <= {aside[0] for aside in left[0][4]} <= {99, *damaged}
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
    assert still == {event.stream for event in book.events if event.data == "no event"}
    shown = {stream: row for stream, row in mended[0][1].items() if stream not in still}
    known = [event for event in book.events if event.type == CoinPut.TYPE and event.data != "no event"]
    assert shown == {stream: row for stream, row in expected(known).items() if stream not in still}
