"""What a topic holds of a log beside the log's own: what follows is a branch, what does not is none, and one branch stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from shared.eventlog.chain import link
from shared.eventlog.records import LogIdentity
from shared.kafka.headers import to_kafka
from shared.kafka.record import Received
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES, lane_of
from shared.relay.recovery.branches import Published, Rulings, Tail, Wanted

IDENTITY = LogIdentity("vn", str(uuid4()))
STREAM = "purse-0"
LANE = lane_of(STREAM)


def chain(count: int, after: Sequence[Recorded] = ()) -> list[Recorded]:
    """Events of one lane, each behind the one before."""
    events = list(after)
    for _ in range(count):
        position = len(events) + 1
        before = events[-1].hash if events else IDENTITY.genesis(LANE)
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=position)
        event = Recorded(
            "clubs", LANE, position, STREAM, position, str(uuid4()), "toy.coin-put", 1, at, str(uuid4()), "x", "{}", b"", b"f"
        )
        events.append(replace(event, hash=link(before, event, IDENTITY.deployment)))
    return events[len(after) :]


def tail_of(
    ours: Sequence[Recorded],
    topic: Sequence[Recorded],
    *,
    relayed: int = 0,
    ruled: Rulings | None = None,
    signed: Sequence[Recorded] = (),
    deployment: str = "vn",
) -> tuple[Tail | None, Published]:
    published = Published(Wanted("clubs", IDENTITY), {LANE: relayed})
    known = {(event.lane, event.position): event.hash for event in ours}
    for offset, event in enumerate(topic):
        key, value, headers = to_kafka(event, deployment)
        received = [Received("clubs.events", 0, offset, key, value, [*headers])]
        published.take(list(published.wanted.of(received)), known)
    heads = dict.fromkeys(range(LANES), 0) | {LANE: len(ours)}
    tails = published.tails(heads, ruled, [(one.lane, one.position, one.hash) for one in signed])
    return tails.get(LANE), published


def hashes(tail: Tail | None) -> list[bytes]:
    return [node.hash for node in tail.nodes] if tail is not None else []


def test_what_follows_the_head_is_a_tail_and_what_the_log_has_is_none() -> None:
    events = chain(5)
    tail, _ = tail_of(events[:3], events)
    assert tail is not None
    assert (tail.after, tail.end, tail.forked) == (3, 5, False)
    assert hashes(tail) == [event.hash for event in events[3:]]
    assert tail_of(events, events)[0] is None


def test_what_follows_nothing_and_what_is_another_logs_is_no_branch() -> None:
    """A record at 10^9, one with a wrong link, another log's next one, and a copy that a second deployment's topic had."""
    events = chain(4)
    far = replace(events[3], position=10**9)
    wrong = replace(events[3], hash=bytes(32))
    tail, published = tail_of(events[:3], [far, wrong])
    assert tail is None
    assert [(lane, position) for lane, position, _, _ in published.loose] == [(LANE, 10**9), (LANE, 4)]
    assert tail_of(events[:3], [replace(events[3], source="trainings")])[0] is None
    assert tail_of(events[:3], events, deployment="38")[0] is None


def test_a_log_that_has_other_unpublished_events_is_forked_and_one_whose_own_were_published_is_contested() -> None:
    common = chain(2)
    theirs, ours = [*common, *chain(2, common)], [*common, *chain(3, common)]
    tail, _ = tail_of(ours, theirs, relayed=2)
    assert tail is not None
    assert (tail.after, tail.end, tail.forked) == (2, 4, True)
    for known in ({"topic": [*theirs, *ours], "relayed": 2}, {"topic": theirs, "relayed": 5}):
        tail, published = tail_of(ours, **known)  # type: ignore[arg-type]
        assert tail is None
        assert [node.hash for node in published.contested()] == [theirs[2].hash]
        assert not published.contested(Rulings({(LANE, 3): ours[2].hash}))


def test_of_two_branches_a_ruling_then_a_signature_then_the_length_then_the_first_decides() -> None:
    ours = chain(1)
    first, second = chain(2, ours), chain(2, ours)
    longer = [*second, *chain(1, [*ours, *second])]
    both = [*ours, *first, *second]
    assert hashes(tail_of(ours, both)[0]) == [event.hash for event in first]
    assert hashes(tail_of(ours, [*ours, *first, *longer])[0]) == [event.hash for event in longer]
    assert hashes(tail_of(ours, [*ours, *first, *longer], signed=first[1:])[0]) == [event.hash for event in first]
    ruled = Rulings({(LANE, 2): second[0].hash})
    assert hashes(tail_of(ours, both, ruled=ruled, signed=first)[0]) == [event.hash for event in second]
    denied = Rulings(not_ours=frozenset({(LANE, 2, first[0].hash), (LANE, 2, second[0].hash)}))
    assert tail_of(ours, both, ruled=denied)[0] is None
