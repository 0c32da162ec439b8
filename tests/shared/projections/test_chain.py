"""What a reader believes: records that follow the log's own chain, and nothing else. On a real broker and a real Postgres.

The twin at the end is a reader that trusts positions, as one did before: each of these lies goes into its figure.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from shared.eventlog.chain import link
from shared.eventlog.records import LogIdentity
from shared.eventlog.signing import SigningKey, make_key
from shared.kafka.headers import coordinates
from shared.testing.folding import IDENTITY, received
from tests.shared.flow import Book, CoinPut, Place, expected, running, streams_of_one_lane, until
from tests.shared.projections.lying import aside, checkpoint, forged, kinds, reader, ruling, say, send, shown, shows


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return make_key(tmp_path / "keys" / "k")


async def test_I2_a_strangers_record_at_the_next_position_is_set_aside_and_the_true_one_is_taken(flow: Place) -> None:
    """Without credentials, a hash of zeros, an invented actor. Both records can be seen: where the false one stands, what it
    claims, and the head that it does not follow. Seen to fail with the link not compared in `Intake._follows`."""
    book, runner = Book(flow.source), reader(flow)
    first, second = book.put("purse-1", 1), book.put("purse-1", 2)
    async with running(runner):
        await send(flow, [first, replace(forged(second, None), actor="nobody"), second])
        await until(lambda: shows(flow, book.events))
        (row,) = await aside(flow)
        assert (row["kind"], row["source"], row["lane"], row["position"]) == ("unlinked", flow.source, second.lane, 2)
        assert (row["hash"], row["stands_hash"]) == (bytes(32), first.hash)
        assert row["value"] == CoinPut(amount=1_000_000).to_json().encode()
        assert runner.status().red == ()
        assert runner.status().views["purses"].set_aside == 1


async def test_I2_a_record_of_another_deployment_is_none_of_ours_even_with_the_same_name(flow: Place) -> None:
    """What a mirrored topic looks like: same service, same lane, same position, a chain that holds in itself. Seen to fail with
    lanes that begin with zeros instead of the log's own id."""
    book, runner = Book(flow.source), reader(flow)
    own = book.put("purse-1", 1)
    other = LogIdentity("vn", "0ddba11a-0000-4000-8000-000000000000")
    theirs = replace(own, data=CoinPut(amount=77).to_json())
    theirs = replace(theirs, hash=link(other.genesis(own.lane), theirs, "vn"))
    named = replace(theirs, hash=link(other.genesis(own.lane), theirs, "38"))
    async with running(runner):
        await send(flow, [theirs])
        await send(flow, [named], "38")
        await send(flow, [own])
        await until(lambda: shows(flow, book.events))
    assert await kinds(flow) == ["unlinked", "unroutable"]


async def test_I12_where_a_false_record_took_the_place_of_the_true_one_the_lane_heals_when_that_comes(flow: Place) -> None:
    """The true record is lost from the topic and a false one stands there: red while the gap lasts, green after the refill."""
    book, runner = Book(flow.source), reader(flow)
    events = [book.put("purse-1", n) for n in range(1, 5)]
    async with running(runner):
        await send(flow, [events[0], forged(events[1], None), events[2], events[3]])
        await until(lambda: any("position 2 is missing" in red for red in runner.status().red))
        assert await shown(flow) == expected(events[:1])
        await send(flow, events[1:])
        await until(lambda: shows(flow, events))
        await until(lambda: runner.status().red == ())


async def test_I12_a_record_at_a_position_that_the_log_never_reached_holds_up_nobody(flow: Place, key: SigningKey) -> None:
    """At first it looks like a gap. When the log has signed where it ends, the record is set aside and the lane is well."""
    book, runner = Book(flow.source), reader(flow, key)
    true = book.put("purse-1", 1)
    async with running(runner):
        await send(flow, [true, replace(forged(true, None), position=10**9)])
        await until(lambda: bool(runner.status().red))
        await say(flow, checkpoint(flow, book.events).line(key))
        await until(lambda: runner.status().red == ())
        assert runner.status().views["purses"].gaps == 0
        await until(lambda: kinds_are(flow, ["beyond"]))
        await send(flow, [book.put("purse-1", 2)])
        await until(lambda: shows(flow, book.events))


async def kinds_are(flow: Place, wanted: list[str]) -> bool:
    return await kinds(flow) == wanted


