"""Checkpoints on demand, and rulings: signed once, kept in the file, on the topic, readable by whoever has the public key."""

from __future__ import annotations

import asyncio
import dataclasses
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest

from shared.eventlog.checkpoints import Checkpoint, append_line, last_of
from shared.eventlog.records import LogIdentity
from shared.eventlog.rulings import Ruling, read_statement
from shared.eventlog.signing import SigningKey, make_key
from shared.kafka.independent import read_topic
from shared.kafka.producer import Producer
from shared.kafka.refills import Refill
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import lane_of
from shared.local.databases import connect
from shared.relay.refill import Refiller, Seal
from shared.relay.relay import Relay
from shared.relay.rule import rule
from shared.relay.signer import Rewritten, Signer, checkpoint_file, make_checkpoint, mirror
from tests.shared.flow import Place, running, streams_of_lanes, until
from tests.shared.relay.losing import take_away_from
from tests.shared.relay.test_relay import drained, on_topic
from tests.shared.verification import tampering as t

STREAM, OTHER = streams_of_lanes(2)
LANE = lane_of(STREAM)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return make_key(tmp_path / "keys" / "a.key")


@pytest.fixture
def file(flow: Place, tmp_path: Path) -> Path:
    return checkpoint_file(tmp_path, flow.source)


def signed_on_topic(flow: Place, key: SigningKey) -> list[Checkpoint | Ruling]:
    records = chain.from_iterable(read_topic(flow.bootstrap, f"{flow.source}.checkpoints"))
    return [read_statement((record.value or b"").decode(), key.public) for record in records]


def rulings(found: list[Checkpoint | Ruling]) -> list[Ruling]:
    return [one for one in found if isinstance(one, Ruling)]


async def on_topic_soon(flow: Place, key: SigningKey, checkpoints: int) -> bool:
    found = await asyncio.to_thread(signed_on_topic, flow, key)
    return sum(isinstance(one, Checkpoint) for one in found) >= checkpoints


async def ask(flow: Place, *refills: Refill) -> None:
    producer = Producer(flow.bootstrap)
    await producer.publish([refill.record() for refill in refills])
    await producer.close()


async def row(flow: Place, position: int) -> Recorded:
    return next(event for event in await flow.stored() if (event.lane, event.position) == (LANE, position))


async def rewrite(flow: Place, postgres: Any, statement: str, *values: object) -> None:
    """As a superuser, past triggers and rights."""
    admin = await connect(postgres.admin_url.rsplit("/", 1)[0] + "/" + flow.urls.name)
    await admin.execute("set session_replication_role = replica")
    await admin.execute(statement, *values)
    await admin.close()


async def test_the_first_checkpoint_tells_which_log_it_is_before_anything_is_recorded(
    flow: Place, key: SigningKey, tmp_path: Path
) -> None:
    signer = Signer(flow.pool, flow.source, flow.bootstrap, key, tmp_path, seconds=600)
    async with running(signer):
        await until(lambda: on_topic_soon(flow, key, 1))
    (first,) = signed_on_topic(flow, key)
    assert isinstance(first, Checkpoint)
    assert (first.identity, first.events) == (await flow.log.identity(), 0)
    assert first.heads[LANE] == (0, first.identity.genesis(LANE))


async def test_a_reader_that_asks_gets_a_fresh_time_though_nothing_has_moved_and_gets_it_soon(
    flow: Place, key: SigningKey, tmp_path: Path
) -> None:
    """The period is ten minutes, so without being asked it would sign once. Seen to fail without `Signer.now`."""
    await flow.put(STREAM, 1, 2)
    signer = Signer(flow.pool, flow.source, flow.bootstrap, key, tmp_path, seconds=600)
    seal = Seal(key, checkpoint_file(tmp_path, flow.source), signer.now)
    refiller = Refiller(flow.pool, flow.source, flow.bootstrap, seal=seal)
    async with running(signer, refiller):
        await until(lambda: on_topic_soon(flow, key, 1))
        await asyncio.sleep(1)
        await ask(flow, Refill(flow.source, LANE, 2, "a reader", sign=True))
        await until(lambda: on_topic_soon(flow, key, 2), 8)
    one, two, *_ = signed_on_topic(flow, key)
    assert isinstance(one, Checkpoint)
    assert isinstance(two, Checkpoint)
    assert (two.heads, two.previous, two.time > one.time) == (one.heads, one.hash, True)
    assert refiller.sent == 0


