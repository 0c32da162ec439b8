"""A topic holds what the log holds, whatever a broker lost; read back by kafka-python, which shares no code with the relay.

A newcomer here takes of each lane nothing but the next position, as every reader does.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.kafka import topics
from shared.kafka.identity import standings
from shared.kernel.lanes import LANES
from shared.local.databases import connect
from shared.local.kafka import Kafka
from shared.local.process import free_port
from shared.relay.relay import Relay
from tests.servers import thrown_away
from tests.shared.flow import Place, running, until
from tests.shared.relay.losing import cut_off, make_anew, take_away, whole_lanes
from tests.shared.relay.test_relay import by_lane, drained, fill, first_arrivals, on_topic


def relay_of(flow: Place) -> Relay:
    return Relay(flow.pool, flow.source, flow.bootstrap)


@pytest.fixture
async def owner(flow: Place) -> AsyncIterator[Any]:
    connection = await connect(flow.urls.owner)
    yield connection
    await connection.close()


async def whole(flow: Place) -> bool:
    """A newcomer to the topic gets every stored event, in order."""
    return await asyncio.to_thread(whole_lanes, flow) == by_lane(await flow.stored())


async def publish_all(flow: Place) -> None:
    """By a relay that ends."""
    async with running(relay_of(flow)):
        await until(lambda: drained(flow))


async def test_I1_a_topic_that_was_made_anew_under_a_running_relay_is_filled_from_the_first_position(
    flow: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Seen to fail without the look at the topic: the relay went on from where it stood, and 80 events were on no topic."""
    relay = relay_of(flow)
    async with running(relay):
        await fill(flow)
        await until(lambda: drained(flow))
        with caplog.at_level(logging.ERROR):
            await asyncio.to_thread(make_anew, flow)
            await until(lambda: whole(flow), 30)
        assert "made anew" in caplog.text
        await fill(flow, start=4)
        await until(lambda: drained(flow))
        status = relay.status()
        assert (status.lanes, status.fills, status.filling, status.lost, status.failure) == (LANES, 6, 0, None, None)
    assert await on_topic(flow) == by_lane(await flow.stored()), "each event once, version 1 before 2"


async def test_I12_a_topic_that_was_made_anew_while_no_relay_ran_holds_version_1_before_any_other(flow: Place) -> None:
    """New events wait in the store when the relay comes: they must not be the first that a newcomer sees.
    Seen to fail without waiting for the first look: versions 5 to 8 stood at the beginning of the topic."""
    await fill(flow)
    await publish_all(flow)
    await asyncio.to_thread(make_anew, flow)
    await fill(flow, start=4)
    await publish_all(flow)
    assert await on_topic(flow) == by_lane(await flow.stored())


async def test_records_that_retention_took_away_come_again(flow: Place) -> None:
    """All of two partitions but the last record. Seen to fail without comparing the first offset."""
    relay = relay_of(flow)
    async with running(relay):
        await fill(flow)
        await until(lambda: drained(flow))
        ends = {n: standing.end for n, standing in standings(flow.bootstrap, f"{flow.source}.events").items()}
        await asyncio.to_thread(take_away, flow, {0: ends[0] - 1, 3: ends[3] - 1})
        assert not await whole(flow)
        await until(lambda: whole(flow), 30)
        assert relay.status().fills == 2


async def test_a_partition_whose_end_was_cut_off_and_written_over_is_noticed_by_its_last_record(
    flow: Place, owner: Any
) -> None:
    """It ends where it ended, or later; but the record there is not the one that was acknowledged, as after a power failure
    of a broker to which others wrote. Told by what is remembered, since a real broker is hard to cut while it runs.
    Seen to fail without comparing that record's hash."""
    await fill(flow)
    await publish_all(flow)
    await owner.execute("update relay.topics set last = repeat('ab', 32) where partition = 2")
    relay = relay_of(flow)
    async with running(relay):
        await until(lambda: relay.status().fills == 1)
        await until(lambda: drained(flow))
    counts = {lane: len(records) for lane, records in (await on_topic(flow)).items()}
    assert counts == {lane: 8 if lane % 6 == 2 else 4 for lane in counts}


async def test_a_topic_that_lost_nothing_is_left_alone(flow: Place) -> None:
    """By relays that come and go, and two at once that share the partitions."""
    await fill(flow, each=2)
    await publish_all(flow)
    one, two = relay_of(flow), relay_of(flow)
    async with running(one, two):
        for start in (2, 4, 6):
            await fill(flow, each=2, start=start)
            await until(lambda: drained(flow))
        await asyncio.sleep(6)
        assert (one.status().fills, two.status().fills) == (0, 0)
    assert first_arrivals(await on_topic(flow)) == by_lane(await flow.stored())


async def test_a_broker_that_is_away_is_no_lost_topic(flow: Place) -> None:
    await fill(flow)
    await publish_all(flow)
    relay = Relay(flow.pool, flow.source, "127.0.0.1:9")
    async with running(relay):
        await asyncio.sleep(4)
        assert relay.status().fills == 0
    assert await drained(flow)


@pytest.fixture
async def own(place: Place, server_dir: Path) -> AsyncIterator[tuple[Place, Kafka]]:
    """A broker that a test may break, and a place on it."""
    kafka = Kafka(server_dir / "broken", port=free_port(), controller_port=free_port(), heap_mb=256, short_lived=True)
    await kafka.start()
    try:
        await asyncio.to_thread(topics.apply, kafka.bootstrap, (place.source,))
        yield Place(place.urls, place.pool, place.log, place.source, kafka.bootstrap), kafka
    finally:
        if kafka.child is not None:
            await thrown_away(kafka.child)
        shutil.rmtree(server_dir / "broken", ignore_errors=True)


async def test_I12_a_broker_that_loses_its_ends_or_its_whole_folder_is_filled_again(
    own: tuple[Place, Kafka], server_dir: Path
) -> None:
    """First the end of each partition's file is cut off, as a power failure does it; then the folder is gone and the topics
    are made by `topics apply`. The relay runs on meanwhile. Seen to fail without comparing ends, and without identities."""
    flow, kafka = own
    data, relay = server_dir / "broken" / "data", relay_of(flow)
    async with running(relay):
        await fill(flow)
        await until(lambda: drained(flow))
        await fill(flow, start=4)
        await until(lambda: drained(flow))
        await kafka.stop()
        assert cut_off(data, f"{flow.source}.events") == 6
        await kafka.start()
        assert not await whole(flow)
        await until(lambda: whole(flow), 40)
        assert relay.status().fills == 6

        await kafka.stop()
        shutil.rmtree(data)
        await kafka.start()
        await asyncio.to_thread(topics.apply, flow.bootstrap, (flow.source,))
        await fill(flow, start=8)
        await until(lambda: whole(flow), 60)
        assert relay.status().fills == 12
