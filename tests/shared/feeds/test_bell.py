"""Waiting: nobody sleeps over what has happened, nobody waits longer than the limit, and an outer cancellation stays one."""

from __future__ import annotations

import asyncio
import time

import pytest

from shared.feeds.bell import Bell, Limit


async def test_everybody_who_waits_is_woken_and_whoever_comes_later_does_not_wait() -> None:
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait(30)) for _ in range(5)]
    await asyncio.sleep(0)
    bell.ring()
    await asyncio.wait_for(asyncio.gather(*waiting, bell.wait(30)), 1)


async def test_nobody_waits_longer_than_the_limit() -> None:
    began = time.monotonic()
    await Bell().wait(0.05)
    assert 0.04 < time.monotonic() - began < 5


async def test_whoever_leaves_is_not_kept() -> None:
    """A quiet feed has thousands of heartbeats, and never rings. Seen to fail with a list that is never cut."""
    bell = Bell()
    for _ in range(3):
        await bell.wait(0)
    left = asyncio.create_task(bell.wait(30))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    assert bell.waiting == 0


async def test_what_takes_too_long_is_ended_and_what_does_not_is_left_alone() -> None:
    limit = Limit(0.05)
    await limit.on(asyncio.sleep(0))
    with pytest.raises(TimeoutError):
        await limit.on(asyncio.sleep(30))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0.1)  # no limit is left behind


async def test_a_cancellation_from_outside_is_not_taken_for_the_limit() -> None:
    async def work() -> None:
        await Limit(30).on(asyncio.sleep(30))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_from_outside_after_a_limit_was_exceeded_stays_one() -> None:
    """Seen to fail with a limit that remembers that it was exceeded once."""

    async def work() -> None:
        limit = Limit(0.05)
        with pytest.raises(TimeoutError):
            await limit.on(asyncio.sleep(30))
        done.set()
        await limit.on(asyncio.sleep(30))

    done = asyncio.Event()
    task = asyncio.create_task(work())
    await asyncio.wait_for(done.wait(), 5)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_from_outside_at_the_moment_of_the_limit_stays_one() -> None:
    """Seen to fail when `exceeded` alone decides: the task went on working."""

    async def work() -> None:
        await Limit(0.05).on(asyncio.sleep(30))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    time.sleep(0.1)
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
