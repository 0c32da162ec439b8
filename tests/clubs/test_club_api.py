"""Questions about clubs: for holders of a token of that area, by place, words and status, in pages."""

from datetime import date

import pytest

from services.clubs.domain import DissolveClub, FoundClub, ReportMembers, ReportMonth
from shared.kernel.place import PlaceRef
from shared.web.access import routes_without_access
from tests.clubs.world import BA_DINH, NGOC_HA, ClubWorld

SAM_SON = PlaceRef(code="16531", list="34")
NAMES = ["CLB thôn 10", "CLB thôn 2", "CLB Đồng Tâm", "CLB Cần Kiệm", "CLB Cao Sơn"]


@pytest.fixture
async def clubs(world: ClubWorld) -> ClubWorld:
    """Five clubs in Ba Đình, one in Ngọc Hà under its old code, one in Thanh Hóa, one dissolved in Ngọc Hà."""
    for name in NAMES:
        await world.say(FoundClub(name=name, commune=BA_DINH, founded_on=date(2022, 6, 27)))
    await world.say(FoundClub(name="CLB cũ", commune=PlaceRef(code="00008", list="63"), founded_on=date(2022, 6, 27)))
    await world.say(FoundClub(name="CLB biển", commune=SAM_SON, founded_on=date(2022, 6, 27), village="Khu phố 3"))
    gone = await world.say(FoundClub(name="CLB đã giải thể", commune=NGOC_HA, founded_on=date(2022, 6, 27)))
    await world.say(DissolveClub(club=gone.outcome.stream, dissolved_on=date(2024, 1, 1), reason="Sáp nhập"))
    await world.fold()
    return world


async def names(world: ClubWorld, token: str = "t-centre", **params: object) -> list[str]:
    answer = await world.get("/v1/clubs", token, **params)
    assert answer.status_code == 200, answer.text
    return [club["founding"]["name"] for club in answer.json()["clubs"]]


async def test_clubs_come_in_the_order_of_the_vietnamese_alphabet_and_of_numbers(clubs: ClubWorld):
    in_ba_dinh = await names(clubs, place="34:00004")
    assert in_ba_dinh == ["CLB Cao Sơn", "CLB Cần Kiệm", "CLB Đồng Tâm", "CLB thôn 2", "CLB thôn 10"]


async def test_a_province_of_either_map_holds_its_clubs_whichever_list_they_were_entered_by(clubs: ClubWorld):
    assert len(await names(clubs, place="34:01")) == 7
    assert len(await names(clubs, place="63:01")) == 7
    assert await names(clubs, place="34:38") == ["CLB biển"]
    assert len(await names(clubs, place="VN")) == 8


async def test_without_a_place_the_tokens_own_area_is_meant(clubs: ClubWorld):
    assert await names(clubs, "t-thanhhoa") == ["CLB biển"]
    assert len(await names(clubs, "t-badinh")) == 5


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("dong tam", ["CLB Đồng Tâm"]),
        ("ĐỒNG", ["CLB Đồng Tâm"]),
        ("can kiem clb", ["CLB Cần Kiệm"]),
        ("khu pho 3", ["CLB biển"]),
        ("sam son", ["CLB biển"]),
        ("khong co", []),
        ("100%_", []),
    ],
)
async def test_clubs_are_found_by_words_of_name_village_or_commune_without_diacritics(
    clubs: ClubWorld, words: str, found: list[str]
):
    assert await names(clubs, q=words) == found


async def test_clubs_are_found_by_their_status(clubs: ClubWorld):
    assert await names(clubs, status="dissolved") == ["CLB đã giải thể"]
    assert len(await names(clubs, status="active")) == 7


