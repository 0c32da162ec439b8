"""Dead letters for an operator: shown byte for byte, read again in order, also with the corrected copy on the topic."""

from __future__ import annotations

from typing import Any

from shared.kafka.headers import Coordinates
from shared.projections.builds import live
from shared.projections.letters import letter, listed, read_again
from shared.projections.runner import Runner
from tests.shared.flow import Book, Place, Purses, expected, publish, purses, running, streams_of_one_lane, until


async def all_there(runner: Runner, events: int) -> bool:
    return sum((await runner.positions("purses")).values()) == events


async def bad_in_the_middle(flow: Place, bad: str, good: str) -> Book:
    """Four coins in two purses of one lane; the second coin of the bad purse is bytes that nobody can read."""
    book = Book(flow.source)
    for n in range(4):
        book.put(bad, n + 1)
        book.put(good, n + 1)

    def spoilt(record: Any) -> Any:
        return record._replace(value=b'{"amount": \xff}') if dict(record.headers)["ce_position"] == b"3" else record

    await publish(flow.bootstrap, book.events, edit=spoilt)
    return book


async def shown(flow: Place) -> dict[str, tuple[int, list[int]]]:
    async with flow.pool.acquire() as connection:
        return await purses(connection)


async def test_what_could_not_be_read_is_listed_and_shown_byte_for_byte(flow: Place) -> None:
    bad, good = streams_of_one_lane(2)
    book = await bad_in_the_middle(flow, bad, good)
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    async with running(runner):
        await until(lambda: all_there(runner, 8))
    lane = book.events[0].lane
    async with flow.pool.acquire() as connection:
        rows = await listed(connection, "purses")
        assert [(row["position"], row["stream"], row["poison"]) for row in rows] == [
            (3, bad, True),
            (5, bad, False),
            (7, bad, False),
        ]
        assert await listed(connection, "purses", stream=good) == []
        one = await letter(connection, "purses", Coordinates(flow.source, lane, 3))
        assert (one["value"], one["key"], one["bytes"]) == (b'{"amount": \xff}', bad.encode(), 13)
        assert dict(zip(one["header_names"], one["header_values"], strict=True))["ce_streamversion"] == b"2"
        assert await letter(connection, "purses", Coordinates(flow.source, lane, 2)) is None


async def test_a_corrected_copy_at_the_same_position_is_taken_when_an_operator_asks_and_then_all_is_applied_in_order(
    flow: Place,
) -> None:
    """Without asking for it the bytes that were parked are tried. Seen to fail with `refresh` taken out."""
    bad, good = streams_of_one_lane(2)
    book = await bad_in_the_middle(flow, bad, good)
    view = Purses(flow.source)
    runner = Runner(flow.pool, flow.bootstrap, [view], flow.source)
    async with running(runner):
        await until(lambda: all_there(runner, 8))
        await publish(flow.bootstrap, [book.events[2]])
        again = await read_again(flow.pool, view, bad)
        assert (again.applied, again.waiting) == (0, 3)
        assert again.reason is not None
        again = await read_again(flow.pool, view, bad, bootstrap=flow.bootstrap)
        assert (again.applied, again.waiting, again.reason) == (3, 0, None)
    assert await shown(flow) == expected(book.events)
    async with flow.pool.acquire() as connection:
        assert await listed(connection, "purses") == []
        assert await live(connection, "purses") is not None


async def test_without_a_better_copy_the_stream_waits_on_and_the_others_are_fresh(flow: Place) -> None:
    bad, good = streams_of_one_lane(2)
    book = await bad_in_the_middle(flow, bad, good)
    view = Purses(flow.source)
    runner = Runner(flow.pool, flow.bootstrap, [view], flow.source)
    async with running(runner):
        await until(lambda: all_there(runner, 8))
    again = await read_again(flow.pool, view, bad, bootstrap=flow.bootstrap)
    assert (again.applied, again.waiting) == (0, 3)
    assert await shown(flow) == {bad: (1, [1]), good: expected(book.events)[good]}
