"""What a reader's database keeps of what the logs said, on Postgres and in memory alike: the same steps, the same answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.eventlog.records import LogIdentity
from shared.eventlog.rulings import Ruling
from shared.kafka.headers import Coordinates
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import lane_of
from shared.projections.checkpoints import Fenced, Lane, Moved, owned
from shared.projections.decisions import Decisions, Ruled
from shared.projections.links import Link, Overruled
from shared.projections.memory_decisions import MemoryDecisions
from shared.projections.rulings import PostgresDecisions
from shared.projections.store import Parked, SetAside
from tests.shared.flow import Book
from tests.shared.projections.stages import Stage, partitions, received

AT = datetime(2026, 1, 1, tzinfo=UTC)
IDENTITY = LogIdentity("38", "0b6c6f5e-0000-4000-8000-000000000038")


class Named:
    """A view or a policy, as far as a store asks for its name."""

    def __init__(self, like: Any, name: str) -> None:
        self.name, self.version, self.sources, self.codec = name, 1, like.sources, like.codec


@pytest.fixture
def decisions(stage: Stage) -> Decisions:
    return MemoryDecisions(stage.stores.database) if stage.place is None else PostgresDecisions(stage.place.pool)  # type: ignore[attr-defined]


def links_of(events: list[Recorded]) -> list[Link]:
    return [Link(event.position, event.hash, 10 + event.position) for event in events]


def overruled(lane: Lane, links: list[Link], position: int, *, instead: bytes | None = b"t" * 32) -> Overruled:
    before = links[position - 2].hash if position > 1 else None
    return Overruled(lane, position, tuple(links[position - 1 :]), before, instead)


async def reach(stage: Stage, lane: Lane, links: list[Link], view: Any, position: int, *, keep: bool = False) -> None:
    """A view stands at a position; with its links if nobody has kept them yet."""
    await stage.stores.claim(view, partitions(stage))
    async with stage.stores.transaction(view) as store:
        await store.lock([lane])
        moved = Moved(position, 0, 0, AT, links[position - 1].hash)
        await store.move({lane: moved}, {lane: links} if keep else {})
        await store.move_offsets({(f"{stage.source}.events", number): 99 for number in range(6)})


async def offsets(stage: Stage, view: Any) -> dict[tuple[str, int], int]:
    return (await stage.stores.claim(view, ())).offsets


async def position(stage: Stage, view: Any, lane: Lane) -> tuple[int, bytes | None]:
    async with stage.stores.transaction(view) as store:
        stands = (await store.lock([lane]))[lane]
    return stands.position, stands.head


async def test_the_first_identity_of_a_log_stands(stage: Stage, decisions: Decisions) -> None:
    await decisions.meet("elsewhere", IDENTITY)
    await decisions.meet("elsewhere", LogIdentity("vn", "0b6c6f5e-0000-4000-8000-000000000039"))
    assert (await decisions.logs())["elsewhere"] == IDENTITY


async def test_what_was_heard_is_never_less_than_before_and_false_statements_are_listed(
    stage: Stage, decisions: Decisions
) -> None:
    await decisions.meet("elsewhere", IDENTITY)
    false = SetAside("unroutable", "not signed", received(Book(stage.source).put("purse-1", 1), offset=3))
    await decisions.heard({"elsewhere": 7}, [false])
    await decisions.heard({"elsewhere": 5}, [false])
    assert (await decisions.statements())["elsewhere"] == 7
    assert len(await stage.set_aside()) == 1


async def test_a_ruling_is_kept_once_and_one_against_a_record_beside_it(stage: Stage, decisions: Decisions) -> None:
    ruling = Ruling(stage.source, IDENTITY, 7, 3, b"t" * 32, AT, "the log")
    await decisions.keep(ruling)
    await decisions.keep(replace(ruling, by="again"))
    await decisions.keep(replace(ruling, hash=b"f" * 32, stands=False))
    lane = (stage.source, 7)
    assert sorted(await decisions.rulings()) == [
        Ruled(lane, 3, b"f" * 32, stands=False),
        Ruled(lane, 3, b"t" * 32, stands=True),
    ]


async def test_links_of_a_lane_come_in_order_with_when_it_moved(stage: Stage, decisions: Decisions) -> None:
    lane, book = (stage.source, lane_of("purse-1")), Book(stage.source)
    links = links_of([book.put("purse-1", n) for n in range(5)])
    await reach(stage, lane, links[:3], stage.view, 3, keep=True)
    async with stage.stores.transaction(stage.view) as store:
        await store.lock([lane])
        await store.move({lane: Moved(5, 0, 0, AT, links[4].hash)}, {lane: links[3:]})
    found = await decisions.links([lane, (stage.source, 0 if lane[1] else 1)])
    assert found[lane][0] == links
    assert abs(found[lane][1] - datetime.now(UTC).timestamp()) < 60
    assert len(found) == 1


async def test_what_is_overruled_spoils_views_that_passed_it_and_lets_policies_read_anew(
    stage: Stage, decisions: Decisions
) -> None:
    """All lanes of the policy, since what it remembers joins them, under an epoch that whoever folds another of them does not
    have. Seen to fail with its offsets kept: it stood still until the next event of the lane came."""
    other = (stage.source, 0)
    lane, book = (stage.source, lane_of("purse-1")), Book(stage.source)
    events = [book.put("purse-1", n) for n in range(5)]
    links = links_of(events)
    ahead, level, policy = (Named(stage.view, name) for name in ("ahead", "level", "policy_answers"))
    await reach(stage, lane, links, ahead, 5, keep=True)
    await reach(stage, lane, links, level, 2)
    await reach(stage, other, links, policy, 2)
    await reach(stage, lane, links, policy, 4)
    claimed = (await stage.stores.claim(policy, partitions(stage))).epochs
    async with stage.stores.transaction(policy) as store:
        at = [Coordinates(*lane, each) for each in (2, 3, 4)]
        await store.park([Parked(one, "purse-1", received(events[one.position - 1]), "bad", poison=True) for one in at])
    records = [received(event, offset=10 + event.position) for event in events[2:]]
    await decisions.overrule(overruled(lane, links, 3), records)
    assert await decisions.spoiled("ahead", 1) == {lane: 3}
    assert await decisions.spoiled("level", 1) == await decisions.spoiled("policy_answers", 1) == {}
    assert await position(stage, ahead, lane) == (5, links[4].hash)
    for each in (lane, other):
        assert await position(stage, policy, each) == (0, None)
        with pytest.raises(Fenced):
            async with stage.stores.transaction(policy) as store:
                owned(await store.lock([each]), [each], claimed)
    assert await stage.parked() == set()
    assert (len(await offsets(stage, ahead)), await offsets(stage, policy)) == (6, {})
    assert (await decisions.links([lane]))[lane][0] == links[:2]
    aside = sorted((offset, kind, where, stands) for offset, kind, _, _, where, _, stands, _, _ in await stage.set_aside())
    assert aside == [
        (13, "ruled-out", 3, b"t" * 32),
        (14, "ruled-out", 4, links[2].hash),
        (15, "ruled-out", 5, links[2].hash),
    ]


async def test_what_no_longer_stands_is_not_taken_back_twice(stage: Stage, decisions: Decisions) -> None:
    """A process that had the lane before, and hears of the ruling late. Seen to fail without a look at the links: the true
    event that the policy had taken meanwhile was taken back too."""
    lane, book = (stage.source, lane_of("purse-1")), Book(stage.source)
    links, policy = links_of([book.put("purse-1", n) for n in range(3)]), Named(stage.view, "policy_answers")
    await reach(stage, lane, links, policy, 3, keep=True)
    one = overruled(lane, links, 3)
    await decisions.overrule(one, [])
    true = [*links[:2], Link(3, b"t" * 32, 20)]
    async with stage.stores.transaction(policy) as store:
        await store.lock([lane])
        await store.move({lane: Moved(3, 0, 0, AT, true[2].hash)}, {lane: true[2:]})
    await decisions.overrule(one, [])
    assert await position(stage, policy, lane) == (3, b"t" * 32)
    assert (await decisions.links([lane]))[lane][0] == true


async def test_a_build_beside_the_live_one_is_named_alone(stage: Stage, decisions: Decisions) -> None:
    lane, book = (stage.source, lane_of("purse-1")), Book(stage.source)
    links = links_of([book.put("purse-1", n) for n in range(3)])
    begun, other = Named(stage.view, "begun"), Named(stage.view, "other")
    await reach(stage, lane, links, begun, 3)
    await reach(stage, lane, links, other, 3)
    await decisions.spoil("begun", 1, overruled(lane, links, 2))
    await decisions.spoil("other", 1, overruled(lane, [*links, Link(4, b"x" * 32, 1)], 4))
    assert await decisions.spoiled("begun", 1) == {lane: 2}
    assert await decisions.spoiled("other", 1) == {}


async def test_positions_with_two_records_are_known_until_a_ruling_decides(stage: Stage, decisions: Decisions) -> None:
    book = Book(stage.source)
    events = [book.put("purse-1", n) for n in range(3)]
    lane = (stage.source, lane_of("purse-1"))
    async with stage.stores.transaction(stage.view) as store:
        for offset, (kind, event) in enumerate(zip(("fork", "fork", "unlinked"), events, strict=True)):
            at = Coordinates(*lane, event.position)
            await store.set_aside([SetAside(kind, "two", received(event, offset=offset), at, event.hash)])  # type: ignore[arg-type]
    await decisions.keep(Ruling(*lane[:1], IDENTITY, lane[1], 1, events[0].hash, AT, "the log"))
    await decisions.keep(Ruling(*lane[:1], IDENTITY, lane[1], 2, events[1].hash, AT, "the log", stands=False))
    assert await decisions.forks([lane]) == [(lane, 2)]
    assert await decisions.forks([(stage.source, (lane[1] + 1) % 64)]) == []


async def test_once_a_ruling_says_which_of_two_records_stands_it_is_listed_no_more(stage: Stage, decisions: Decisions) -> None:
    """The other one is listed as ruled out, with what stands there. Seen to fail with the list left as it was: it named a true
    record as doubtful for ever."""
    book = Book(stage.source)
    true, other = book.put("purse-1", 1), book.put("purse-1", 2)
    at = Coordinates(stage.source, lane_of("purse-1"), true.position)
    async with stage.stores.transaction(stage.view) as store:
        for offset, (kind, event) in enumerate((("fork", true), ("fork", other), ("unlinked", true))):
            await store.set_aside([SetAside(kind, "two", received(event, offset=offset), at, event.hash)])  # type: ignore[arg-type]
    await decisions.keep(Ruling(*at[:1], IDENTITY, at.lane, at.position, true.hash, AT, "the log"))
    listed = sorted((offset, kind, digest, stands) for offset, kind, *_, digest, stands, _, _ in await stage.set_aside())
    assert listed == [(1, "ruled-out", other.hash, true.hash), (2, "unlinked", true.hash, None)]


async def test_offsets_of_a_topic_that_was_made_anew_are_forgotten(stage: Stage, decisions: Decisions) -> None:
    lane, book = (stage.source, lane_of("purse-1")), Book(stage.source)
    await reach(stage, lane, links_of([book.put("purse-1", 1)]), stage.view, 1)
    topic = f"{stage.source}.events"
    now = {(topic, number): "first" for number in range(6)}
    assert await decisions.replaced("reader", now) == []
    assert await decisions.replaced("reader", now | {(topic, 2): "second"}) == [(topic, 2)]
    assert await decisions.replaced("reader", now | {(topic, 2): "second"}) == []
    assert sorted(number for _, number in await offsets(stage, stage.view)) == [0, 1, 3, 4, 5]


async def test_links_beyond_the_last_thousand_are_forgotten(stage: Stage, decisions: Decisions) -> None:
    lane = (stage.source, 3)
    await stage.stores.claim(stage.view, partitions(stage))
    for first in range(1, 2002, 500):
        added = [Link(first + n, bytes(32), n) for n in range(500)]
        async with stage.stores.transaction(stage.view) as store:
            await store.lock([lane])
            await store.move({lane: Moved(first + 499, 0, 0, AT, bytes(32))}, {lane: added})
    await decisions.prune()
    kept = (await decisions.links([lane]))[lane][0]
    assert (kept[0].position, kept[-1].position) == (501, 2500)


async def test_a_record_at_an_offset_of_a_topic_that_was_made_anew_takes_the_place_of_the_old_one(stage: Stage) -> None:
    """Seen to fail with the first kept for ever: what a stranger wrote to the new topic was listed nowhere."""
    book = Book(stage.source)
    first, second = (received(book.put("purse-1", n), offset=4) for n in range(2))
    async with stage.stores.transaction(stage.view) as store:
        assert await store.set_aside([SetAside("unlinked", "a", first)]) == 1
        assert await store.set_aside([SetAside("beyond", "the same", first)]) == 0
        assert await store.set_aside([SetAside("fork", "b", second)]) == 1
    (row,) = await stage.set_aside()
    assert (row[1], row[-1]) == ("fork", second.value)
