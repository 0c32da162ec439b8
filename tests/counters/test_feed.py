"""What listeners of a feed cost the database: nothing each. 2,000 open pages are one reading a message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.reporting.app import SERVICE as REPORTING
from shared.feeds.feed import Feed, append
from shared.testing.apps import running
from tests.counters.wire import OverWire, Wire


@pytest.fixture(scope="module")
async def pool(counted_postgres: OverWire) -> AsyncIterator[Any]:
    async with running(REPORTING, counted_postgres) as service:
        yield service.pool


@pytest.fixture
async def feed(pool: Any) -> AsyncIterator[Feed]:
    """Nobody but ourselves wakes its listeners."""
    feed = Feed(pool, poll_seconds=3600)
    yield feed
    await feed.close()


async def write(pool: Any, *numbers: int) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return [await append(connection, "moved", {"n": number}) for number in numbers][-1]


async def test_one_reading_serves_everybody_who_was_woken_by_a_commit(pool: Any, feed: Feed, wire: Wire) -> None:
    """Seen to fail: a reading a listener, which made 2,000 of them wait for one another for seconds."""
    await write(pool, 0)
    head = await feed.head()
    listeners = [asyncio.create_task(feed.next(head, 100, 30)) for _ in range(50)]
    await asyncio.sleep(0.2)
    await write(pool, 1, 2)
    with wire.counting() as count:
        feed.wake()
        found = await asyncio.gather(*listeners)
    assert [[message.seq for message in each] for each in found] == [[head + 1, head + 2]] * 50
    assert len(count.of("select seq, kind, payload")) == 1, str(count)
    assert count.round_trips == 1, str(count)


async def test_whoever_is_a_little_behind_is_served_out_of_memory(pool: Any, feed: Feed, wire: Wire) -> None:
    """A page that was loaded a moment ago begins at the message that it was drawn at."""
    head = await feed.head()
    waiting = asyncio.create_task(feed.next(head, 100, 30))
    await asyncio.sleep(0.05)
    await write(pool, *range(10))
    feed.wake()
    await waiting
    with wire.counting() as count:
        found = await feed.next(head + 3, 100, 30)
    assert [message.seq for message in found] == list(range(head + 4, head + 11))
    assert count.round_trips == 0, str(count)


async def test_a_feed_that_was_built_anew_hands_out_nothing_of_the_old_one(pool: Any, feed: Feed) -> None:
    """Seen to fail: what is kept is never let go."""
    head = await feed.head()
    waiting = asyncio.create_task(feed.next(head, 100, 30))
    await asyncio.sleep(0.05)
    await write(pool, *range(10))
    feed.wake()
    await waiting
    async with pool.acquire() as connection:
        await connection.execute("delete from projection.feed; update projection.feed_heads set seq = 0")
    assert await write(pool, 77) == 1
    assert await feed.head() == 1
    assert [message.payload for message in await feed.next(0, 100, 30)] == ['{"n":77}']


async def test_a_listener_hears_what_others_commit_however_much_was_committed_while_nobody_listened(
    pool: Any, wire: Wire
) -> None:
    """Far behind, it reads the table page by page; the others are not made to wait for that."""
    feed = Feed(pool, poll_seconds=3600)
    head = await feed.head()
    first = asyncio.create_task(feed.next(head, 100, 0.05))
    assert await first == []
    await write(pool, *range(600))
    assert await feed.head() == head + 600
    newest = asyncio.create_task(feed.next(head + 600, 100, 30))
    seen: list[int] = []
    while len(seen) < 600:
        seen += [message.seq for message in await feed.next(seen[-1] if seen else head, 100, 30)]
    assert seen == list(range(head + 1, head + 601))
    await write(pool, 1)
    feed.wake()
    assert [message.seq for message in await newest] == [head + 601]
    await feed.close()
