"""What a command, a batch and a question cost in statements. These numbers are the same on every machine: an index that is
slow today is a matter of tuning, a statement more is paid on every request for ever. Whoever adds one changes the number here
and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.clubs.app import SERVICE as CLUBS
from services.reporting.app import SERVICE as REPORTING
from shared.eventlog.records import Append, Appended, NewEvent
from shared.kernel.envelope import Recorded
from shared.testing.apps import Running, running
from shared.testing.folding import apply_batch, chained
from tests.counters.wire import Count, OverWire, Wire
from tests.reporting.country import BA_DINH, NOW, VIEW, club, declared, members, small_country
from tests.reporting.lanes import in_lanes
from tests.shared.web.four import found

WARM = 3
"""A driver prepares a statement the first time; a pool hands out the connection that it got back last."""


@pytest.fixture(scope="module")
async def clubs(counted_postgres: OverWire) -> Any:
    async with running(CLUBS, counted_postgres) as service:
        yield service


@pytest.fixture(scope="module")
async def reporting(counted_postgres: OverWire) -> Any:
    """The small country, read once, so that what is counted is a question and not the first look at the ledger."""
    async with running(REPORTING, counted_postgres, clock=lambda: NOW) as service:
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in small_country()])
        yield service


async def post(service: Running, wire: Wire, path: str, body: Any, token: dict[str, str]) -> Count:
    with wire.counting() as count:
        answer = await service.client.post(path, json=body, headers=token)
    assert answer.is_success, answer.text
    return count


async def get(service: Running, wire: Wire, path: str) -> Count:
    """The last of some requests for the same."""
    for _ in range(WARM):
        with wire.counting() as count:
            answer = await service.client.get(path)
        assert answer.status_code == 200, answer.text
    return count


@pytest.mark.parametrize("size", [1, 32])
async def test_a_batch_of_appends_is_one_statement_and_one_commit_whatever_its_size(
    clubs: Running, wire: Wire, size: int
) -> None:
    """One call of `log.append` answers, checks, hashes and stores. With an INSERT more a command, 32 callers on one writer
    would fall from 20 to 8 thousand commands a second. Seen to fail: an `acquire` that runs `select 1` first."""
    for _ in range(WARM):
        with wire.counting() as count:
            outcomes = await clubs.writing.log.append([_coin() for _ in range(size)])
        assert all(isinstance(outcome, Appended) for outcome in outcomes)
    assert len(count.statements) == 1, str(count)
    assert count.of("select * from log.append("), str(count)
    assert (count.round_trips, count.transactions) == (1, 1), str(count)


@pytest.mark.parametrize("size", [1, 32])
async def test_commands_over_http_cost_three_round_trips_for_all_of_them(clubs: Running, wire: Wire, size: int) -> None:
    """Whose token it is, the streams that are not in memory (here: new ones), the append. A batch of 32 costs what one
    command costs. Seen to fail: a handler that loads stream by stream."""
    centre = await clubs.token("centre")
    for _ in range(WARM):
        body: Any = {"commands": [found(id=str(uuid4())) | {"data": _club(n)} for n in range(size)]}
        count = await post(clubs, wire, "/v1/commands:batch", body, centre)
    assert [each.partition(" from ")[2].split(" ")[0] for each in count.statements] == [
        "access.tokens",
        "log.events",
        "log.append($1,",
    ], str(count)
    assert (count.round_trips, count.transactions) == (3, 3), str(count)


async def test_a_command_on_a_club_that_is_in_memory_reads_no_events(clubs: Running, wire: Wire) -> None:
    """The state of a stream that this process wrote is kept; the append checks its version anyway."""
    centre = await clubs.token("centre")
    made = await clubs.client.post("/v1/commands", json=found() | {"data": _club(0)}, headers={**centre, **_key()})
    assert made.status_code == 201, made.text
    for n in range(WARM):
        data = {"club": made.json()["stream"], "as_of": "2025-01-01", "basis": "counted", "total": 50 + n}
        body = {"type": "clubs.report-members", "data": data}
        count = await post(clubs, wire, "/v1/commands", body, {**centre, **_key()})
    assert len(count.statements) == 2, str(count)
    assert (count.round_trips, count.transactions) == (2, 2), str(count)


PROJECTED = 17
"""begin and commit; the checkpoint: make the row if it is new, lock it, move it; what is parked; search_path; a savepoint and
its release, so that one bad event can be found; the states; two COPY; states, freshness, lanes; the feed's head and message."""


