"""Forms for officers: nothing typed is lost, nothing is recorded twice, errors stand beside their fields, rights hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest

from shared.kernel.clock import day_of, system_clock
from shared.kernel.place import NATION
from shared.testing.apps import THANH_HOA
from shared.web.cookies import SESSION
from tests.reporting.pages.entry_world import BA_DINH, HA_NOI, NGOC_HA, EntryWorld, Page, entry_world, read_page

TODAY = day_of(system_clock())
LAST_MONTH = (TODAY.replace(day=1) - timedelta(days=1)).isoformat()[:7]
EVIL = "<img src=x onerror=alert(1)>"
FIVE = {
    "name": "CLB liên thế hệ thôn 3",
    "founded_on": "02/09/2025",
    "members.total": "52",
    "members.aged_60_plus": "34",
    "members.women": "38",
}


@pytest.fixture(scope="module")
async def world(postgres: Any) -> AsyncIterator[EntryWorld]:
    async with entry_world(postgres) as found:
        yield found


async def opened(client: httpx.AsyncClient, path: str = "/nhap/clb-moi") -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return read_page(answer)


async def sent(client: httpx.AsyncClient, page: Page, **typed: str) -> httpx.Response:
    return await client.post(page.action, data={**page.fields, **typed})


async def founded(client: httpx.AsyncClient, **typed: str) -> str:
    """The stream of a club that was founded by the form."""
    page = await opened(client)
    answer = await sent(client, page, **(FIVE | typed))
    assert answer.status_code == 303, read_page(answer).text
    return f"club-{page.fields['ma']}"


async def told(world: EntryWorld, stream: str) -> list[dict[str, Any]]:
    """The events of a club, the oldest first, straight from the log."""
    header = await world.clubs.token("centre")
    answer = await world.clubs.client.get(f"/v1/streams/{stream}/events", headers=header)
    return answer.json()["events"][::-1] if answer.status_code == 200 else []


async def test_a_founding_takes_five_fields_and_records_club_and_members(world: EntryWorld) -> None:
    async with world.officer() as client:
        page = await opened(client, "/nhap/clb-moi?xa=34:00004")
        answer = await sent(client, page, **FIVE)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/nhap/bien-nhan/{page.fields['ma']}"
        events = await told(world, f"club-{page.fields['ma']}")
        assert [event["type"] for event in events] == ["clubs.club-founded", "clubs.members-reported"]
        assert events[0]["data"]["name"] == FIVE["name"]
        assert events[0]["data"]["founded_on"] == "2025-09-02"
        assert events[0]["data"]["commune"] == {"code": "00004", "list": "34"}
        members = events[1]["data"]
        assert (members["total"], members["aged_60_plus"], members["women"]) == (52, 34, 38)
        assert members["as_of"] == TODAY.isoformat()
        assert members.get("poor") is None


async def test_the_receipt_tells_what_when_by_whom_and_leads_to_the_figure(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client)
        events = await told(world, stream)
        back = f"/xa/34:00004?cho=clubs%3A{events[1]['lane']}%3A{events[1]['position']}"
        for _ in range(2):
            answer = await client.get(f"/nhap/bien-nhan/{stream.removeprefix('club-')}")
            assert answer.status_code == 200
            receipt = read_page(answer)
            assert FIVE["name"] in receipt.text
            assert "02/09/2025" in receipt.text
            assert "Xã, phường" in receipt.text
            for event in events:
                assert f"/su-kien/{event['event_id']}" in receipt.links
            assert back in receipt.links
            assert "- Số thành viên: 52" in receipt.by_id["message"]
        await world.follow()
        page = await client.get(back)
        assert page.status_code == 200
        assert FIVE["name"] in page.text


async def test_oddities_are_on_the_receipt_and_refuse_nothing(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client, **{"members.total": "121", "members.aged_60_plus": "", "members.women": ""})
        receipt = await client.get(f"/nhap/bien-nhan/{stream.removeprefix('club-')}")
        assert "Câu lạc bộ có 121 thành viên; quy định là 50 đến 70." in receipt.text
        page = await opened(client, f"/nhap/kien-toan/{stream}")
        answer = await sent(client, page, board_size="9")
        receipt = await client.get(answer.headers["location"])
        assert "Ban chủ nhiệm có 9 người; thường là 5." in receipt.text
        before = await world.count()
        await client.get(answer.headers["location"])
        assert await world.count() == before


async def test_five_presses_at_once_record_once_and_get_the_same_receipt(world: EntryWorld) -> None:
    async with world.officer() as client:
        page = await opened(client)
        before = await world.count()
        answers = await asyncio.gather(*(sent(client, page, **FIVE) for _ in range(5)))
        assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
            (303, f"/nhap/bien-nhan/{page.fields['ma']}")
        }
        assert await world.count() == before + 2
        again = await sent(client, page, **FIVE)
        assert (again.status_code, again.headers["location"]) == (303, answers[0].headers["location"])
        assert await world.count() == before + 2


@pytest.mark.parametrize("changed", [{"name": "Tên khác"}, {"members.total": "53"}])
async def test_other_content_under_the_same_id_is_told_and_kept_in_a_fresh_form(
    world: EntryWorld, changed: dict[str, str]
) -> None:
    async with world.officer() as client:
        page = await opened(client)
        assert (await sent(client, page, **FIVE)).status_code == 303
        before = await world.count()
        answer = await sent(client, page, **(FIVE | changed))
        assert answer.status_code == 422
        kept = read_page(answer)
        assert "đã được ghi trước đó với nội dung khác" in kept.text
        assert f"/nhap/bien-nhan/{page.fields['ma']}" in kept.links
        assert kept.fields["ma"] != page.fields["ma"]
        assert {name: kept.fields[name] for name in FIVE} == FIVE | changed
        assert await world.count() == before


async def test_everything_wrong_is_told_beside_its_field_and_everything_typed_is_kept(world: EntryWorld) -> None:
    typed = {
        "name": "",
        "founded_on": "31/02/2025",
        "members.total": "5,2",
        "members.aged_60_plus": "ba mươi",
        "members.women": "-3",
        "members.poor": "12",
        "decision_number": EVIL,
    }
    async with world.officer() as client:
        page = await opened(client)
        before = await world.count()
        answer = await sent(client, page, **typed)
        assert answer.status_code == 422
        shown = read_page(answer)
        assert {name: shown.fields[name] for name in typed} == typed
        assert shown.attributes["founded_on"]["type"] == "text"
        wrong = ("name", "founded_on", "members.total", "members.aged_60_plus", "members.women")
        for name in wrong:
            assert shown.why(name), name
            assert f"#f-{name.replace('.', '-')}" in shown.links
        assert not shown.why("members.poor")
        assert f"{len(wrong)} chỗ cần sửa" in shown.by_id["summary"]
        assert "img src=x" not in "".join(shown.tags)
        assert await world.count() == before


async def test_what_the_service_refuses_stands_beside_its_field_and_nothing_is_half_done(world: EntryWorld) -> None:
    tomorrow = (TODAY + timedelta(days=2)).isoformat()
    cases = [
        ({"members.women": "60"}, "members.women", "lớn hơn số tổng số thành viên (52)"),
        ({"founded_on": tomorrow}, "founded_on", "chưa đến"),
        ({"name": "x" * 201}, "name", "200"),
        ({"launched_on": "2025-01-01"}, "launched_on", "đứng trước ngày quyết định"),
    ]
    async with world.officer() as client:
        for changed, name, words in cases:
            page = await opened(client)
            before = await world.count()
            answer = await sent(client, page, **(FIVE | changed))
            assert answer.status_code == 422, name
            shown = read_page(answer)
            assert words in shown.why(name)
            assert {each: shown.fields[each] for each in FIVE | changed} == FIVE | changed
            assert await world.count() == before
            assert (await sent(client, shown, **FIVE, launched_on="")).status_code == 303


async def test_a_service_that_is_down_or_whose_answer_is_lost_loses_nothing_and_doubles_nothing(world: EntryWorld) -> None:
    async with world.officer() as client:
        page = await opened(client)
        before = await world.count()
        world.wire.down = True
        answer = await sent(client, page, **FIVE)
        world.wire.down = False
        assert answer.status_code == 503
        kept = read_page(answer)
        assert {name: kept.fields[name] for name in FIVE} == FIVE
        assert await world.count() == before
        world.wire.deaf = True
        answer = await sent(client, kept)
        world.wire.deaf = False
        assert answer.status_code == 503
        assert "không bị ghi hai lần" in answer.text
        assert await world.count() == before + 2
        answer = await sent(client, read_page(answer))
        assert (answer.status_code, answer.headers["location"]) == (303, f"/nhap/bien-nhan/{page.fields['ma']}")
        assert await world.count() == before + 2


@pytest.mark.parametrize("path", ["thanh-vien", "thang", "kien-toan"])
async def test_a_report_keeps_what_was_typed_while_the_service_is_down(world: EntryWorld, path: str) -> None:
    async with world.officer() as client:
        stream = await founded(client)
        page = await opened(client, f"/nhap/{path}/{stream}")
        world.wire.down = True
        answer = await sent(client, page, total="1.234", meeting_held="co", board_size="7")
        world.wire.down = False
        assert answer.status_code == 503
        kept = read_page(answer)
        assert "chưa ghi gì" in kept.by_id["summary"]
        assert FIVE["name"] in kept.text
        for name, value in (("total", "1.234"), ("meeting_held", "co"), ("board_size", "7")):
            assert kept.fields.get(name, value) == value


async def test_a_session_that_ends_while_typing_loses_nothing_and_records_nothing_by_itself(world: EntryWorld) -> None:
    async with world.officer() as client:
        page = await opened(client)
        client.cookies.clear()
        before = await world.count()
        answer = await sent(client, page, **FIVE, decision_number=EVIL)
        assert answer.status_code == 401
        asking = read_page(answer)
        assert {name: asking.fields[name] for name in FIVE} == FIVE
        assert "?" not in asking.action
        answer = await sent(client, asking, khoa="lt_wrong")
        assert answer.status_code == 401
        asking = read_page(answer)
        assert {name: asking.fields[name] for name in FIVE} == FIVE
        answer = await sent(client, asking, khoa=await world.token())
        assert answer.status_code == 200
        form = read_page(answer)
        assert {name: form.fields[name] for name in FIVE} == FIVE
        assert form.fields["ma"] == page.fields["ma"]
        assert form.fields["decision_number"] == EVIL
        assert "khoa" not in form.fields
        assert await world.count() == before
        assert (await sent(client, form)).status_code == 303
        assert await world.count() == before + 2


async def test_who_signed_in_beside_the_form_goes_on_with_it(world: EntryWorld) -> None:
    async with world.officer() as client, world.officer() as other:
        page = await opened(client)
        client.cookies.clear()
        asking = read_page(await sent(client, page, **FIVE))
        client.cookies.clear()
        client.cookies.set(SESSION, other.cookies[SESSION])
        answer = await sent(client, asking, khoa="")
        assert answer.status_code == 200
        form = read_page(answer)
        assert {name: form.fields[name] for name in FIVE} == FIVE
        assert (await sent(client, form)).status_code == 303


async def test_forms_of_other_sites_and_of_other_sessions_record_nothing(world: EntryWorld) -> None:
    async with world.officer() as client:
        page = await opened(client)
        before = await world.count()
        data = {**page.fields, **FIVE}
        for header in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
            assert (await client.post(page.action, data=data, headers=header)).status_code == 403
        for csrf in ("", "0" * 64):
            answer = await client.post(page.action, data={**data, "csrf": csrf})
            assert answer.status_code == 403
            assert read_page(answer).fields["name"] == FIVE["name"]
        assert await world.count() == before


async def test_commune_province_and_centre_may_write_and_all_others_are_told_who_may(world: EntryWorld) -> None:
    path = "/nhap/clb-moi?xa=34:00004"
    async with world.officer() as client:
        stream = await founded(client)
    for role, area, status in (
        ("commune", BA_DINH, 200),
        ("province", HA_NOI, 200),
        ("centre", NATION, 200),
        ("commune", NGOC_HA, 403),
        ("province", THANH_HOA, 403),
        ("reader", BA_DINH, 403),
        ("operator", NATION, 403),
    ):
        async with world.officer(role, area) as client:  # pyright: ignore[reportArgumentType]  a table of roles
            for address in (path, f"/nhap/thang/{stream}", f"/nhap/thanh-vien/{stream}", f"/nhap/kien-toan/{stream}"):
                answer = await client.get(address)
                assert answer.status_code == status, (role, area, address)
                assert ("Ai nhập được?" in answer.text) == (status == 403)
    async with world.browser() as nobody:
        answer = await nobody.get(path)
        assert (answer.status_code, answer.headers["location"]) == (
            303, "/dang-nhap?next=/nhap/clb-moi%3Fxa%3D34%3A00004"
        )  # fmt: skip


async def test_a_stranger_who_posts_is_refused_and_keeps_what_was_typed(world: EntryWorld) -> None:
    async with world.officer("commune", NGOC_HA) as client:
        page = await opened(client)
        before = await world.count()
        answer = await sent(client, page, **FIVE, xa="34:00004")
        assert answer.status_code == 403
        assert "Nơi này không thuộc phường Ngọc Hà" in answer.text
        assert read_page(answer).fields["name"] == FIVE["name"]
        assert await world.count() == before


async def test_a_province_chooses_the_commune_in_the_form(world: EntryWorld) -> None:
    async with world.officer("province", HA_NOI) as client:
        page = await opened(client)
        assert read_page(await sent(client, page, **FIVE)).why("commune")
        answer = await sent(client, page, **FIVE, commune="34:00004")
        assert answer.status_code == 303
        events = await told(world, f"club-{page.fields['ma']}")
        assert events[0]["data"]["commune"] == {"code": "00004", "list": "34"}


async def test_members_come_as_last_time_and_what_is_left_unchanged_counts_as_typed(world: EntryWorld) -> None:
    async with world.officer() as client:
        earlier = (TODAY - timedelta(days=40)).isoformat()
        stream = await founded(client, **{"members.as_of": earlier, "members.poor": "9"})
        page = await opened(client, f"/nhap/thanh-vien/{stream}")
        assert f"{date.fromisoformat(earlier):%d/%m/%Y}" in page.by_id["source"]
        assert page.fields["total"] == "52"
        answer = await sent(client, page, total="54", women="")
        assert answer.status_code == 303
        members = (await told(world, stream))[-1]["data"]
        assert (members["total"], members["aged_60_plus"], members.get("women"), members["poor"]) == (54, 34, None, 9)
        assert members["as_of"] == TODAY.isoformat()
        empty = await opened(client, f"/nhap/thanh-vien/{stream}?trong=1")
        assert empty.fields["total"] == ""


async def test_a_report_of_the_same_day_is_announced_before_it_corrects(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client)
        page = await opened(client, f"/nhap/thanh-vien/{stream}")
        assert "đã có báo cáo thành viên" in page.by_id["stands"]
        assert "52" in page.by_id["stands"]
        answer = await sent(client, page, total="60")
        assert answer.status_code == 303
        receipt = await client.get(answer.headers["location"])
        assert "Sửa báo cáo trước" in receipt.text
        page.fields["da_xem"] = ""
        page.fields["ma"] = ""
        unseen = await sent(client, page, total="61")
        assert unseen.status_code == 409
        shown = read_page(unseen)
        assert "60" in shown.by_id["stands"]
        assert shown.fields["total"] == "61"
        assert (await sent(client, shown)).status_code == 303
        totals = [event["data"]["total"] for event in (await told(world, stream))[1:]]
        assert totals == [52, 60, 61]


async def test_what_changes_nothing_is_recorded_as_nothing_and_says_so(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client)
        page = await opened(client, f"/nhap/thanh-vien/{stream}")
        before = await world.count()
        answer = await sent(client, page)
        assert answer.status_code == 303
        receipt = await client.get(answer.headers["location"])
        assert receipt.status_code == 200
        assert "Không có gì thay đổi" in receipt.text
        assert await world.count() == before


async def test_the_month_comes_as_last_month_and_blank_stays_unknown(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client)
        month_before = (date.fromisoformat(f"{LAST_MONTH}-01") - timedelta(days=1)).isoformat()[:7]
        page = await opened(client, f"/nhap/thang/{stream}?thang={month_before}")
        done = {"meeting_held": "co", "met_on": f"{month_before}-10", "income_fund": "50.000.000", "operating_fund": "1200000"}
        area = {"areas.health.checkups_organised": "1", "areas.health.members_checked": "20", "areas.culture": "co"}
        assert (await sent(client, page, **done, **area)).status_code == 303
        first = (await told(world, stream))[-1]["data"]
        assert first["month"] == f"{month_before}-01"
        assert (first["income_fund"], first["operating_fund"], first.get("loans")) == (50_000_000, 1_200_000, None)
        assert {name for name, each in first["areas"].items() if each is not None} == {"health", "culture"}
        page = await opened(client, f"/nhap/thang/{stream}")
        assert page.fields["thang"] == LAST_MONTH
        assert f"{month_before[5:]}/{month_before[:4]}" in page.by_id["source"]
        assert page.fields["income_fund"] == "50.000.000"
        assert page.fields["met_on"] == ""
        answer = await sent(client, page, **{"areas.health.members_checked": "24"})
        assert answer.status_code == 303
        second = (await told(world, stream))[-1]["data"]
        assert second["month"] == f"{LAST_MONTH}-01"
        assert second["areas"]["health"] == {"checkups_organised": 1, "members_checked": 24}
        assert second.get("met_on") is None
        again = await opened(client, f"/nhap/thang/{stream}?thang={LAST_MONTH}")
        assert "Đã có báo cáo" in again.by_id["stands"]
        assert again.fields["areas.health.members_checked"] == "24"


async def test_an_area_of_nothing_but_zeros_is_asked_about(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client)
        page = await opened(client, f"/nhap/thang/{stream}")
        answer = await sent(client, page, meeting_held="khong", **{"areas.rights.talks": "0"})
        assert answer.status_code == 422
        assert "không làm trong tháng" in read_page(answer).why("areas.rights.talks")


async def test_what_one_may_enter_lists_who_owes_first(world: EntryWorld) -> None:
    async with world.officer("commune", NGOC_HA) as client:
        owing = await founded(client, name="Một CLB còn thiếu")
        done = await founded(client, name="A CLB đã đủ")
        page = await opened(client, f"/nhap/thang/{done}")
        assert (await sent(client, page, meeting_held="co")).status_code == 303
        await world.follow()
        home = await client.get("/nhap")
        assert home.status_code == 200
        assert home.text.index("Một CLB còn thiếu") < home.text.index("A CLB đã đủ")
        links = read_page(home).links
        assert f"/nhap/thang/{owing}" in links
        assert "/nhap/clb-moi?xa=34:00008" in links


async def test_a_name_made_of_markup_is_a_name_everywhere(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client, name=EVIL)
        identity = stream.removeprefix("club-")
        await world.follow()
        for path in (f"/nhap/thanh-vien/{stream}", f"/nhap/thang/{stream}", f"/nhap/bien-nhan/{identity}", "/nhap"):
            page = await opened(client, path)
            assert EVIL in page.text, path
            assert page.tags.count("img") == 1, path  # the mark of the brand
        refused = await sent(client, await opened(client), **(FIVE | {"name": EVIL, "members.total": "x"}))
        shown = read_page(refused)
        assert shown.fields["name"] == EVIL
        assert shown.tags.count("img") == 1


async def test_a_receipt_of_nothing_is_not_found_and_another_communes_is_not_shown(world: EntryWorld) -> None:
    async with world.officer() as client, world.officer("commune", NGOC_HA) as stranger:
        stream = await founded(client)
        identity = UUID(stream.removeprefix("club-"))
        assert (await client.get(f"/nhap/bien-nhan/{uuid5(identity, 'never')}")).status_code == 404
        answer = await stranger.get(f"/nhap/bien-nhan/{identity}")
        assert answer.status_code == 403
        assert FIVE["name"] not in answer.text


async def test_a_form_shows_no_clocks_and_nothing_to_wander_off_to(world: EntryWorld) -> None:
    async with world.officer() as client:
        page = await opened(client)
        assert "as_of" not in page.fields
        assert "nav" not in page.tags
        assert page.attributes["members.total"]["inputmode"] == "numeric"
        assert page.attributes["members.total"]["autocomplete"] == "off"
