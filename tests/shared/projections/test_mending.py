"""F15, F16: records that a topic lost come back from the store, and a topic made anew is not read past its beginning."""

from __future__ import annotations

import asyncio

import pytest

from shared.kafka.independent import read_topic
from shared.kafka.refills import Refill, read_refill
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES, partition_of
from shared.local.databases import connect
from shared.projections.mending import Mender
from shared.projections.progress import Limits
from shared.projections.runner import Runner
from shared.relay.refill import Allowance, Refiller
from shared.relay.relay import Relay
from shared.relay.republish import republish
from tests.shared.flow import Place, Purses, expected, publish, purses, running, streams_of_lanes, until
from tests.shared.relay.losing import make_anew, take_away_from
from tests.shared.relay.test_relay import drained

LIMITS = Limits(gap_seconds=0.3)


def runner_of(flow: Place) -> Runner:
    return Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source, limits=LIMITS)


async def shown(flow: Place) -> dict[str, tuple[int, list[int]]]:
    async with flow.pool.acquire() as connection:
        return await purses(connection)


async def same(flow: Place) -> bool:
    """The view shows every stored event once and in order, by an addition that shares nothing with the view."""
    return await shown(flow) == expected(await flow.stored())


async def stored(flow: Place) -> list[Recorded]:
    """Ten purses of different lanes, three coins in each; for the relay they count as published."""
    for name in streams_of_lanes(10):
        await flow.put(name, 1, 2, 3)
    await counts_as_published(flow)
    return await flow.stored()


async def counts_as_published(flow: Place) -> None:
    owner = await connect(flow.urls.owner)
    await owner.execute("update relay.lanes r set position = l.position from log.lanes l where l.lane = r.lane")
    await owner.close()


async def test_I1_a_hole_in_a_lane_heals_by_itself(flow: Place) -> None:
    """Nobody does anything: the lane stops, asks, is published again, goes on. Seen to fail without the refiller."""
    events = await stored(flow)
    holes = [event for event in events if event.position == 2][:2]
    await publish(flow.bootstrap, [event for event in events if event not in holes])
    runner, refiller = runner_of(flow), Refiller(flow.pool, flow.source, flow.bootstrap)
    async with running(runner, refiller):
        await until(lambda: same(flow), 40)
        await until(lambda: runner.status().red == ())
    assert refiller.sent == 4, "the missing position of both lanes and the one after it"


async def test_a_lane_that_nobody_refills_is_asked_for_ever_more_seldom(flow: Place) -> None:
    events = await stored(flow)
    await publish(flow.bootstrap, [event for event in events if event is not events[1]])
    runner = runner_of(flow)
    async with running(runner):
        await until(lambda: asked(flow))
        await asyncio.sleep(3.5)
        assert len(asked(flow)) <= 2
        assert asked(flow)[0] == Refill(flow.source, events[1].lane, 1, flow.source, sign=True)
        assert "position 2 is missing although 3 has come" in runner.status().red[0]
    assert len(await shown(flow)) == 10, "the other lanes are fresh"


def asked(flow: Place) -> list[Refill]:
    batches = read_topic(flow.bootstrap, f"{flow.source}.refills")
    return [refill for batch in batches for record in batch if (refill := read_refill(record.value))]


def test_a_lane_is_answered_at_once_and_then_after_pauses_that_double() -> None:
    allowance = Allowance()
    answered = [second for second in range(130) if allowance.allows(7, 5, float(second))]
    assert answered == [0, 2, 6, 14, 30, 62, 126]
    assert allowance.allows(7, 6, 127.0), "it has moved, so it is another request"
    assert not allowance.allows(7, 5, 128.0), "two readers of one lane do not take turns to flood it"
    assert allowance.allows(8, 0, 127.0), "another lane waits for nobody"
    assert [second for second in (1000, 3000) if allowance.allows(7, 6, float(second))] == [1000, 3000]


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"x",
        b"[]",
        b"{}",
        b'{"source":"a","lane":64,"after":0,"by":"b"}',
        b'{"source":"a","lane":true,"after":0,"by":"b"}',
        b'{"source":"a","lane":1,"after":-1,"by":"b"}',
        b'{"source":"a","lane":1,"after":"0","by":"b"}',
    ],
)
def test_what_is_no_request_for_a_refill_is_passed_over(value: bytes | None) -> None:
    assert read_refill(value) is None


