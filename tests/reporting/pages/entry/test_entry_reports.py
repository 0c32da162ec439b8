"""The forms about one club: as last time, corrections announced, blanks unknown; the list of what is due; the receipt."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest

from tests.reporting.pages.entry.entry_world import (
    FIVE,
    LAST_MONTH,
    NGOC_HA,
    TODAY,
    EntryWorld,
    founded,
    opened,
    read_page,
    sent,
    told,
)


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


async def test_an_area_that_was_reported_with_zeros_can_be_sent_unchanged(world: EntryWorld) -> None:
    """The API takes such a report. Seen to fail: the form refused what it had filled in itself."""
    async with world.officer() as client:
        stream = await founded(client)
        month_before = (date.fromisoformat(f"{LAST_MONTH}-01") - timedelta(days=1)).isoformat()[:7]
        page = await opened(client, f"/nhap/thang/{stream}?thang={month_before}")
        zeros = {"areas.income": "co", "areas.income.members_supported": "0", "areas.income.income_group": "khong"}
        assert (await sent(client, page, meeting_held="co", **zeros)).status_code == 303
        page = await opened(client, f"/nhap/thang/{stream}")
        assert (await sent(client, page, income_fund="87.000.000")).status_code == 303
        first, second = [each["data"]["areas"]["income"] for each in (await told(world, stream))[-2:]]
        assert first == second == {"members_supported": 0, "income_group": False}


async def test_a_report_of_longer_ago_is_not_called_last_months(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client)
        long_ago = (date.fromisoformat(f"{LAST_MONTH}-01") - timedelta(days=75)).isoformat()[:7]
        page = await opened(client, f"/nhap/thang/{stream}?thang={long_ago}")
        assert (await sent(client, page, meeting_held="co", income_fund="50.000.000")).status_code == 303
        source = (await opened(client, f"/nhap/thang/{stream}")).by_id["source"]
        assert source.startswith(f"Như lần trước: các số lấy từ báo cáo tháng {long_ago[5:]}/{long_ago[:4]}.")


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


async def test_a_receipt_of_nothing_is_not_found_and_another_communes_is_not_shown(world: EntryWorld) -> None:
    async with world.officer() as client, world.officer("commune", NGOC_HA) as stranger:
        stream = await founded(client)
        identity = UUID(stream.removeprefix("club-"))
        assert (await client.get(f"/nhap/bien-nhan/{uuid5(identity, 'never')}")).status_code == 404
        answer = await stranger.get(f"/nhap/bien-nhan/{identity}")
        assert answer.status_code == 403
        assert FIVE["name"] not in answer.text