async def test_pages_follow_one_another_without_gap_or_repeat(clubs: ClubWorld):
    seen: list[str] = []
    after = ""
    while True:
        page = (await clubs.get("/v1/clubs", limit=3, after=after)).json()
        seen += [club["founding"]["name"] for club in page["clubs"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == await names(clubs)
    assert len(seen) == len(set(seen)) == 8


async def test_the_timeline_comes_in_pages_too(clubs: ClubWorld):
    (gone,) = (await clubs.get("/v1/clubs", status="dissolved")).json()["clubs"]
    first = (await clubs.get(f"/v1/clubs/{gone['club']}", limit=1)).json()
    assert [moment["version"] for moment in first["timeline"]] == [2]
    second = (await clubs.get(f"/v1/clubs/{gone['club']}", limit=1, before=first["next_before"])).json()
    assert [moment["version"] for moment in second["timeline"]] == [1]
    assert second["next_before"] is None


async def test_clubs_are_not_public(clubs: ClubWorld):
    (club,) = (await clubs.get("/v1/clubs", place="34:38")).json()["clubs"]
    for path in ("/v1/clubs", f"/v1/clubs/{club['club']}"):
        answer = await clubs.get(path, None)
        assert (answer.status_code, answer.json()["slug"]) == (401, "token-missing")


async def test_a_token_of_another_area_sees_nothing_of_a_club(clubs: ClubWorld):
    (club,) = (await clubs.get("/v1/clubs", place="34:38")).json()["clubs"]
    for path, params in (("/v1/clubs", {"place": "34:38"}), (f"/v1/clubs/{club['club']}", {})):
        answer = await clubs.get(path, "t-hanoi", **params)
        assert (answer.status_code, answer.json()["slug"]) == (403, "not-your-area")
        assert "biển" not in answer.text


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/v1/clubs", {"place": "34:99"}, 422),
        ("/v1/clubs", {"place": "Thanh Hóa"}, 422),
        ("/v1/clubs", {"limit": "0"}, 422),
        ("/v1/clubs", {"limit": "501"}, 422),
        ("/v1/clubs", {"status": "sleeping"}, 422),
        ("/v1/clubs", {"after": "club-\x00"}, 422),
        ("/v1/clubs/club-nobody", {}, 404),
        ("/v1/clubs/club-%00", {}, 422),
        ("/v1/clubs/club-1", {"before": "99999999999"}, 422),
    ],
)
async def test_a_question_that_makes_no_sense_is_answered_with_a_sentence(
    clubs: ClubWorld, path: str, params: dict[str, str], status: int
):
    answer = await clubs.get(path, **params)
    assert answer.status_code == status, answer.text
    assert answer.json()["slug"]


async def test_words_with_strange_characters_find_nothing_and_break_nothing(clubs: ClubWorld):
    assert await names(clubs, q="\x00\\%'; drop table clubs --") == []


async def test_every_route_declares_who_may_ask(clubs: ClubWorld):
    assert routes_without_access(clubs.client._transport.app) == [  # type: ignore[attr-defined]
        "GET,HEAD /openapi.json",
        "GET,HEAD /docs",
        "GET,HEAD /docs/oauth2-redirect",
        "GET,HEAD /redoc",
    ]


async def test_a_story_lists_the_memberships_as_they_stand_and_the_months_that_were_reported(world: ClubWorld):
    club = (await world.say(FoundClub(name="CLB", commune=BA_DINH, founded_on=date(2022, 6, 27)))).outcome.stream
    for day, total in ((date(2025, 6, 30), 51), (date(2024, 6, 30), 50), (date(2025, 6, 30), 52)):
        await world.say(ReportMembers(club=club, as_of=day, basis="counted", total=total))
    for month in (2, 1):
        await world.say(ReportMonth(club=club, month=date(2026, month, 1), meeting_held=True))
    await world.fold()
    story = (await world.get(f"/v1/clubs/{club}")).json()
    assert [(each["as_of"], each["total"]) for each in story["memberships"]] == [("2024-06-30", 50), ("2025-06-30", 52)]
    assert story["months"] == ["2026-01-01", "2026-02-01"]
