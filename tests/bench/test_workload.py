"""Workload W is what the benchmarks say it is, and its answer key follows from the events by hand."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import pytest

from bench.answers import hash_of
from bench.core import Goal, Measured, Path, Result, rate
from bench.key import plain
from bench.workload.country import read
from bench.workload.events import Dirt, Generator
from bench.workload.load import IDENTITIES, recorded_of
from services.reporting.ledger.fold import CODEC
from shared.eventlog.chain import verify
from shared.kernel.envelope import Recorded
from shared.kernel.event import Undecodable

SCALE = 0.002


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(Generator(read(), SCALE).lines())


def test_the_same_seed_makes_the_same_bytes(lines: list[bytes]) -> None:
    assert list(Generator(read(), SCALE).lines()) == lines


def test_it_has_the_numbers_that_the_design_names(lines: list[bytes]) -> None:
    kinds = Counter(json.loads(line)["type"] for line in lines)
    assert kinds["clubs.club-founded"] == round(6_521 * SCALE)
    assert kinds["clubs.members-reported"] == round(456_470 * SCALE) + round(22_824 * SCALE)
    assert kinds["clubs.month-reported"] + kinds["trainings.training-held"] == round(391_260 * SCALE)
    assert kinds["monitoring.inspection-completed"] == round(65_210 * SCALE)


def test_every_event_is_of_the_published_language(lines: list[bytes]) -> None:
    for line in lines:
        event = recorded_of(line)
        CODEC.decode(event.type, event.schema_version, event.data)


def test_the_data_are_three_to_four_hundred_bytes(lines: list[bytes]) -> None:
    sizes = [len(recorded_of(line).data.encode()) for line in lines]
    assert 290 <= sum(sizes) / len(sizes) <= 420


def test_lanes_are_dense_and_their_chains_verify(lines: list[bytes]) -> None:
    lanes: dict[tuple[str, int], list[Recorded]] = defaultdict(list)
    for event in map(recorded_of, lines):
        lanes[event.source, event.lane].append(event)
    for (source, _), events in lanes.items():
        verify(events, IDENTITIES[source])


def test_old_codes_give_way_to_new_ones_on_the_day_of_the_new_map(lines: list[bytes]) -> None:
    for event in map(recorded_of, lines):
        if event.type == "trainings.training-held":
            data = json.loads(event.data)
            assert data["place"]["list"] == ("63" if data["starts_on"] < "2025-07-01" else "34")


def test_what_is_poisoned_cannot_be_decoded_and_stands_alone_in_its_stream() -> None:
    bad = [e for e in map(recorded_of, Generator(read(), SCALE, Dirt(poison=0.1)).lines()) if e.stream.startswith("poison-")]
    assert bad
    for event in bad:
        with pytest.raises(Undecodable):
            CODEC.decode(event.type, event.schema_version, event.data)
    assert {event.version for event in bad} == {1}


def event(type: str, stream: str, **data: object) -> bytes:
    return json.dumps({"type": type, "stream": stream, "data": data}).encode()


def test_the_key_counts_changes_of_members_by_the_provinces_of_both_maps() -> None:
    place = {"list": "63", "code": "00001"}
    table = plain.table(
        [
            event("clubs.club-founded", "club-1", commune=place, founded_on="2020-09-02"),
            event("clubs.members-reported", "club-1", as_of="2020-09-03", total=31, women=18),
            event("clubs.members-reported", "club-1", as_of="2020-10-04", total=30, women=18),
        ],
        "63:00001\t01\t34\n",
    )
    assert table["63:01", "2020-09", "members"] == 31
    assert table["34:34", "2020-10", "members"] == -1
    assert table["VN", "2020-10", "women"] == 0


def test_the_order_of_rows_and_rows_of_nothing_do_not_change_an_answer() -> None:
    rows = [("VN", "2020-09", "rounds", 2), ("63:01", "2020-09", "rounds", 1)]
    assert hash_of(rows) == hash_of([("VN", "2020-10", "rounds", 0), *reversed(rows)])
    assert hash_of(rows) != hash_of([("VN", "2020-09", "rounds", 3), rows[1]])


class Nobody:
    def __init__(self, name: str) -> None:
        self.name = name

    async def prepare(self, bench: object) -> None: ...
    async def run(self, bench: object) -> Result: ...
    async def cleanup(self, bench: object) -> None: ...


def test_a_ratio_is_of_one_round_and_a_round_without_a_figure_has_none() -> None:
    goal = Goal("twice as fast", "a", "b", rate, at_least=2)
    path = Path("X", "x", [Nobody("a"), Nobody("b")], [goal])
    measured = Measured(path, None, {"a": [Result(1, 100), Result(1, 300)], "b": [Result(1, 50), None]})
    assert measured.ratios(goal) == [2]
    assert goal.reached(2)
    assert not goal.reached(1.9)
