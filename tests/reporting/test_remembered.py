"""Answers that are remembered are those that would be made anew; a series of many areas is the series of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from services.reporting.columns.held import Held, Memory
from services.reporting.indicators import indicator
from services.reporting.questions import number_id
from services.reporting.questions.area import WHOLE_COUNTRY, Area
from services.reporting.questions.ask import Ask
from services.reporting.questions.progress import progress, spoken_of
from services.reporting.questions.question import Clocks
from services.reporting.questions.series import quarters_of
from services.reporting.questions.snapshot import snapshot
from shared.kernel.lanes import lane_of
from shared.reference.book import load
from tests.reporting.country import NOW, day, declared, small_country
from tests.reporting.world import ReportingWorld

PLACES = load()
SLUGS = ("clubs-founded", "members", "share-women", "training-rounds", "communes-with-clubs")


def ask(known_at: datetime = NOW, **other: Any) -> Ask:
    clocks = Clocks(date(2026, 3, 2), known_at, "34")
    return replace(Ask(tuple(map(indicator, SLUGS)), WHOLE_COUNTRY, clocks, "province"), **other)


def anew(answer: Any) -> list[Any]:
    """Everything that is said but the ids and the stamp."""
    rows = [answer, *answer["groups"]]
    return [[{**number, "id": None} for number in row["numbers"]] for row in rows]


async def test_a_remembered_answer_is_the_same_with_ids_of_its_own_instant(world: ReportingWorld):
    """Seen to fail with ids that are remembered too."""
    await world.fold(small_country())
    later = NOW + timedelta(seconds=5)
    async with snapshot(world.pool, "figures") as found:
        first, second = await progress(found, PLACES, ask()), await progress(found, PLACES, ask(later))
        found.look.held.answers = Memory(12_000)
        fresh = await progress(found, PLACES, ask(later))
    assert second == fresh
    assert anew(first) == anew(second)
    for number in (number for row in [second, *second["groups"]] for number in row["numbers"] if number["id"]):
        assert number_id.decode(number["id"]).clocks.known_at == later


async def test_what_becomes_known_between_two_instants_tells_their_answers_apart(world: ReportingWorld):
    """A declaration published in between, and an entry. Seen to fail with a memory that asks only for the state of the view."""
    await world.fold(small_country())
    instants = ("2024-08-28", "2024-08-30", "2025-01-20", "2025-02-20")
    async with snapshot(world.pool, "figures") as found:
        given = [await progress(found, PLACES, ask(day(text))) for text in instants]
        for text, answer in zip(instants, given, strict=True):
            found.look.held.answers = Memory(12_000)
            assert await progress(found, PLACES, ask(day(text))) == answer
    assert len({str(anew(answer)) for answer in given}) == len(instants)


async def test_a_declaration_that_is_known_after_every_entry_tells_two_instants_apart(world: ReportingWorld):
    """Seen to fail with a memory that does not ask which declarations were known."""
    log = small_country()
    taken = {each.recorded.lane for each in log}
    stream = next(name for name in map("figure-{}".format, range(99)) if lane_of(name) not in taken)
    await world.fold(log)
    await world.tell(stream, declared(PLACES.provinces("34")[5], 77), at=day("2026-02-20"))
    async with snapshot(world.pool, "figures") as found:
        before, after = [await progress(found, PLACES, ask(day(text))) for text in ("2026-02-19", "2026-02-21")]
    assert after["numbers"][0]["value"] == before["numbers"][0]["value"] + 77


async def test_a_new_event_or_declaration_is_in_the_next_answer(world: ReportingWorld):
    """Seen to fail with a memory that does not ask for the state of the view."""
    log = small_country()
    await world.fold(log[:8])
    seen: set[str] = set()
    for event in (None, *log[8:]):
        if event is not None:
            await world.fold([event])
        async with snapshot(world.pool, "figures") as found:
            answer = await progress(found, PLACES, ask())
            found.look.held.answers = Memory(12_000)
            assert await progress(found, PLACES, ask()) == answer
        seen.add(str(anew(answer)))
    assert len(seen) > 5


async def test_the_quarters_of_many_areas_are_what_each_stood_at_on_those_days(world: ReportingWorld):
    await world.fold(small_country())
    areas = (WHOLE_COUNTRY, Area("province", "34:01"), Area("province", "34:38"), Area("region", "dong-bang-song-hong"))
    definitions = tuple(map(indicator, SLUGS))
    days = [date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), date(2026, 3, 2)]
    async with snapshot(world.pool, "figures") as found:
        quarters = await quarters_of(found, PLACES, definitions, areas, ask().clocks, 3)
        assert list(quarters) == [area.text for area in areas]
        for area in areas:
            assert [row["as_of"] for row in quarters[area.text]] == [day.isoformat() for day in days]
            for row, then in zip(quarters[area.text], days, strict=True):
                clocks = replace(ask().clocks, as_of=then)
                alone = await progress(found, PLACES, ask(area=area, group_by=None, clocks=clocks))
                assert row["numbers"] == [{name: each[name] for name in ("indicator", "value")} for each in alone["numbers"]]


def test_a_memory_forgets_what_was_least_used_by_weight():
    memory = Memory(10)
    for key in "abc":
        memory.keep(key, key, 4)
    assert [memory.get(key) for key in "abc"] == [None, "b", "c"]
    memory.keep("b", "B", 1)
    memory.keep("d", "d", 5)
    memory.keep("e", "e", 6)
    assert [memory.get(key) for key in "bcde"] == ["B", "c", "d", None]
    assert Held().answers.get("b") is None


async def test_what_is_published_speaks_of_exactly_those_numbers_of_the_whole_answer(world: ReportingWorld):
    """Of the nation and each province, on both maps. Seen to fail without the figures that are not shown."""
    await world.fold(small_country())
    await world.tell("figure-beside", declared(PLACES.provinces("34")[0], 10, "members", unit="people"), at=day("2026-02-20"))
    for map_ in ("34", "63"):
        asked = ask(clocks=Clocks(date(2026, 3, 2), NOW, map_))
        async with snapshot(world.pool, "figures") as found:
            every, spoken = await progress(found, PLACES, asked), await spoken_of(found, PLACES, asked)
        wanted = {
            row["key"]: [each for each in row["numbers"] if each["id"] and (each["declarations"] or each["others"])]
            for row in [{**every["area"], "numbers": every["numbers"]}, *every["groups"]]
            if row["kind"] != "none"
        }
        given = {row["key"]: row["numbers"] for row in [{**spoken["area"], "numbers": spoken["numbers"]}, *spoken["groups"]]}
        assert given == wanted
        assert any(each["declarations"] for row in wanted.values() for each in row)
        assert not all(wanted.values())
        assert spoken["as_of"] == every["as_of"]
        if map_ == "34":
            assert any(not each["declarations"] for each in wanted["34:01"])