async def test_a_repetition_is_no_lie_and_junk_at_a_passed_position_changes_nothing(flow: Place) -> None:
    book, runner = Book(flow.source), reader(flow)
    events = [book.put("purse-1", n) for n in range(3)]
    async with running(runner):
        await send(flow, [*events, *events, forged(events[1], None)])
        await until(lambda: kinds_are(flow, ["unlinked"]))
        (row,) = await aside(flow)
        assert row["stands_hash"] == events[1].hash
        assert row["stands_offset"] == 1, "where on its partition the true record stands"
        await send(flow, [book.put("purse-1", 9)])
        await until(lambda: shows(flow, book.events))
        assert runner.status().red == ()


async def test_two_records_that_follow_at_one_position_stop_the_lane_until_the_log_has_decided(
    flow: Place, key: SigningKey
) -> None:
    """The true one came first here. Other lanes go on meanwhile. The decision is kept: after a restart the false record, sent
    again, stops nobody."""
    book, runner = Book(flow.source), reader(flow, key)
    one, other = streams_of_one_lane(2)
    elsewhere = "pot-1"
    events = [book.put(one, 1), book.put(other, 2)]
    false = forged(events[1], events[0].hash)
    async with running(runner):
        await send(flow, events)
        await until(lambda: shows(flow, events))
        later = [book.put(one, 3), book.put(elsewhere, 4)]
        await send(flow, [false, *later])
        await until(lambda: any("two records follow at position 2" in red for red in runner.status().red))
        await until(lambda: shows(flow, [*events, later[1]]))
        await say(flow, ruling(flow, events[1]).line(key))
        await until(lambda: shows(flow, book.events))
        await until(lambda: runner.status().red == ())
    again = reader(flow, key)
    async with running(again):
        await send(flow, [false, book.put(one, 5)])
        await until(lambda: shows(flow, book.events))
        assert again.status().red == ()
        assert await kinds(flow) == ["ruled-out", "ruled-out"]


async def test_I2_a_forged_record_that_follows_and_was_taken_spoils_the_view_by_name_when_the_log_rules(
    flow: Place, key: SigningKey
) -> None:
    """Hashes have no key, so a good forgery is taken. The next true record shows it: the lane stops within a second, and the
    ruling names the view that must be rebuilt, and the record that it had taken."""
    book, runner = Book(flow.source), reader(flow, key)
    events = [book.put("purse-1", 1), book.put("purse-1", 2)]
    false = forged(events[1], events[0].hash)
    async with running(runner):
        await send(flow, [events[0], false])
        await until(lambda: shows(flow, [events[0], false]))
        await send(flow, [events[1]])
        began = time.monotonic()
        await until(lambda: any("two records follow" in red for red in runner.status().red))
        assert time.monotonic() - began < 5
        await say(flow, ruling(flow, events[1]).line(key))
        await until(lambda: any("clb views rebuild purses" in red for red in runner.status().red))
    async with flow.pool.acquire() as connection:
        spoiled = await connection.fetchrow("select view, version, lane, position, hash from projection.spoiled")
        assert tuple(spoiled) == ("purses", 1, false.lane, 2, false.hash)
    ruled_out = [row for row in await aside(flow) if row["kind"] == "ruled-out"]
    assert [(row["hash"], row["stands_hash"]) for row in ruled_out] == [(false.hash, events[1].hash)]


async def test_a_reader_that_comes_after_the_ruling_goes_through_without_a_hand(flow: Place, key: SigningKey) -> None:
    """The false record stands first on the topic, for ever. Seen to fail with rulings loaded after reading has begun."""
    book = Book(flow.source)
    events = [book.put("purse-1", 1), book.put("purse-1", 2), book.put("purse-1", 3)]
    await send(flow, [events[0], forged(events[1], events[0].hash), *events[1:]])
    await say(flow, ruling(flow, events[1]).line(key))
    runner = reader(flow, key)
    async with running(runner):
        await until(lambda: shows(flow, events))
        assert runner.status().red == ()
    assert await kinds(flow) == ["ruled-out"]