async def test_who_asks_on_and_on_is_answered_ever_more_seldom(
    flow: Place, key: SigningKey, tmp_path: Path, file: Path
) -> None:
    """A hundred requests within ten seconds. Seen to fail without the pause: never three seconds between two checkpoints."""
    signer = Signer(flow.pool, flow.source, flow.bootstrap, key, tmp_path, seconds=600)
    async with running(signer):
        for _ in range(100):
            signer.now()
            await asyncio.sleep(0.1)
    signed = [read_statement(line, key.public).time for line in file.read_text().splitlines()]
    assert len(signed) >= 3
    assert max((after - before).total_seconds() for before, after in pairwise(signed)) > 3


async def test_heads_that_do_not_move_are_signed_again_within_the_hour(place: Place, key: SigningKey, tmp_path: Path) -> None:
    file = checkpoint_file(tmp_path, place.source)
    made = await make_checkpoint(place.pool, place.source, key, file)
    assert made is not None
    assert await make_checkpoint(place.pool, place.source, key, file) is None
    old = dataclasses.replace(made, time=made.time.replace(year=made.time.year - 1))
    append_line(file, old.line(key))
    assert await make_checkpoint(place.pool, place.source, key, file) is not None


async def test_I11_the_signer_signs_nothing_for_another_log_that_came_into_the_place_of_this_one(
    flow: Place, key: SigningKey, file: Path
) -> None:
    """Both are empty, so no row differs. Seen to fail without comparing the identities."""
    made = await make_checkpoint(flow.pool, flow.source, key, file)
    assert made is not None
    other = dataclasses.replace(made, identity=LogIdentity("38", made.identity.log_id))
    append_line(file, other.line(key))
    with pytest.raises(Rewritten, match="this is the log vn"):
        await make_checkpoint(flow.pool, flow.source, key, file)


async def test_I11_the_signer_signs_nothing_when_the_log_went_back(
    flow: Place, postgres: Any, key: SigningKey, file: Path
) -> None:
    await flow.put(STREAM, 1, 2, 3)
    assert await make_checkpoint(flow.pool, flow.source, key, file)
    before = (await row(flow, 1)).hash
    await rewrite(flow, postgres, "delete from log.events where position > 1")
    await rewrite(flow, postgres, "update log.lanes set position = 1, hash = $1 where lane = $2", before, LANE)
    with pytest.raises(Rewritten, match=f"lane {LANE}, position 3"):
        await make_checkpoint(flow.pool, flow.source, key, file)


