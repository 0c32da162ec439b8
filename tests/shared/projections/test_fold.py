"""What a batch does to a view: duplicates, gaps, events that break it, order of arrival. On a real Postgres, without Kafka."""

from __future__ import annotations

import random
from typing import Any

import pytest

from shared.kafka.record import Partition
from shared.kernel.envelope import Recorded
from shared.projections import checkpoints
from shared.projections.checkpoints import Fenced
from shared.projections.fold import TooManyDeadLetters, fold
from shared.projections.parking import replay
from shared.projections.postgres_store import PostgresStore
from shared.testing.folding import apply_batch, chain_for, received
from tests.shared.flow import (
    Book,
    Place,
    PurseEmptied,
    Purses,
    expected,
    purses,
    streams_of_lanes,
    streams_of_one_lane,
)
from tests.shared.projections.folding import folded


async def test_events_are_folded_in_order(place: Place, connection: Any) -> None:
    book = Book(place.source)
    for n in range(100):
        book.put(f"purse-{n % 7}", n)
    done = await apply_batch(connection, Purses(place.source), book.events)
    assert (done.applied, done.skipped) == (100, 0)
    assert await purses(connection) == expected(book.events)


@pytest.mark.parametrize("seed", range(5))
async def test_I5_any_duplication_of_events_changes_nothing(place: Place, connection: Any, seed: int) -> None:
    """Each event comes one to five times, whole batches come again; no repetition counts as a record that is not believed.
    Seen to fail with repetitions taken for the next event in `Intake.next`: they were set aside, one by one."""
    chance, book, view = random.Random(seed), Book(place.source), Purses(place.source)
    for n in range(120):
        book.put(f"purse-{chance.randrange(9)}", n)
    sent: list[Recorded] = []
    for event in book.events:
        sent += [event] * chance.randint(1, 5)
    for start in range(0, len(sent), 40):
        for _ in range(chance.randint(1, 3)):
            done = await apply_batch(connection, view, sent[max(0, start - chance.randrange(30)) : start + 40])
            assert (done.set_aside, done.contested) == (0, {})
    assert await purses(connection) == expected(book.events)


@pytest.mark.parametrize("seed", range(5))
async def test_I6_any_interleaving_of_topics_ends_in_the_same_state(place: Place, connection: Any, seed: int) -> None:
    """Three logs merged at random, cut into batches at random. Seen to fail with checkpoints kept by lane without source."""
    chance, sources = random.Random(seed), [f"{place.source}{letter}" for letter in "abc"]
    books = [Book(source) for source in sources]
    for n in range(90):
        book = chance.choice(books)
        book.put(f"{book.source}-{chance.randrange(5)}", n)
    waiting, merged = [list(book.events) for book in books], list[Recorded]()
    while any(waiting):
        merged.append(chance.choice([events for events in waiting if events]).pop(0))
    view = Purses(*sources)
    while merged:
        size = chance.randint(1, 30)
        await apply_batch(connection, view, merged[:size])
        merged = merged[size:]
    assert await purses(connection) == {k: v for book in books for k, v in expected(book.events).items()}


async def test_a_gap_stops_only_its_lane_until_the_missing_event_comes(place: Place, connection: Any) -> None:
    """Seen to fail with the gap branch of `Intake.next` trying the event all the same."""
    book, view = Book(place.source), Purses(place.source)
    one, other = streams_of_lanes(2)
    for _n in range(6):
        book.put(one, 1)
        book.put(other, 1)
    lost = book.events[4]
    done = await apply_batch(connection, view, [event for event in book.events if event is not lost])
    (lane, gap), *more = done.gaps.items()
    assert not more
    assert lane == (place.source, lost.lane)
    assert (gap.missing, gap.seen) == (lost.position, 6)
    assert await purses(connection) == {one: (2, [1, 2]), other: (6, [1, 2, 3, 4, 5, 6])}
    await apply_batch(connection, view, book.events)
    assert await purses(connection) == expected(book.events)


