"""`clb republish` as a person runs it, on a topic that was wiped."""

from __future__ import annotations

import asyncio

import pytest

from shared.eventlog.postgres import PostgresLog
from shared.kafka import topics
from shared.kernel.lanes import lane_of
from shared.relay.relay import Relay
from tests.shared.clb import clb
from tests.shared.flow import Place, published, running, streams_of_lanes, until
from tests.shared.relay.test_relay import drained


@pytest.fixture
async def clubs(place: Place, kafka_bootstrap: str) -> Place:
    """Two streams of two lanes, with five and three coins, on the topic too."""
    await asyncio.to_thread(topics.apply, kafka_bootstrap, ("clubs",))
    clubs = Place(place.urls, place.pool, PostgresLog(place.pool, "clubs"), "clubs", kafka_bootstrap)
    one, two = streams_of_lanes(2)
    await clubs.put(one, *range(5))
    await clubs.put(two, *range(3))
    async with running(Relay(clubs.pool, "clubs", kafka_bootstrap)):
        await until(lambda: drained(clubs))
    return clubs


async def test_a_topic_is_filled_again_whole_by_lane_or_after_a_position(clubs: Place) -> None:
    reach = {"CLUBS_DATABASE_URL": clubs.urls.app, "KAFKA_BOOTSTRAP": clubs.bootstrap}
    one, two = streams_of_lanes(2)
    ours = {event.event_id for event in await clubs.stored()}

    def copies() -> dict[tuple[int, int], int]:
        """How often each of our events stands on the topic, by lane and position."""
        found: dict[tuple[int, int], int] = {}
        for records in published(clubs.bootstrap, "clubs").values():
            for lane, position, id in records:
                if id in ours:
                    found[lane, position] = found.get((lane, position), 0) + 1
        return found

    assert await clb("republish", "clubs", **reach) == (0, "clubs.events: 8 events published again\n")
    assert await clb("republish", "clubs", "--lane", str(lane_of(two)), **reach) == (
        0,
        "clubs.events: 3 events published again\n",
    )
    assert await clb("republish", "clubs", "--after", "4", **reach) == (0, "clubs.events: 1 events published again\n")
    first = {(lane_of(one), position): 2 for position in range(1, 5)}
    assert copies() == {**first, (lane_of(one), 5): 3, **{(lane_of(two), position): 3 for position in range(1, 4)}}


async def test_a_service_that_does_not_exist_and_a_broker_that_does_not_answer_are_named(clubs: Place) -> None:
    code, said = await clb("republish", "cafés", CLUBS_DATABASE_URL=clubs.urls.app, KAFKA_BOOTSTRAP=clubs.bootstrap)
    assert (code, "There is no service cafés" in said) == (1, True)
    code, said = await clb("republish", "clubs", CLUBS_DATABASE_URL=clubs.urls.app, KAFKA_BOOTSTRAP="127.0.0.1:9")
    assert (code, "127.0.0.1:9" in said) == (1, True)