async def test_a_contested_position_is_ruled_once_signed_and_published_with_the_lane_after_it(
    flow: Place, key: SigningKey, tmp_path: Path, file: Path
) -> None:
    """Two readers ask, one of them twice. Seen to fail without looking for the ruling of before: three lines."""
    await flow.put(STREAM, 1, 2, 3, 4)
    await flow.put(OTHER, 1)
    signer = Signer(flow.pool, flow.source, flow.bootstrap, key, tmp_path, seconds=600)
    relay = Relay(flow.pool, flow.source, flow.bootstrap)
    refiller = Refiller(flow.pool, flow.source, flow.bootstrap, seal=Seal(key, file, signer.now))
    contest = Refill(flow.source, LANE, 2, "one", contested=3)
    async with running(relay, signer, refiller):
        await until(lambda: drained(flow))
        await until(lambda: on_topic_soon(flow, key, 1))
        await asyncio.sleep(1)
        await ask(flow, contest, dataclasses.replace(contest, by="two"))
        await until(lambda: refiller.sent == 2)
        await asyncio.sleep(2.5)
        await ask(flow, contest)
        await until(lambda: refiller.sent == 4)
        await until(lambda: on_topic_soon(flow, key, 2))
    found = signed_on_topic(flow, key)
    (ruling,) = rulings(found)
    third = await row(flow, 3)
    assert (ruling.source, ruling.identity) == (flow.source, await flow.log.identity())
    assert (ruling.lane, ruling.position, ruling.hash) == (LANE, 3, third.hash)
    assert "one" in ruling.by
    again = (await on_topic(flow))[LANE]
    assert [position for position, _ in again] == [1, 2, 3, 4, 3, 4, 3, 4]
    assert again[4] == (3, third.event_id)
    last = found[-1]
    assert isinstance(last, Checkpoint), "and where the log ends is signed after it"
    assert last.heads[LANE][0] == 4


async def test_a_log_that_is_not_healthy_answers_nothing_and_rules_nothing(flow: Place, key: SigningKey, file: Path) -> None:
    await flow.put(STREAM, 1, 2)
    sick = Refiller(flow.pool, flow.source, flow.bootstrap, healthy=lambda: False, seal=Seal(key, file, lambda: None))
    async with running(Relay(flow.pool, flow.source, flow.bootstrap)):
        await until(lambda: drained(flow))
    async with running(sick):
        await asyncio.sleep(1.5)
        await ask(flow, Refill(flow.source, LANE, 0, "a reader", contested=1))
        await asyncio.sleep(2)
    assert (sick.sent, file.exists()) == (0, False)


async def test_what_a_reader_took_where_the_log_has_nothing_is_ruled_out_once(
    flow: Place, key: SigningKey, tmp_path: Path, file: Path
) -> None:
    """A good forgery at the end of a lane. When the log gets there, its own row may still be ruled to stand."""
    await flow.put(STREAM, 1, 2)
    forged = bytes(range(32))
    signer = Signer(flow.pool, flow.source, flow.bootstrap, key, tmp_path, seconds=600)
    refiller = Refiller(flow.pool, flow.source, flow.bootstrap, seal=Seal(key, file, signer.now))
    async with running(Relay(flow.pool, flow.source, flow.bootstrap), signer, refiller):
        await until(lambda: drained(flow))
        await asyncio.sleep(1)
        await ask(flow, Refill(flow.source, LANE, 2, "a reader", contested=3, taken=forged.hex()))
        await until(lambda: rulings(signed_on_topic(flow, key)))
    (ruling,) = rulings(signed_on_topic(flow, key))
    assert (ruling.lane, ruling.position, ruling.hash, ruling.stands) == (LANE, 3, forged, False)
    assert await rule(flow.pool, flow.source, key, file, LANE, 3, "again", taken=forged) == ruling
    assert await rule(flow.pool, flow.source, key, file, LANE, 3, "nothing was taken") is None
    await flow.put(STREAM, 3, expected=2)
    second = await rule(flow.pool, flow.source, key, file, LANE, 3, "test", taken=forged)
    assert second is not None
    assert (second.hash, second.stands) == ((await row(flow, 3)).hash, True)


@pytest.mark.parametrize("proof", ["signed", "published"])
async def test_I1_a_log_that_lost_what_it_signed_or_published_does_not_rule_it_out(
    flow: Place, postgres: Any, key: SigningKey, file: Path, proof: str
) -> None:
    """Else an acknowledged event were gone for ever. Seen to fail without `_has_nothing`."""
    await flow.put(STREAM, 1, 2)
    lost = (await row(flow, 2)).hash
    if proof == "signed":
        assert await make_checkpoint(flow.pool, flow.source, key, file)
    else:
        async with running(Relay(flow.pool, flow.source, flow.bootstrap)):
            await until(lambda: drained(flow))
    before = (await row(flow, 1)).hash
    await rewrite(flow, postgres, "delete from log.events where position = 2")
    await rewrite(flow, postgres, "update log.lanes set position = 1, hash = $1 where lane = $2", before, LANE)
    assert await rule(flow.pool, flow.source, key, file, LANE, 2, "test", taken=lost) is None


