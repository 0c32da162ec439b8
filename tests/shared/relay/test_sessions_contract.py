"""What a relay's store promises, on Postgres and in memory alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest

from shared.eventlog.log import Log
from shared.eventlog.memory import MemoryLog
from shared.eventlog.records import Append, NewEvent
from shared.kafka.identity import Standing
from shared.kernel.clock import system_clock
from shared.kernel.lanes import LANES, lane_of
from shared.relay.lanes import PostgresLanes
from shared.relay.memory import MemoryLanes
from shared.relay.ports import Held, Known, Session, Sessions
from tests.shared.flow import Place, streams_of_lanes


class Stage:
    """A store and its log; sessions are opened as they are asked for, and closed in the end."""

    def __init__(self, sessions: Sessions, log: Log, end: Callable[[Session], Awaitable[None]]) -> None:
        self.sessions, self.log, self.end = sessions, log, end
        self.stack = AsyncExitStack()

    async def session(self) -> Session:
        return await self.stack.enter_async_context(self.sessions.session())

    async def put(self, stream: str, count: int, *, expected: int = 0) -> None:
        events = tuple(NewEvent(str(uuid4()), "toy.coin-put", 1, '{"amount":1}') for _ in range(count))
        (outcome,) = await self.log.append([Append(str(uuid4()), b"f", stream, expected, events, "centre/state/VN/t")])
        assert type(outcome).__name__ == "Appended"


@pytest.fixture
async def in_memory() -> AsyncIterator[Stage]:
    log = MemoryLog("toy", system_clock)

    async def end(session: Any) -> None:
        session.end()

    stage = Stage(MemoryLanes(log), log, end)
    yield stage
    await stage.stack.aclose()


@pytest.fixture
async def on_postgres(place: Place) -> AsyncIterator[Stage]:
    async def end(session: Any) -> None:
        pid = await session._connection.fetchval("select pg_backend_pid()")
        async with place.pool.acquire() as other:
            await other.execute("select pg_terminate_backend($1)", pid)
            while await other.fetchval("select count(*) from pg_stat_activity where pid = $1", pid):
                await asyncio.sleep(0.01)

    stage = Stage(PostgresLanes(place.pool), place.log, end)
    yield stage
    await stage.stack.aclose()


both = pytest.mark.parametrize("stage", ["in_memory", "on_postgres"], indirect=True)


@pytest.fixture
def stage(request: pytest.FixtureRequest, in_memory: Stage, on_postgres: Stage) -> Stage:
    return {"in_memory": in_memory, "on_postgres": on_postgres}[request.param]


@both
async def test_a_lane_has_one_holder_and_goes_to_another_when_it_is_released(stage: Stage) -> None:
    one, two = await stage.session(), await stage.session()
    assert await one.claim({1, 2}, "one") == {1: Held(0, 1), 2: Held(0, 1)}
    assert await two.claim({1, 2, 3}, "two") == {3: Held(0, 1)}
    await one.release([1])
    assert await two.claim({1, 2}, "two") == {1: Held(0, 2)}


@both
async def test_a_session_that_ended_holds_nothing_and_answers_nothing(stage: Stage) -> None:
    one, two = await stage.session(), await stage.session()
    held = await one.claim(range(LANES), "one")
    await stage.end(one)
    with pytest.raises(Exception):  # noqa: B017, PT011  each store has its own
        await one.read(held, 10)
    assert await two.claim({5}, "two") == {5: Held(0, 2)}


@both
async def test_a_read_shows_held_lanes_alone_in_order_after_their_position_and_up_to_the_limit(stage: Stage) -> None:
    first, second, third = streams_of_lanes(3)
    for stream in (first, second, third):
        await stage.put(stream, 5)
    session = await stage.session()
    events = await session.read({lane_of(first): Held(2, 1), lane_of(second): Held(0, 1)}, 2)
    assert sorted((event.stream, event.position) for event in events) == sorted(
        [(first, 3), (first, 4), (second, 1), (second, 2)]
    )
    assert all(event.version == event.position for event in events)
    assert await session.read({lane_of(first): Held(5, 1)}, 10) == []


@both
async def test_I10_a_checkpoint_moves_only_under_the_newest_claim_and_from_where_it_stands(stage: Stage) -> None:
    """Seen to fail without the comparison of epochs in `MemorySession.mark`."""
    stream = "purse-1"
    lane = lane_of(stream)
    await stage.put(stream, 3)
    zombie, successor = await stage.session(), await stage.session()
    old = await zombie.claim({lane}, "zombie")
    await zombie.release([lane])
    new = await successor.claim({lane}, "successor")
    assert await zombie.mark(old, {lane: 3}) == {}
    assert await successor.mark(new, {lane: 2}) == {lane: Held(2, 2)}
    assert await successor.mark(new, {lane: 3}) == {}, "it stands at 2, not at 0"
    assert await successor.mark({lane: Held(2, 2)}, {lane: 3}) == {lane: Held(3, 2)}


NEW, OTHER = Standing("a@0", 0), Standing("b@0", 0)


@both
async def test_I10_lanes_that_begin_anew_do_so_together_and_what_was_published_before_cannot_be_marked(stage: Stage) -> None:
    """The relay that saw the loss goes on under its raised claims; another one's are void.
    Seen to fail without raising the epochs: the slow one marked three events that only the lost topic held."""
    stream, sibling = "purse-1", lane_of("purse-1") + 6
    lane = lane_of(stream)
    await stage.put(stream, 3)
    slow, seeing = await stage.session(), await stage.session()
    await seeing.remember(dict.fromkeys(range(6), NEW))
    known = await seeing.topics()
    theirs = await slow.claim({lane}, "slow")
    ours = await seeing.claim({sibling, lane + 1}, "seeing")
    part = lane % 6
    anew, going_on = await seeing.begin_anew({part: OTHER}, known, 6, ours)
    assert anew == {part: Known("b@0", 0, 2)}
    assert going_on == {sibling: Held(0, 2)}
    assert await slow.mark(theirs, {lane: 3}, {part: Known("a@0", 30, 1)}) == {}
    assert await seeing.topics() == known | anew, "nor is it remembered how far the lost one reached"
    await slow.release([lane])
    assert await seeing.claim({lane}, "seeing") == {lane: Held(0, 3)}
    assert await seeing.mark(ours | going_on, {lane + 1: 0}) == {lane + 1: Held(0, 1)}, "the other partitions go on"


@both
async def test_lanes_that_begin_anew_are_read_from_the_first_position(stage: Stage) -> None:
    stream = "purse-1"
    lane = lane_of(stream)
    await stage.put(stream, 3)
    session = await stage.session()
    held = await session.mark(await session.claim({lane}, "one"), {lane: 3})
    assert await session.read(held, 10) == []
    _, held = await session.begin_anew({lane % 6: OTHER}, {}, 6, held)
    assert [event.position for event in await session.read(held, 10)] == [1, 2, 3]


@both
async def test_of_two_relays_that_saw_the_same_loss_one_lets_the_lanes_begin_anew(stage: Stage) -> None:
    """Seen to fail without comparing the count of fills: the second threw away what the first had filled."""
    one, two = await stage.session(), await stage.session()
    await one.remember({0: NEW})
    known = await one.topics()
    first, _ = await one.begin_anew({0: OTHER}, known, 6, {})
    assert first == {0: Known("b@0", 0, 2)}
    assert await two.begin_anew({0: OTHER}, known, 6, {}) == ({}, {})
    assert await two.begin_anew({0: OTHER}, {}, 6, {}) == ({}, {}), "nor does one that knew nothing"
    assert await two.topics() == first


@both
async def test_how_far_a_partition_reaches_moves_with_the_mark_and_only_forwards(stage: Stage) -> None:
    stream = "purse-1"
    lane = lane_of(stream)
    await stage.put(stream, 3)
    session = await stage.session()
    await session.remember({lane % 6: NEW})
    held = await session.claim({lane}, "one")
    held = await session.mark(held, {lane: 2}, {lane % 6: Known("a@0", 20, 1, "aa")})
    await session.mark(held, {lane: 3}, {lane % 6: Known("a@0", 10, 1, "bb")})
    known = await session.topics()
    assert known == {lane % 6: Known("a@0", 20, 1, "aa")}
    anew, _ = await session.begin_anew({lane % 6: OTHER}, known, 6, {})
    assert anew == await session.topics() == {lane % 6: Known("b@0", 0, 2)}, "nothing is known of the new one's records"


@both
async def test_a_partition_is_taken_as_it_is_only_before_anything_was_published(stage: Stage) -> None:
    stream = "purse-1"
    lane = lane_of(stream)
    await stage.put(stream, 1)
    session = await stage.session()
    await session.remember({0: Standing("a@0", 7)})
    await session.remember({0: OTHER})
    assert await session.topics() == {0: Known("a@0", 7, 1)}
    await session.mark(await session.claim({lane}, "one"), {lane: 1})
    await session.remember({1: OTHER})
    assert await session.topics() == {0: Known("a@0", 7, 1)}
