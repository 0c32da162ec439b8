"""Forms for officers: nothing typed is lost, nothing is recorded twice, errors stand beside their fields, rights hold."""

from __future__ import annotations

import asyncio

import pytest

from shared.kernel.place import NATION
from shared.testing.apps import THANH_HOA
from shared.web.cookies import SESSION
from tests.reporting.pages.entry.entry_world import (
    BA_DINH,
    EVIL,
    FIVE,
    HA_NOI,
    NGOC_HA,
    TODAY,
    EntryWorld,
    founded,
    opened,
    read_page,
    sent,
    told,
)


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


async def test_five_presses_at_once_record_once_and_get_the_same_receipt(world: EntryWorld) -> None:
    async with world.officer() as client:
        for _ in range(6):
            page = await opened(client)
            before = await world.count()
            answers = await asyncio.gather(*(sent(client, page, **FIVE) for _ in range(5)))
            receipt = f"/nhap/bien-nhan/{page.fields['ma']}"
            assert {(answer.status_code, answer.headers.get("location")) for answer in answers} == {(303, receipt)}
            again = await sent(client, page, **FIVE)
            assert (again.status_code, again.headers["location"]) == (303, receipt)
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


async def test_a_form_shows_no_clocks_and_nothing_to_wander_off_to(world: EntryWorld) -> None:
    async with world.officer() as client:
        page = await opened(client)
        assert "as_of" not in page.fields
        assert "nav" not in page.tags
        assert page.attributes["members.total"]["inputmode"] == "numeric"
        assert page.attributes["members.total"]["autocomplete"] == "off"


@pytest.mark.parametrize("path", ["/nhap", "/nhap/clb-moi", "/", "/static/site.css", "/chi-tieu"])
async def test_a_page_answers_head_as_get_without_a_body(world: EntryWorld, path: str) -> None:
    async with world.officer() as client:
        full, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (full.status_code, b"") == (200, b"")
        assert head.headers["content-type"] == full.headers["content-type"]
        assert int(head.headers["content-length"]) > 100
        assert (await client.head("/v1/progress")).status_code == 405
