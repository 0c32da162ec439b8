"""The view of clubs: each club as it is now, and what every event changed; repeated delivery changes nothing."""

import random
from datetime import date
from typing import Any

import pytest

from services.clubs.app import SERVICE
from services.clubs.changes import changes
from services.clubs.domain import (
    CorrectFounding,
    DissolveClub,
    FoundClub,
    RenewBoard,
    ReportMembers,
    ReportMonth,
    ResumeClub,
    SuspendClub,
)
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.local.databases import connect
from shared.runtime.service import install
from shared.testing.folding import apply_batch
from tests.clubs.world import BA_DINH, CENTRE, COMMUNE, ELSEWHERE, NGOC_HA, PLACES, PROVINCE, VIEW, ClubWorld


async def founded(world: ClubWorld, name: str = "CLB thôn 1", commune: PlaceRef = BA_DINH, **facts: Any) -> str:
    command = FoundClub.model_validate({"name": name, "commune": commune, "founded_on": date(2022, 6, 27), **facts})
    return (await world.say(command)).outcome.stream


async def members(world: ClubWorld, club: str, as_of: date, total: int, **counts: Any) -> None:
    await world.say(ReportMembers(club=club, as_of=as_of, basis="counted", total=total, **counts))


async def shown(world: ClubWorld, club: str) -> dict[str, Any]:
    await world.fold()
    answer = await world.get(f"/v1/clubs/{club}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_club_is_shown_as_it_was_founded(world: ClubWorld):
    club = await founded(world, village="Thôn 1", decision_number="201/QĐ-UBND", generated=True)
    story = await shown(world, club)
    assert story["founding"]["name"] == "CLB thôn 1"
    assert story["founding"]["decision_number"] == "201/QĐ-UBND"
    assert story["commune"] == {"key": "34:00004", "name": "phường Ba Đình"}
    assert story["province"] == {"key": "34:01", "name": "Hà Nội"}
    assert (story["status"], story["since"], story["members"], story["generated"]) == ("active", None, None, True)


async def test_a_club_of_a_divided_commune_shows_its_candidates_until_the_new_commune_is_recorded(world: ClubWorld):
    divided = PlaceRef(code="00007", list="63")
    club = await founded(world, commune=divided)
    before = await shown(world, club)
    assert before["commune_today"] is None
    assert len(before["candidates"]) > 1
    chosen = PlaceRef.parse(before["candidates"][0]["key"])
    await world.say(
        CorrectFounding(club=club, name="CLB thôn 1", commune=chosen, founded_on=date(2022, 6, 27), reason="Phân định")
    )
    after = await shown(world, club)
    assert after["commune_today"]["key"] == chosen.key
    assert after["candidates"] == []


async def test_the_newest_snapshot_is_shown_even_if_an_older_one_arrives_late(world: ClubWorld):
    club = await founded(world)
    await members(world, club, date(2024, 6, 30), 60)
    await members(world, club, date(2023, 6, 30), 40)
    assert (await shown(world, club))["members"]["total"] == 60


async def test_a_correction_of_the_newest_snapshot_is_shown(world: ClubWorld):
    club = await founded(world)
    await members(world, club, date(2024, 6, 30), 60)
    await members(world, club, date(2024, 6, 30), 61)
    assert (await shown(world, club))["members"]["total"] == 61


async def test_the_timeline_says_what_a_correction_changed_and_nothing_else(world: ClubWorld):
    club = await founded(world)
    await members(world, club, date(2023, 6, 30), 40, women=20)
    await members(world, club, date(2024, 6, 30), 60, women=40)
    await members(world, club, date(2023, 6, 30), 41, women=20)
    newest = (await shown(world, club))["timeline"][0]
    assert newest["type"] == "clubs.members-reported"
    assert newest["day"] == "2023-06-30"
    assert newest["changes"] == [{"field": "total", "before": 40, "after": 41}]


async def test_the_timeline_says_who_recorded_it_and_when(world: ClubWorld):
    club = await founded(world)
    await world.say(RenewBoard(club=club, renewed_on=date(2023, 7, 1), board_size=5), COMMUNE)
    newest, oldest = (await shown(world, club))["timeline"]
    assert newest["recorded_by"] == {
        "role": "commune",
        "side": "state",
        "area": {"key": "34:00004", "name": "phường Ba Đình"},
        "token": "t-badinh",
    }
    assert oldest["recorded_by"]["area"]["key"] == "VN"
    assert newest["recorded_at"].startswith("2026-03-02T03:00:00")
    assert (newest["vi"], newest["version"], oldest["version"]) == ("Kiện toàn ban chủ nhiệm", 2, 1)


async def test_a_corrected_founding_shows_old_and_new_and_keeps_what_it_does_not_speak_of(world: ClubWorld):
    club = await founded(world, provisional_board="BCN-7", generated=True)
    await world.say(
        CorrectFounding(club=club, name="CLB thôn 2", commune=NGOC_HA, founded_on=date(2022, 6, 27), reason="Ghi nhầm")
    )
    story = await shown(world, club)
    assert story["generated"] is True
    assert story["commune"]["key"] == "34:00008"
    assert story["timeline"][0]["changes"] == [
        {"field": "name", "before": "CLB thôn 1", "after": "CLB thôn 2"},
        {"field": "commune.code", "before": "00004", "after": "00008"},
        {"field": "reason", "before": None, "after": "Ghi nhầm"},
    ]


async def test_a_club_is_suspended_resumed_and_dissolved_in_the_open(world: ClubWorld):
    club = await founded(world)
    await world.say(SuspendClub(club=club, suspended_on=date(2023, 9, 1), reason="Lũ lụt"))
    await world.say(ResumeClub(club=club, resumed_on=date(2024, 1, 1)))
    await world.say(DissolveClub(club=club, dissolved_on=date(2024, 6, 1), reason="Sáp nhập"))
    story = await shown(world, club)
    assert (story["status"], story["since"]) == ("dissolved", "2024-06-01")
    assert {"field": "status", "before": "suspended", "after": "active"} in story["timeline"][1]["changes"]


async def test_the_last_meeting_is_the_newest_month_in_which_one_was_held(world: ClubWorld):
    club = await founded(world)
    await world.say(ReportMonth(club=club, month=date(2023, 3, 1), meeting_held=True, met_on=date(2023, 3, 17)))
    await world.say(ReportMonth(club=club, month=date(2023, 4, 1), meeting_held=True))
    await world.say(ReportMonth(club=club, month=date(2023, 5, 1), meeting_held=False))
    assert (await shown(world, club))["last_meeting"] == "2023-04-30"
    await world.say(ReportMonth(club=club, month=date(2023, 4, 1), meeting_held=False))
    assert (await shown(world, club))["last_meeting"] == "2023-03-17"


async def test_delivering_everything_again_changes_nothing(world: ClubWorld):
    await _a_few_years(world)
    await world.fold()
    once = await world.dump()
    await world.fold()
    await world.fold(await world.recorded(), size=3)
    assert await world.dump() == once


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_the_size_of_a_batch_changes_nothing(world: ClubWorld, size: int):
    await _a_few_years(world)
    await world.fold(size=size)
    small = await world.dump()
    await world.forget()
    await world.fold()
    assert await world.dump() == small


async def test_any_interleaving_of_clubs_ends_in_the_same_rows(world: ClubWorld):
    await _a_few_years(world)
    events = await world.recorded()
    await world.fold(events)
    in_order = await world.dump()
    await world.forget()
    shuffled = random.Random(7)
    streams = [event.stream for event in events]
    shuffled.shuffle(streams)
    waiting = {stream: iter([event for event in events if event.stream == stream]) for stream in streams}
    await world.fold([next(waiting[stream]) for stream in streams], size=5)
    assert await world.dump() == in_order


async def test_a_projection_passes_over_what_its_checkpoints_have_seen(world: ClubWorld):
    await _a_few_years(world)
    events = await world.recorded()
    async with world.pool.acquire() as connection:
        identity = await world.log.identity()
        first = await apply_batch(connection, VIEW, events, identity=identity)
        once = await world.dump()
        again = await apply_batch(connection, VIEW, events, identity=identity)
    assert (first.applied, first.parked, again.applied, again.skipped) == (len(events), 0, 0, len(events))
    assert await world.dump() == once


async def test_the_service_installs_twice_without_harm(postgres: Any):
    urls = await postgres.database("clubs")
    owner = await connect(urls.owner)
    for _ in range(2):
        await install(owner, SERVICE, PLACES, urls.app_role)
    await owner.close()
    app = await connect(urls.app)
    assert await app.fetchval("select count(*) from clubs_v1.clubs") == 0
    await app.close()


async def test_uploading_the_same_reports_again_records_nothing(world: ClubWorld):
    club = await founded(world)
    report = ReportMembers(club=club, as_of=date(2024, 6, 30), basis="counted", total=60)
    first = await world.say(report)
    again = await world.say(report)
    assert (len(first.events), again.events) == (1, ())
    assert again.outcome.version == first.outcome.version
    assert len(await world.recorded()) == 2


async def test_a_club_is_written_only_from_its_own_area(world: ClubWorld):
    club = await founded(world)
    report = ReportMembers(club=club, as_of=date(2024, 6, 30), basis="counted", total=60)
    with pytest.raises(Refused, match="not-your-area"):
        await world.say(report, ELSEWHERE)
    for principal in (COMMUNE, PROVINCE, CENTRE):
        await world.say(report, principal)


async def test_a_club_is_not_pushed_into_somebody_elses_commune(world: ClubWorld):
    club = await founded(world)
    move = CorrectFounding(club=club, name="CLB thôn 1", commune=NGOC_HA, founded_on=date(2022, 6, 27), reason="Chuyển")
    with pytest.raises(Refused, match="not-your-area"):
        await world.say(move, COMMUNE)
    await world.say(move, PROVINCE)


def test_a_change_deep_inside_is_named_by_its_path():
    before = {"areas": {"health": {"members_checked": 1}}, "loans": {"number": 2}}
    after = {"areas": {"health": {"members_checked": 3}, "culture": {}}, "loans": {"number": 2}}
    assert changes(before, after) == [
        {"field": "areas.health.members_checked", "before": 1, "after": 3},
        {"field": "areas.culture", "before": None, "after": {}},
    ]


async def _a_few_years(world: ClubWorld) -> None:
    for number in range(4):
        club = await founded(world, f"CLB thôn {number}")
        for year in (2023, 2024, 2023):
            await members(world, club, date(year, 12, 31), 50 + number + year % 5)
            await world.say(ReportMonth(club=club, month=date(year, 5, number + 1), meeting_held=number % 2 == 0))
        await members(world, club, date(2023, 12, 31), 70)
        await world.say(RenewBoard(club=club, renewed_on=date(2024, 7, 1), board_size=5))
        await world.say(SuspendClub(club=club, suspended_on=date(2025, 9, 1), reason="Lũ lụt"))