@pytest.mark.parametrize("size", [1, 10, 200])
async def test_a_projected_batch_of_one_slice_is_one_transaction_of_seventeen_round_trips_whatever_its_size(
    reporting: Running, wire: Wire, size: int
) -> None:
    """An event costs no statement of its own: at 100,000 events a second there are 10 microseconds for each, and a round trip
    takes 100. Seen to fail: a state that is written club by club."""
    for _ in range(WARM):
        count = await _project(reporting, wire, _histories(size))
    assert len(count.statements) == PROJECTED, str(count)
    assert (count.round_trips, count.transactions) == (PROJECTED, 1), str(count)


async def test_a_batch_costs_four_more_round_trips_for_each_further_thousand_events(reporting: Running, wire: Wire) -> None:
    """The states and two COPY and the states again of a slice: what is written of one goes on beside the fold of the next."""
    for _ in range(WARM):
        count = await _project(reporting, wire, _histories(2400))
    assert len(count.of("copy")) == 2 * 3, str(count)
    assert (count.round_trips, count.transactions) == (PROJECTED + 2 * 4, 1), str(count)


async def test_declared_figures_add_one_copy_to_their_batch(reporting: Running, wire: Wire) -> None:
    """One COPY for all of them. The driver asks for the table's columns before a COPY in binary, once a connection."""
    for _ in range(WARM):
        streams = {f"figure-{uuid4()}": [(NOW, declared(BA_DINH, n + 1))] for n in range(20)}
        count = await _project(reporting, wire, _in_lanes_after(streams))
    assert len(count.of("copy")) == 3, str(count)
    assert count.round_trips <= PROJECTED + 2, str(count)
    assert count.transactions == 1, str(count)


async def test_what_the_api_answers_is_one_transaction_of_few_statements(reporting: Running, wire: Wire) -> None:
    """begin and commit, the isolation, search_path, how far each lane is, how fresh each province, what is parked. The sums are
    made in memory: an indicator more or a cut by province more costs no statement. Seen to fail: a sum that is asked of SQL."""
    for path in (
        "/v1/progress",
        "/v1/progress?group_by=province",
        "/v1/progress?group_by=region&as_of=2025-01-31&known_at=2025-02-01",
        "/v1/progress?indicator=members,clubs-active,share-women",
    ):
        count = await get(reporting, wire, path)
        assert (count.round_trips, count.transactions) == (ASKED, 1), f"{path}: {count}"


ASKED = 6


async def test_the_national_page_is_one_transaction_and_the_feeds_head(reporting: Running, wire: Wire) -> None:
    """Tiles, tables, trends and duties of 34 provinces come from one snapshot. Before it, the live build and the end of the
    feed are asked for, which buys that a page that was just made can be given again. Seen to fail: each of its four answers
    counting anew what is parked."""
    count = await get(reporting, wire, "/")
    assert (count.round_trips, count.transactions) == (ASKED + 3, 4), str(count)


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def _coin() -> Append:
    event = NewEvent(str(uuid4()), "toy.coin-put", 1, '{"amount":1}')
    return Append(str(uuid4()), b"f", f"purse-{uuid4()}", 0, (event,), "centre/state/VN/t-1")


def _club(number: int) -> dict[str, Any]:
    name = f"CLB {number} {uuid4().hex[:8]}"
    return {"name": name, "commune": {"code": "15835", "list": "34"}, "founded_on": "2024-03-01"}


def _histories(count: int) -> Sequence[Recorded]:
    """So many events of clubs that nobody has heard of."""
    at = datetime(2026, 2, 1, tzinfo=UTC)
    streams: dict[str, list[tuple[datetime, Any]]] = {
        f"club-{uuid4()}": [(at, club(BA_DINH, "2021-05-20")), (at, members("2025-01-05", 50))][: 2 if count > 1 else 1]
        for _ in range((count + 1) // 2)
    }
    return _in_lanes_after(streams)


_REACHED: dict[tuple[str, int], Recorded] = {}
"""The last event of each lane."""


def _in_lanes_after(streams: dict[str, list[tuple[datetime, Any]]]) -> Sequence[Recorded]:
    """Their events in the lanes behind the small country and what came after it."""
    for each in small_country() if not _REACHED else ():
        _REACHED[each.recorded.source, each.recorded.lane] = each.recorded
    before, moved = dict(_REACHED), list[Recorded]()
    for each in in_lanes(streams):
        lane = (each.recorded.source, each.recorded.lane)
        after = before[lane].position if lane in before else 0
        before[lane] = replace(each.recorded, position=after + 1)
        moved.append(before[lane])
    events = chained(moved, {lane: last.hash for lane, last in _REACHED.items()})
    _REACHED.update({(event.source, event.lane): event for event in events})
    return events


async def _project(service: Running, wire: Wire, events: Sequence[Recorded]) -> Count:
    async with service.pool.acquire() as connection:
        with wire.counting() as count:
            done = await apply_batch(connection, VIEW, events)
    assert (done.applied, done.parked) == (len(events), 0)
    return count