async def test_I8_an_event_that_breaks_the_view_parks_only_its_stream(place: Place, connection: Any) -> None:
    """Three streams of one lane; one has a bad second event. Seen to fail with `_waits` answering no: version 3 came in."""
    book = Book(place.source)
    bad, *good = streams_of_one_lane(3)
    for n in range(5):
        for stream in (bad, *good):
            book.put(stream, n)
    view = Purses(place.source, breaks=lambda one: one.recorded.stream == bad and one.recorded.version == 2)
    first = await apply_batch(connection, view, book.events[:9])
    second = await apply_batch(connection, view, book.events[9:])
    assert (first.poison, first.parked, second.poison, second.parked) == (1, 2, 0, 2)
    wanted = expected(book.events)
    assert await purses(connection) == {bad: (0, [1]), good[0]: wanted[good[0]], good[1]: wanted[good[1]]}
    assert list(await PostgresStore(connection, view).waiting()) == [bad]


async def test_I8_replay_applies_a_parked_stream_in_order_once_the_view_is_mended(place: Place, connection: Any) -> None:
    """Seen to fail with `replay` reading its rows by `parked_at desc`."""
    book = Book(place.source)
    for n in range(5):
        book.put("purse-1", 10 + n)
    broken = Purses(place.source, breaks=lambda one: one.recorded.version in {2, 4})
    await apply_batch(connection, broken, book.events)
    half = Purses(place.source, breaks=lambda one: one.recorded.version == 4)
    tried = await replay(connection, half, "purse-1")
    assert (tried.applied, tried.waiting) == (2, 2)
    assert tried.reason == "ValueError: cannot add up purse-1 v4"
    book.put("purse-1", 99)
    await apply_batch(connection, half, book.events[-1:])
    assert (await replay(connection, Purses(place.source), "purse-1")).waiting == 0
    assert await purses(connection) == expected(book.events)
    assert await PostgresStore(connection, half).waiting() == {}


async def test_unknown_types_advance_the_checkpoint_and_are_counted(place: Place, connection: Any) -> None:
    """Also a future version of a known type. Seen to fail with unknown types parked."""
    book, view = Book(place.source), Purses(place.source)
    book.put("purse-1", 1)
    book.put("purse-1", 0, type="toy.something-newer", data="{}")
    book.put("purse-1", 0, schema_version=9)
    book.put("purse-1", 2)
    done = await apply_batch(connection, view, book.events)
    assert (done.applied, done.unknown, done.parked) == (2, 2, 0)
    row = await connection.fetchrow("select position, unknown from projection.checkpoints where unknown > 0")
    assert tuple(row) == (4, 2)
    assert await purses(connection) == {"purse-1": (3, [1, 4])}


async def test_a_checkpoint_keeps_the_hash_of_the_last_event_it_passed_whatever_became_of_it(
    place: Place, connection: Any
) -> None:
    """Applied, of an unknown type, parked, and waiting behind. Seen to fail with the hash taken from applied events alone."""
    book, view = Book(place.source), Purses(place.source)
    applied, unknown, parked = streams_of_lanes(3)
    other: dict[str, Any] = {unknown: {"type": "toy.something-newer", "data": "{}"}, parked: {"data": "no event"}}
    last: dict[int, bytes] = {}
    for stream in (applied, unknown, parked):
        book.put(stream, 1)
        event = book.put(stream, 1, **other.get(stream, {}))
        last[event.lane] = event.hash
    waits = book.put(parked, 1)
    last[waits.lane] = waits.hash
    await folded(connection, view, [received(event) for event in book.events])
    rows = await connection.fetch("select lane, position, head from projection.checkpoints where position > 0")
    assert {row["lane"]: row["head"] for row in rows} == last
    assert sorted(row["position"] for row in rows) == [2, 2, 3]


