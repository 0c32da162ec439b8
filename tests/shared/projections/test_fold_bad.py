"""Bad events and damaged records in a batch: what is parked, what is set aside, and that nothing else stops for it. On a real
Postgres, without Kafka.

An event that follows in its lane is what its log recorded; if it is no event, it is parked, and its stream waits. A record that
does not follow is not believed: it is set aside, and its lane waits for the true one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.kafka.record import Received
from shared.kernel.lanes import lane_of
from shared.testing.folding import received
from tests.shared.flow import Book, Place, Purses, expected, purses, relinked, streams_of_lanes, streams_of_one_lane
from tests.shared.projections.folding import folded


async def test_I8_undecodable_bytes_are_parked_raw_and_earlier_events_of_the_batch_are_not(
    place: Place, connection: Any
) -> None:
    """They follow in their lane, so they are what its log recorded. Seen to fail with `waiting` as a set of streams: version 1,
    decoded before the bad one, was parked behind it."""
    book, view = Book(place.source), Purses(place.source)
    for n in range(3):
        book.put("purse-1", n)
    records = [received(event) for event in book.events]
    records[1] = records[1]._replace(value=b"\xff\x00 not json")
    await folded(connection, view, relinked(records))
    assert await purses(connection) == {"purse-1": (0, [1])}
    rows = await connection.fetch("select position, poison, value, header_names from projection.parked order by position")
    assert [(row["position"], row["poison"]) for row in rows] == [(2, True), (3, False)]
    assert rows[0]["value"] == b"\xff\x00 not json"
    assert "ce_position" in rows[0]["header_names"]


NO_EVENT = {
    "nothing": "",
    "a list": "[]",
    "ten megabytes": "x" * 10_000_000,
    "a field that is missing": "{}",
    "a field of another kind": '{"amount":"five"}',
}


@pytest.mark.parametrize("kind", NO_EVENT)
async def test_I8_an_event_whose_recorded_data_are_no_event_is_parked(place: Place, connection: Any, kind: str) -> None:
    """It follows in its lane: the log holds it, and no other record will come. Seen to fail with `Undecodable` not caught."""
    book, view = Book(place.source), Purses(place.source)
    bad, good = streams_of_one_lane(2)
    book.put(bad, 1, data=NO_EVENT[kind])
    book.put(good, 1)
    for stream in (bad, good):
        book.put(stream, 1)
    done = await folded(connection, view, [received(event) for event in book.events])
    assert (done.poison, done.parked, done.set_aside, done.gaps) == (1, 2, 0, {})
    assert await purses(connection) == {good: (2, [1, 2])}


DAMAGE: dict[str, Callable[[Received], Received]] = {
    "no value": lambda r: r._replace(value=None),
    "empty value": lambda r: r._replace(value=b""),
    "a list": lambda r: r._replace(value=b"[]"),
    "another amount": lambda r: r._replace(value=b'{"amount":1000}'),
    "ten megabytes": lambda r: r._replace(value=b"x" * 10_000_000),
    "a null header": lambda r: r._replace(headers=[*r.headers, ("ce_type", None)]),
    "a header that is missing": lambda r: r._replace(headers=[h for h in r.headers if h[0] != "ce_commandid"]),
    "a header that is not UTF-8": lambda r: r._replace(headers=[*r.headers, ("ce_id", b"\xff")]),
    "a text that is not Unicode": lambda r: r._replace(headers=[*r.headers, ("ce_actor", "\udcff")]),
    "a time of nowhere": lambda r: r._replace(headers=[*r.headers, ("ce_time", b"2026-01-01T00:00:00")]),
    "another format": lambda r: r._replace(headers=[*r.headers, ("ce_format", b"lien-the-1")]),
    "no hash": lambda r: r._replace(headers=[*r.headers, ("ce_hash", None)]),
}


@pytest.mark.parametrize("kind", DAMAGE)
async def test_I8_a_record_that_was_damaged_on_its_way_is_set_aside_and_its_lane_waits_for_the_true_one(
    place: Place, connection: Any, kind: str
) -> None:
    """Whatever is damaged about it. It is not the event that its log recorded, so it is not parked, as it was once: it parks
    nothing, stops no view, and the true record finds its place. Seen to fail with a hash that is not compared: it was taken;
    and with null headers not caught."""
    book, view = Book(place.source), Purses(place.source)
    hit, neighbour = streams_of_one_lane(2)
    apart = next(stream for stream in streams_of_lanes(9) if lane_of(stream) != lane_of(hit))
    for stream in (hit, neighbour, apart):
        book.put(stream, 1)
        book.put(stream, 1)
    records = [received(event) for event in book.events]
    records[1] = DAMAGE[kind](records[1])
    done = await folded(connection, view, records, poison_allowed=0)
    assert (done.set_aside, done.poison, done.parked) == (1, 0, 0)
    assert {lane: gap.missing for lane, gap in done.gaps.items()} == {(place.source, lane_of(hit)): 2}
    assert await purses(connection) == {hit: (1, [1]), apart: (2, [1, 2])}
    row = await connection.fetchrow("select kind, position, stands_hash, value from projection.set_aside")
    assert (row["kind"], row["position"], row["stands_hash"]) == ("unlinked", 2, book.events[0].hash)
    assert row["value"] == records[1].value
    await folded(connection, view, [received(event, offset=100 + n) for n, event in enumerate(book.events)])
    assert await purses(connection) == expected(book.events)


FOLLOWS = {
    "a header that is not UTF-8": ("ce_id", b"\xff"),
    "a time of nowhere": ("ce_time", b"2026-01-01T00:00:00"),
    "a version in words": ("ce_streamversion", b"two"),
    "another format": ("ce_format", b"lien-the-1"),
    "another CloudEvents": ("ce_specversion", b"2.0"),
}


@pytest.mark.parametrize("kind", FOLLOWS)
async def test_I8_a_bad_header_under_a_hash_that_follows_is_parked_and_raises_nothing(
    place: Place, connection: Any, kind: str
) -> None:
    """Such a record can be made by whoever writes on the topic. Seen to fail with `ValueError` not caught in `recorded_of`."""
    book, view = Book(place.source), Purses(place.source)
    bad, good = streams_of_one_lane(2)
    for _ in range(2):
        book.put(bad, 1)
        book.put(good, 1)
    records = [received(event) for event in book.events]
    records[0] = records[0]._replace(headers=[*records[0].headers, FOLLOWS[kind]])
    done = await folded(connection, view, relinked(records))
    assert (done.poison, done.parked, done.set_aside) == (1, 2, 0)
    assert await purses(connection) == {good: (2, [1, 2])}


@pytest.mark.parametrize(
    "headers",
    [
        [], [("ce_lane", b"7")], [("ce_lane", b"99")], [("ce_position", b"-1")], [("ce_lane", None)], [("ce_source", b"x")],
        [("ce_source", b"/vn/clubs")], [("ce_source", b"clubs")], [("ce_source", None)],
    ],
)  # fmt: skip
async def test_a_record_that_does_not_say_where_it_belongs_moves_nothing(
    place: Place, connection: Any, headers: list[tuple[str, bytes | None]]
) -> None:
    book, view = Book(place.source), Purses(place.source)
    whole = received(book.put("purse-1", 5))
    stray = whole._replace(headers=[*whole.headers, *headers] if headers else [], offset=0)
    for new in (1, 0):
        done = await folded(connection, view, [stray, whole])
        assert (done.set_aside, done.applied, done.gaps) == (new, new, {})
    assert await purses(connection) == {"purse-1": (5, [1])}
    rows = await connection.fetch("select kind, lane, position from projection.set_aside")
    assert [tuple(row) for row in rows] == [("unroutable", None, None)]