async def test_what_nobody_contradicts_is_found_at_the_next_signed_checkpoint(flow: Place, key: SigningKey) -> None:
    """A forged record that follows at the end of a lane, where no true one comes: the log signs later that it ends before."""
    book, runner = Book(flow.source), reader(flow, key)
    true = book.put("purse-1", 1)
    false = forged(replace(true, position=2, version=2), true.hash)
    async with running(runner):
        await send(flow, [true, false])
        await until(lambda: shows(flow, [true, false]))
        await say(flow, checkpoint(flow, [true], at=time.time() + 60).line(key))
        await until(lambda: any("signed later that it ends at 1" in red for red in runner.status().red))
        nothing_there = replace(ruling(flow, false), stands=False)
        await say(flow, nothing_there.line(key))
        await until(lambda: any("clb views rebuild purses" in red for red in runner.status().red))
    async with flow.pool.acquire() as connection:
        await connection.execute(
            "delete from projection.checkpoints; delete from projection.offsets; delete from projection.spoiled;"
            "delete from projection.links; delete from purses_v1.purses"
        )
    again = reader(flow, key)
    async with running(again):
        await send(flow, [book.put("purse-1", 2)])
        await until(lambda: shows(flow, book.events))
        assert again.status().red == ()


async def test_a_signed_head_at_a_taken_position_with_another_hash_stops_the_lane(flow: Place, key: SigningKey) -> None:
    book, runner = Book(flow.source), reader(flow, key)
    true = [book.put("purse-1", 1), book.put("purse-1", 2)]
    false = forged(true[0], IDENTITY.genesis(true[0].lane))
    false = [false, forged(true[1], false.hash, 1)]
    async with running(runner):
        await send(flow, false)
        await until(lambda: shows(flow, false))
        await say(flow, checkpoint(flow, true).line(key))
        await until(lambda: any("a signed checkpoint contradicts" in red for red in runner.status().red))


async def test_only_the_deployments_own_key_speaks_for_a_log(flow: Place, key: SigningKey, tmp_path: Path) -> None:
    """A ruling by another key decides nothing and is listed."""
    book, runner = Book(flow.source), reader(flow, key)
    events = [book.put("purse-1", 1)]
    stranger = make_key(tmp_path / "other" / "k")
    async with running(runner):
        await send(flow, events)
        await until(lambda: shows(flow, events))
        await say(flow, ruling(flow, forged(events[0], None)).line(stranger))
        await until(lambda: kinds_are(flow, ["unroutable"]))
        assert runner.status().red == ()
        async with flow.pool.acquire() as connection:
            assert await connection.fetchval("select count(*) from projection.rulings") == 0


async def test_a_reader_waits_until_it_knows_which_log_a_source_is(flow: Place, key: SigningKey) -> None:
    """The first signed checkpoint says it; until then nothing of that source is believed, and that is said."""
    book = Book(flow.source)
    events = [book.put("purse-1", n) for n in range(3)]
    async with flow.pool.acquire() as connection:
        await connection.execute("delete from projection.logs")
    runner = reader(flow, key)
    async with running(runner):
        await send(flow, events)
        await until(lambda: any("no signed checkpoint" in why for why in runner.status().degraded))
        assert await shown(flow) == {}
        await say(flow, checkpoint(flow, events).line(key))
        await until(lambda: shows(flow, events))
        assert runner.status().degraded == ()


async def test_a_flood_of_strangers_records_stops_no_view(flow: Place) -> None:
    """They are not the view's fault. Seen to fail with records that are set aside counted among the bad events of a view."""
    book, runner = Book(flow.source), reader(flow)
    true = book.put("purse-1", 1)
    junk = [replace(forged(true, None), event_id=f"00000000-0000-4000-8000-{n:012d}") for n in range(300)]
    async with running(runner):
        await send(flow, [*junk, true])
        await until(lambda: shows(flow, [true]))
        assert runner.status().red == ()
    assert len(await aside(flow)) == 300


async def test_a_reader_that_trusts_positions_believes_all_of_it(flow: Place) -> None:
    """The naive twin: yesterday's rule, next position or nothing. Every lie above is in its figure."""
    book = Book(flow.source)
    true = [book.put("purse-1", 1), book.put("purse-1", 2)]
    lies = [forged(true[1], None), forged(true[1], true[0].hash), replace(true[1], data=CoinPut(amount=77).to_json())]
    for lie in lies:
        total, position = 0, 0
        for record in map(received, [true[0], lie, true[1]]):
            at = coordinates(dict(record.headers))
            if at.position == position + 1:
                position, total = at.position, total + CoinPut.model_validate_json(record.value or b"").amount
        assert total != 3