async def test_the_links_that_a_batch_adds_are_kept_with_the_offsets_of_their_records(place: Place, connection: Any) -> None:
    """With the checkpoint, whatever became of the events, and only those that follow. Seen to fail with the offset of the first
    record for all."""
    book, view = Book(place.source), Purses(place.source)
    events = [book.put("purse-1", 1), book.put("purse-1", 1, data="no event"), book.put("purse-1", 1), book.put("purse-1", 1)]
    records = [received(event, offset=10 * event.position) for event in events]
    await folded(connection, view, [*records[:2], records[3]])
    rows = await connection.fetch("select source, lane, first, hashes, offsets from projection.links")
    (row,) = rows
    assert (row["source"], row["lane"], row["first"]) == (place.source, events[0].lane, 1)
    assert row["hashes"] == events[0].hash + events[1].hash
    assert row["offsets"] == b"".join(offset.to_bytes(8, "little") for offset in (10, 20))


async def test_an_event_that_fails_once_is_tried_again_and_not_parked(place: Place, connection: Any) -> None:
    book = Book(place.source)
    book.put("purse-1", 5)
    failures = iter([True, True, False])
    done = await apply_batch(connection, Purses(place.source, breaks=lambda _: next(failures)), book.events)
    assert (done.applied, done.parked) == (1, 0)
    assert await purses(connection) == {"purse-1": (5, [1])}


async def test_a_failure_that_will_pass_parks_nothing(place: Place, connection: Any) -> None:
    """Seen to fail with `will_pass` always false: the event was parked because the database was restarting."""
    book = Book(place.source)
    book.put("purse-1", 5)

    def lost(_: Any) -> bool:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await apply_batch(connection, Purses(place.source, breaks=lost), book.events)
    assert await connection.fetchval("select count(*) from projection.parked") == 0
    assert await connection.fetchval("select count(*) from projection.checkpoints") == 0


async def test_a_view_that_fails_on_too_many_events_stops_and_parks_nothing(place: Place, connection: Any) -> None:
    book = Book(place.source)
    for stream in streams_of_lanes(20):
        book.put(stream, 1)
    records = [received(event) for event in book.events]
    with pytest.raises(TooManyDeadLetters):
        await folded(connection, Purses(place.source, breaks=lambda _: True), records, poison_allowed=3)
    assert await connection.fetchval("select count(*) from projection.parked") == 0


async def test_I10_a_projector_whose_lanes_were_taken_over_is_refused(place: Place, connection: Any) -> None:
    """Seen to fail without the comparison of epochs in `checkpoints.owned`: the zombie's batch went in."""
    book, view = Book(place.source), Purses(place.source)
    records = [received(book.put("purse-1", 5))]
    everything = [Partition(f"{place.source}.events", p, 6) for p in range(6)]
    zombie = await checkpoints.claim(connection, view.name, view.version, everything)
    successor = await checkpoints.claim(connection, view.name, view.version, everything)
    chain = chain_for(place.source)
    for claim in (zombie, successor):
        async with place.pool.acquire() as session:
            if claim is zombie:
                with pytest.raises(Fenced):
                    async with session.transaction():
                        await fold(session, view, records, known={}, epochs=claim.epochs, holds={}, chain=chain)
                assert await purses(connection) == {}
            else:
                async with session.transaction():
                    await fold(session, view, records, known={}, epochs=claim.epochs, holds={}, chain=chain)
    assert await purses(connection) == {"purse-1": (5, [1])}


async def test_other_events_of_the_union_are_folded_too(place: Place, connection: Any) -> None:
    book = Book(place.source)
    book.put("purse-1", 7)
    book.put("purse-1", 0, type=PurseEmptied.TYPE, data='{"why":"spent"}')
    await apply_batch(connection, Purses(place.source), book.events)
    assert await purses(connection) == {"purse-1": (7, [1, 2])}