@pytest.mark.parametrize("while_reading", [True, False], ids=["while it is read", "while nobody reads"])
async def test_F15_a_topic_deleted_and_made_again_is_filled_from_the_store_and_readers_end_in_the_same_state(
    flow: Place, while_reading: bool
) -> None:
    relay = Relay(flow.pool, flow.source, flow.bootstrap)
    for name in streams_of_lanes(10):
        await flow.put(name, 1, 2, 3)
    async with running(relay):
        async with running(runner_of(flow)):
            await until(lambda: same(flow))
            before = await shown(flow)
            if while_reading:
                await asyncio.to_thread(make_anew, flow)
                assert await republish(flow.pool, flow.source, flow.bootstrap, dict.fromkeys(range(LANES), 0)) == 30
                await flow.put(streams_of_lanes(1)[0], 9, expected=3)
                await until(lambda: same(flow), 60)
        if not while_reading:
            await asyncio.to_thread(make_anew, flow)
            assert await republish(flow.pool, flow.source, flow.bootstrap, dict.fromkeys(range(LANES), 0)) == 30
            await flow.put(streams_of_lanes(1)[0], 9, expected=3)
            await until(lambda: drained(flow))
            async with running(runner_of(flow)):
                await until(lambda: same(flow), 60)
        after = await shown(flow)
    first = streams_of_lanes(1)[0]
    assert after == {**before, first: (6 + 9, [1, 2, 3, 4])}


async def test_F16_a_topic_made_again_in_another_order_is_read_from_its_beginning_though_its_offsets_are_in_range(
    flow: Place,
) -> None:
    """The new event lies before the offset at which reading would go on, and nothing comes after it: no gap would ever show.
    Seen to fail without the topic's identity, and where that
    was looked at only after reading had begun: the runner of before has had no time for it."""
    one, *others = await in_one_partition(flow)
    for name in (one, *others):
        await flow.put(name, 1, 2, 3)
    events = await flow.stored()
    await publish(flow.bootstrap, events)
    async with running(runner_of(flow)):
        await until(lambda: same(flow))
    await flow.put(one, 9, expected=3)
    await asyncio.to_thread(make_anew, flow)
    events = await flow.stored()
    first = [event for event in events if event.stream == one]
    await publish(flow.bootstrap, first + [event for event in events if event.stream != one])
    async with running(runner_of(flow)):
        await until(lambda: same(flow), 40)


async def in_one_partition(flow: Place) -> list[str]:
    from shared.kernel.lanes import lane_of  # noqa: PLC0415

    return [name for name in streams_of_lanes(LANES) if partition_of(lane_of(name), 6) == 0][:4]


async def test_F16_records_that_retention_took_are_asked_for_not_skipped(flow: Place) -> None:
    """The offset to read on from is out of range, and of some lanes nothing is left that would show a gap. Seen to fail without
    the partition's first offset in its identity."""
    await stored(flow)
    await publish(flow.bootstrap, await flow.stored())
    async with running(runner_of(flow)):
        await until(lambda: same(flow))
    for name in streams_of_lanes(10):
        await flow.put(name, 4, 5, expected=3)
    await counts_as_published(flow)
    await publish(flow.bootstrap, [event for event in await flow.stored() if event.position in {4, 5}])
    await asyncio.to_thread(take_away, flow)
    runner, refiller = runner_of(flow), Refiller(flow.pool, flow.source, flow.bootstrap)
    async with running(runner, refiller):
        await until(lambda: same(flow), 60)


def take_away(flow: Place) -> None:
    """All records but the last of each partition, as retention would."""
    topic = f"{flow.source}.events"
    ends: dict[int, int] = {}
    for batch in read_topic(flow.bootstrap, topic):
        for record in batch:
            ends[record.partition] = record.offset
    take_away_from(flow.bootstrap, topic, ends)


class Client:
    """What a mender sees of a consumer."""

    def __init__(self, *partitions: tuple[str, int]) -> None:
        self.assigned: frozenset[tuple[str, int]] | None = frozenset(partitions)
        self.renewed = 0

    async def renew(self) -> None:
        self.renewed += 1

    async def rewind(self, topic: str, partition: int) -> None:
        raise AssertionError


async def looked(mender: Mender, client: Client) -> int:
    await mender.compare(client)
    return client.renewed


async def test_a_client_that_met_another_topic_is_renewed_also_if_it_is_given_the_new_one_before_anybody_looks(
    flow: Place,
) -> None:
    """Seen to fail with what was met forgotten when the lanes are claimed: the client read nothing of the new topic."""
    topic = f"{flow.source}.events"
    mender, client = Mender(flow.pool, flow.bootstrap, flow.source, [topic]), Client((topic, 0))
    assert await mender.take_over([(topic, 0)]) == set()
    await asyncio.to_thread(make_anew, flow)
    assert await mender.take_over([(topic, 0)]) == {(topic, 0)}
    assert await looked(mender, client) == 1
    assert await looked(mender, client) == 1, "the new client has met the new topic"


async def test_a_client_that_is_given_nothing_though_there_are_topics_is_renewed_once(flow: Place) -> None:
    """It may have joined while they were being made. If another one is given nothing too, others have them all."""
    mender, client = Mender(flow.pool, flow.bootstrap, flow.source, [f"{flow.source}.events"]), Client()
    assert [await looked(mender, client) for _ in range(3)] == [1, 1, 1]
    client.assigned = frozenset([(f"{flow.source}.events", 0)])
    assert await looked(mender, client) == 1
