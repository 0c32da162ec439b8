"""Promises of the ledger on a real Postgres: the same events lead to the same bytes, however cut or mixed."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from services.reporting.ledger.measures import MEMBER_ATTRIBUTES
from services.reporting.ledger.view import FiguresView, slices
from services.reporting.questions import cube
from services.reporting.questions.cube import Groups, Slice
from services.reporting.questions.question import Clocks
from services.reporting.questions.sheet import Sheet
from services.reporting.questions.snapshot import snapshot
from shared.events.clubs import ClubFounded, Loans, MembersReported, MonthReported
from shared.events.monitoring import (
    Finding,
    InspectionCompleted,
    Recommendation,
    RecommendationRechecked,
    RecommendationRemedied,
    TargetSet,
    Team,
)
from shared.events.reporting import FigureDeclared
from shared.events.trainings import Cost, Participants, TrainingHeld, TrainingPlanned
from shared.kernel.place import NATION, PlaceRef
from shared.projections.view import Delivered
from shared.reference.book import load
from shared.testing.folding import apply_batch
from tests.reporting.histories import life
from tests.reporting.lanes import in_lanes
from tests.reporting.recount import founded_in, recount
from tests.reporting.world import ReportingWorld, close_world, open_world

PLACES = load()
LOANS = Loans(borrowers=20, number=21, total=10**8)
MEASURES = (
    "clubs_founded",
    "clubs_existing",
    "clubs_active",
    "members",
    "women",
    "women_base",
    "income_fund",
    "loans_total",
    "borrowers",
)


def of_round(rng: random.Random) -> list[Any]:
    place = PlaceRef.parse(rng.choice(("VN", "34:38", "63:01", "34:00004")))
    start = date(2024, rng.randrange(1, 12), 3)
    fields = {"title": "Tập huấn", "organiser": "lead-department", "level": "national", "kind": "conference", "contents": (),
              "starts_on": start, "ends_on": start, "place": place}  # fmt: skip
    held = TrainingHeld(
        **fields,
        attendances=80,
        participants=(Participants(role="member", women=40, men=40),),
        costs=(Cost(source="other", amount=9),),
    )
    return [TrainingPlanned(**fields), held, held.model_copy(update={"attendances": 81})]


def of_inspection() -> list[Any]:
    places = (PlaceRef.parse("34:38"), PlaceRef.parse("34:40"))
    advice = Recommendation(text="họp hằng tháng", deadline=date(2024, 5, 1))
    finding = Finding(number=1, kind="other", place=places[0], text="chưa họp", recommendation=advice)
    return [
        InspectionCompleted(
            title="Đoàn 1",
            team=Team(led_by="other"),
            starts_on=date(2024, 3, 1),
            completed_on=date(2024, 3, 5),
            places=places,
            findings=(finding,),
        ),
        RecommendationRemedied(finding=1, remedied_on=date(2024, 6, 1)),
        RecommendationRechecked(finding=1, rechecked_on=date(2024, 7, 1), satisfied=False),
    ]


def of_figure(area: PlaceRef, value: int) -> list[Any]:
    figure = FigureDeclared(
        metric="clubs_total", indicator="clubs-founded", area=area, value=Decimal(value), unit="clubs", basis="declared",
        valid_from=date(2023, 12, 31), valid_to=date(2023, 12, 31), date_as_printed="2023-12-31", source="s",
    )  # fmt: skip
    return [figure, figure.model_copy(update={"value": figure.value + 1})]


def of_target() -> list[Any]:
    return [
        TargetSet(
            scheme="1336",
            indicator="clubs-new-1336",
            area=NATION,
            period_from=date(2020, 8, 31),
            period_to=date(2025, 12, 31),
            low=3000,
            source="s",
        )
    ]


def told(seed: int, clubs: int = 12) -> dict[str, list[tuple[datetime, Any]]]:
    """Streams with their events and the instants at which they were recorded."""
    rng = random.Random(seed)
    streams: dict[str, list[tuple[datetime, Any]]] = {
        f"club-{index}": life(rng, rng.randrange(5, 25)) for index in range(clubs)
    }
    others = {
        "round-1": of_round(rng),
        "inspection-1": of_inspection(),
        "figure-1": of_figure(PlaceRef.parse("34:38"), 5),
        "target-1": of_target(),
    }
    for stream, events in others.items():
        start = datetime(2024, 8, 1, tzinfo=UTC)
        streams[stream] = [(start + timedelta(days=index), event) for index, event in enumerate(events)]
    return streams


def mixed(log: list[Delivered], seed: int) -> list[Delivered]:
    """Another interleaving of the lanes, each in its own order."""
    rng = random.Random(seed)
    lanes: dict[tuple[str, int], list[Delivered]] = defaultdict(list)
    for each in log:
        lanes[each.recorded.source, each.recorded.lane].append(each)
    order: list[Delivered] = []
    while lanes:
        lane = rng.choice(sorted(lanes))
        order.append(lanes[lane].pop(0))
        if not lanes[lane]:
            del lanes[lane]
    return order


async def dump_of(postgres: Any, log: list[Delivered], batch: int, view: FiguresView | None = None) -> str:
    world = await open_world(postgres, view)
    try:
        await world.fold(log, batch)
        return await world.dump()
    finally:
        await close_world(world)


async def test_I4_a_view_built_anew_from_the_same_log_equals_the_live_one_byte_for_byte(postgres):
    """Seen to fail with a count of freshness that is replaced instead of added to."""
    log = in_lanes(told(1))
    live = await dump_of(postgres, log, 7)
    assert len(live.splitlines()) > 200
    assert await dump_of(postgres, log, 1000) == live
    assert await dump_of(postgres, log[:-1], 1000) != live


async def test_I4_a_batch_of_more_events_than_are_folded_at_once_ends_in_the_same_bytes(postgres):
    """Seen to fail with slices that forget the rows of the one before, and with freshness counted anew in each."""
    log = in_lanes(told(4))
    assert await dump_of(postgres, log, 1000, FiguresView(PLACES, at_once=3)) == await dump_of(postgres, log, 1000)


async def test_I4_an_event_that_cannot_follow_leaves_no_trace_of_what_was_written_beside_it(postgres):
    """Halving the batch rolls back what slices in front of it had begun to write. Seen to fail without waiting for that."""
    late = (datetime(2026, 6, 1, tzinfo=UTC), MembersReported(as_of=date(2026, 5, 1), basis="counted", total=50))
    log = in_lanes(told(5, clubs=40) | {"club-z": [late]})
    stray = [each for each in log if each.recorded.stream == "club-z"]
    cut = list(slices(sorted(log, key=lambda each: each.recorded.stream), 150))
    (its,) = [some for some in cut if stray[0] in some]
    assert cut.index(its) > 0
    assert its.index(stray[0]) > 50  # others had their turn, and so what is written has begun
    world = await open_world(postgres, FiguresView(PLACES, at_once=150))
    try:
        async with world.pool.acquire() as connection:
            done = await apply_batch(connection, world.view, [each.recorded for each in log])
        assert (done.applied, done.parked) == (len(log) - 1, 1)
        found = await world.dump()
    finally:
        await close_world(world)
    others = await dump_of(postgres, [each for each in log if each not in stray], 1000)
    assert found == others


async def test_a_year_of_reports_twice_a_month_is_stored_as_it_is_neither_compressed_nor_moved_aside(world: ReportingWorld):
    """Seen to fail without `toast_tuple_target`."""
    months = [date(2025, number, 1) for number in range(1, 13)]
    reports = [
        MonthReported(month=month, meeting_held=True, met_on=month, income_fund=10**8, operating_fund=10**7, loans=LOANS)
        for month in months
    ]
    counts = dict.fromkeys(MEMBER_ATTRIBUTES, 50)
    days = [month.replace(day=day) for month in months for day in (1, 15)]
    members = [MembersReported(as_of=day, basis="counted", total=60, **counts) for day in days]
    founded = ClubFounded(name="CLB", commune=PlaceRef.parse("34:00004"), founded_on=date(2024, 5, 1))
    await world.tell("club-1", founded, *reports, *members, at=datetime(2026, 1, 5, tzinfo=UTC))
    async with world.pool.acquire() as connection:
        year = await connection.fetchrow(
            "select octet_length(state) as bytes, pg_column_size(state) as stored from subjects where part = 2025"
        )
        aside = await connection.fetchval(
            "select pg_relation_size(reltoastrelid) from pg_class where oid = 'subjects'::regclass"
        )
    assert 2_000 < year["bytes"] < 4_000
    assert year["stored"] - year["bytes"] in (1, 4)
    assert aside == 0


def test_a_slice_holds_whole_subjects_and_ends_with_the_subject_that_fills_it():
    """Seen to fail with slices of exactly five events, and with ones that end a subject later."""
    log = sorted(in_lanes(told(6)), key=lambda each: each.recorded.stream)
    cut = list(slices(log, 5))
    assert [each for some in cut for each in some] == log
    subjects = [[each.recorded.stream for each in some] for some in cut]
    assert len(cut) > 5
    assert sum(len(set(some)) for some in subjects) == len({each.recorded.stream for each in log})
    assert all(len(some) >= 5 for some in subjects[:-1])
    assert all(len([one for one in some if one != some[-1]]) < 5 for some in subjects)
    assert list(slices(log, 1000)) == [log]
    assert list(slices([], 5)) == [[]]


async def test_I5_events_that_come_again_in_any_number_change_nothing(postgres, world: ReportingWorld):
    """Seen to fail with a count of freshness that is replaced instead of added to."""
    log = in_lanes(told(2))
    rng = random.Random(2)
    repeated = [again for index, each in enumerate(log) for again in (each, *rng.sample(log[: index + 1], min(2, index)))]
    async with world.pool.acquire() as connection:
        folded = [
            await apply_batch(connection, world.view, [each.recorded for each in repeated[start : start + 9]])
            for start in range(0, len(repeated), 9)
        ]
    assert sum(each.applied for each in folded) == len(log)
    assert await world.dump() == await dump_of(postgres, log, 1000)


async def test_I6_any_interleaving_that_keeps_each_streams_order_ends_in_the_same_bytes(postgres):
    """Seen to fail with a freshness that the latest arrival sets."""
    log = in_lanes(told(3))
    dumps = {await dump_of(postgres, mixed(log, seed), 11) for seed in range(3)}
    assert len(dumps) == 1


async def test_sums_for_any_two_clocks_equal_a_plain_recount_of_the_reports(world: ReportingWorld):
    streams = told(5)
    await world.fold(in_lanes(streams), 17)
    rng = random.Random(5)
    clubs = [history for stream, history in streams.items() if stream.startswith("club-")]
    instants = sorted(at for history in clubs for at, _ in history)
    async with snapshot(world.pool, "figures") as found_at:
        for _ in range(25):
            clocks = Clocks(date(2020, 1, 1) + timedelta(days=rng.randrange(2500)), rng.choice(instants), "34")
            sums = cube.by_province(found_at.look, Slice(MEASURES, clocks))
            expected: Counter[tuple[str, str, str]] = Counter()
            for history in clubs:
                figures = recount(history, clocks.as_of, clocks.known_at)
                if figures:
                    place, cohort = founded_in(history, clocks.known_at)
                    province = PLACES.locate(PlaceRef.parse(place), "34").province
                    for name in MEASURES:
                        expected[province.code if province else "", cohort, name] += figures.get(name, 0)
            found: Counter[tuple[str, str, str]] = Counter()
            for name, there, amounts in sums.parts:
                for key, amount in zip((sums.keys[group] for group in there), amounts, strict=True):
                    found[key.province34, key.cohort, name] += amount
            assert {key: value for key, value in found.items() if value} == {
                key: value for key, value in expected.items() if value
            }


async def test_I7_communes_sum_to_provinces_and_provinces_to_the_nation_on_both_maps(world: ReportingWorld):
    """Seen to fail with a new commune's first digits taken for its province."""
    await world.fold(in_lanes(told(6, clubs=30)), 50)
    async with snapshot(world.pool, "figures") as found_at:
        for as_of in (date(2022, 5, 17), date(2025, 6, 30), date(2026, 2, 1)):
            clocks = Clocks(as_of, datetime(2030, 1, 1, tzinfo=UTC), "34")
            cut = Slice((*MEASURES, "rounds", "attendances", "recommendations_open"), clocks)
            sheet = Sheet(cube.by_province(found_at.look, cut))
            groups = Groups.of(found_at.look, range(found_at.look.cell_count), lambda key: key.place)
            communes = cube.by_group(found_at.look, cut, groups)
            for name in cut.measures:
                nation = sheet.amount("VN", name)
                for map_ in ("63", "34"):
                    provinces = [province.key for province in PLACES.provinces(map_)]
                    assert sum(sheet.amount(key, name) for key in (*provinces, f"{map_}:")) == nation
                    for key in provinces:
                        inside = [
                            amount
                            for part in communes.parts
                            if part.measure == name
                            for cell, amount in zip(map(communes.keys.__getitem__, part.there), part.amounts, strict=True)
                            if key == f"{map_}:{cell.province63 if map_ == '63' else cell.province34}"
                        ]
                        assert sum(inside) == sheet.amount(key, name)
