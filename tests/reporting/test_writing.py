"""What goes on beside the fold is never left behind, and its failure is told once."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine

import pytest

from services.reporting.ledger.writing import Beside


class Work:
    """A piece of work that waits to be let on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.ended = "no"

    async def run(self) -> None:
        try:
            await self.go_on.wait()
            self.ended = "done"
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)  # a connection takes its time to end a COPY
            self.ended = "cancelled"
            raise

    async def fail(self) -> None:
        await self.go_on.wait()
        self.ended = "failed"
        raise ConnectionError("the session ended")


async def beside(work: Coroutine[object, object, None], failure: Exception | None = None) -> None:
    """Begin the work, and fail or end at once."""
    async with Beside() as going_on:
        going_on.begin(work)
        if failure is not None:
            raise failure


async def test_work_is_waited_for_at_the_end_and_before_the_next():
    work, other = Work(), Work()
    async with Beside() as going_on:
        going_on.begin(work.run())
        asyncio.get_running_loop().call_later(0.01, work.go_on.set)
        await going_on.done()
        assert work.ended == "done"
        going_on.begin(other.run())
        asyncio.get_running_loop().call_later(0.01, other.go_on.set)
    assert other.ended == "done"


async def test_of_two_failures_the_callers_own_is_told_and_the_other_leaves_no_word_behind():
    """Seen to fail with a failure of the work that nobody looks at."""
    left: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: left.append(context["message"]))
    work = Work()
    asyncio.get_running_loop().call_later(0.01, work.go_on.set)
    with pytest.raises(LookupError):
        await beside(work.fail(), LookupError())
    assert work.ended == "failed"
    gc.collect()
    await asyncio.sleep(0)
    assert left == []


async def test_the_failure_of_the_work_is_told_where_nothing_else_failed():
    work = Work()
    work.go_on.set()
    with pytest.raises(ConnectionError):
        await beside(work.fail())


async def test_a_caller_that_is_cancelled_twice_leaves_nothing_running():
    """Seen to fail with a wait that a second cancellation ends."""
    work = Work()

    async def fold() -> None:
        async with Beside() as going_on:
            going_on.begin(work.run())
            await asyncio.sleep(10)

    folding = asyncio.create_task(fold())
    for _ in range(2):
        await asyncio.sleep(0.01)
        folding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await folding
    assert work.ended == "cancelled"