@pytest.mark.parametrize(("signed_at", "changed"), [(1, 2), (2, 2), (3, 2), (3, 3)])
async def test_I11_no_ruling_from_a_log_that_was_changed_between_two_signed_heads(
    flow: Place, postgres: Any, key: SigningKey, file: Path, signed_at: int, changed: int
) -> None:
    """The row at the position itself may be as it was: only the chain tells. Seen to fail without `_lead`."""
    for n in range(3):
        await flow.put(STREAM, n, expected=n)
        if n + 1 == signed_at:
            assert await make_checkpoint(flow.pool, flow.source, key, file)
    await rewrite(flow, postgres, "update log.events set data = '{\"amount\":99}' where position = $1", changed)
    lines = file.read_text()
    assert await rule(flow.pool, flow.source, key, file, LANE, 2 if signed_at == 3 else 3, "test") is None
    assert file.read_text() == lines


async def test_I11_a_ruling_is_never_followed_by_a_different_one(
    flow: Place, postgres: Any, key: SigningKey, file: Path
) -> None:
    """The log is rewritten with its chain after the ruling, and no checkpoint was there to tell. Seen to fail without the
    comparison of the ruling with the store's row: it handed the old ruling out as that of the new row."""
    await flow.put(STREAM, 1)
    first = await rule(flow.pool, flow.source, key, file, LANE, 1, "test")
    assert first is not None
    assert await rule(flow.pool, flow.source, key, file, LANE, 1, "again") == first
    await t.tamper(flow, postgres, LANE, ["""update log.events set data = '{"amount":99}' where lane = $1"""], rechain=True)
    assert (await row(flow, 1)).hash != first.hash
    assert await rule(flow.pool, flow.source, key, file, LANE, 1, "test") is None
    assert len(file.read_text().splitlines()) == 1


async def test_many_rulings_after_a_checkpoint_do_not_hide_it_and_are_published_with_it(
    flow: Place, key: SigningKey, file: Path
) -> None:
    """More than the last 64 KB. Seen to fail with one look at the end of the file: the next checkpoint named none before it."""
    made = await make_checkpoint(flow.pool, flow.source, key, file)
    assert made is not None
    ruling = Ruling(flow.source, made.identity, LANE, 1, bytes(32), made.time, "test")
    for position in range(1, 301):
        append_line(file, dataclasses.replace(ruling, position=position).line(key))
    assert last_of(file) == made
    assert await mirror(flow.source, file, flow.bootstrap) == 301
    assert await mirror(flow.source, file, flow.bootstrap) == 0
    assert len(rulings(signed_on_topic(flow, key))) == 300


async def test_a_ruling_outlives_the_beginning_of_its_topic(flow: Place, key: SigningKey, tmp_path: Path, file: Path) -> None:
    """Retention took the first records away. Seen to fail without looking at the topic's first offset."""
    await flow.put(STREAM, 1)
    ruling = await rule(flow.pool, flow.source, key, file, LANE, 1, "test")
    assert await make_checkpoint(flow.pool, flow.source, key, file)
    await mirror(flow.source, file, flow.bootstrap)
    await asyncio.to_thread(take_away_from, flow.bootstrap, f"{flow.source}.checkpoints", {0: 1})
    assert rulings(signed_on_topic(flow, key)) == []
    signer = Signer(flow.pool, flow.source, flow.bootstrap, key, tmp_path, seconds=600)
    async with running(signer):
        await until(lambda: rulings(signed_on_topic(flow, key)) == [ruling])
