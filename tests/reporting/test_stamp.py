"""What an answer says of itself: whether lanes are still open, what the feed was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.reporting.questions.snapshot import SOURCES, snapshot, stamp
from shared.kernel.lanes import LANES
from tests.reporting.country import small_country
from tests.reporting.world import ReportingWorld

AT = datetime(2026, 1, 1, tzinfo=UTC)


async def test_an_answer_is_provisional_until_every_lane_has_passed_its_instant(world: ReportingWorld):
    lanes = [(source, lane, 1, AT) for source in SOURCES for lane in range(LANES)]
    async with world.pool.acquire() as connection:
        await connection.executemany(
            "insert into lanes (source, lane, position, recorded_at) values ($1, $2, $3, $4)", lanes[1:]
        )
    async with snapshot(world.pool, "figures") as connection:
        mark = await stamp(connection, AT - timedelta(seconds=1))
        assert (mark.provisional, mark.open_lanes) == (True, 1)
    async with world.pool.acquire() as connection:
        await connection.executemany(
            "insert into lanes (source, lane, position, recorded_at) values ($1, $2, $3, $4)", lanes[:1]
        )
    async with snapshot(world.pool, "figures") as connection:
        assert (await stamp(connection, AT - timedelta(seconds=1))).provisional is False
        assert (await stamp(connection, AT)).open_lanes == LANES * len(SOURCES)


async def test_the_feed_is_told_of_every_batch_and_which_places_it_is_about(world: ReportingWorld):
    await world.fold(small_country(), batch=10)
    async with world.pool.acquire() as connection:
        rows = await connection.fetch("select seq, kind, payload from projection.feed order by seq")
    assert [row["seq"] for row in rows] == [1, 2]
    assert {row["kind"] for row in rows} == {"figures"}
    assert "34:01" in rows[0]["payload"]
