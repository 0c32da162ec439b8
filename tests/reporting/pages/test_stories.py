"""The story pages over the real services: what happened, who may read it, and what is shown when a service is down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from services.reporting.pages.story_missing import due_months, missing_of
from services.reporting.pages.story_parts import Block, priority_of
from shared.kernel.clock import day_of, system_clock
from shared.kernel.place import NATION, PlaceRef
from shared.reference.book import load
from shared.reference.points.commands import commands_of
from shared.reference.points.reader import read_points
from tests.reporting.pages.story_world import BA_DINH, HA_NOI, IMG, NGOC_HA, StoryWorld, story_world

HERE = {"code": "00004", "list": "34"}
ROUND = {
    "organiser": "lead-department", "level": "regional", "kind": "conference", "contents": [], "starts_on": "2025-03-03",
    "ends_on": "2025-03-04", "place": {"code": "01", "list": "34"}, "provinces": [{"code": "68", "list": "34"}],
}  # fmt: skip


class Reading(HTMLParser):
    """Texts by the id of the element around them, names of elements, links."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.text, self.by_id, self.tags, self.links = "", {}, [], []
        self._open: list[tuple[str, str]] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "a":
            self.links.append(found.get("href"))
        if tag not in {"input", "meta", "link", "img", "br"}:
            self._open.append((tag, found.get("id") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        self.text += f" {words}" if words else ""
        for _, identity in self._open:
            if identity and words:
                self.by_id[identity] = f"{self.by_id.get(identity, '')} {words}".strip()


@pytest.fixture(scope="module")
async def world(postgres: Any) -> AsyncIterator[StoryWorld]:
    async with story_world(postgres) as opened:
        yield opened


@pytest.fixture(scope="module")
async def story(world: StoryWorld) -> dict[str, Any]:
    """A club with a correction, a round that trained it, an inspection that found something about it."""
    centre, state = await world.token("centre"), await world.token("centre", side="state")
    founded = await world.tell("clubs.found-club", centre, name=IMG, commune=HERE, founded_on="2024-02-20", village=IMG)
    club = founded["stream"]
    for day, total in (("2025-06-30", 51), ("2026-06-30", 52), ("2026-06-30", 53)):
        facts = {"as_of": day, "basis": "counted", "total": total, "women": 38, "aged_60_plus": 34}
        corrected = await world.tell("clubs.report-members", centre, club=club, **facts)
    costs = [{"source": "state-budget", "amount": 1_500_000}, {"source": "contribution", "amount": 250_000}]
    held = {**ROUND, "title": f"Đợt {IMG}", "clubs": [club], "attendances": 80, "distinct_people": 40, "costs": costs}
    round_ = (await world.tell("trainings.hold-training", state, **held))["stream"]
    local = {**ROUND, "title": "Đợt của tỉnh", "organiser": "province-association", "level": "province"}
    await world.tell("trainings.hold-training", centre, **local)
    finding = {"kind": "books-missing", "place": HERE, "club": club, "text": f"Sổ {IMG}", "number": 1,
               "recommendation": {"text": f"Lập sổ {IMG}", "deadline": "2026-01-31"}}  # fmt: skip
    other = {"kind": "weak-coordination", "place": ROUND["place"], "text": "Phối hợp", "number": 2,
             "recommendation": {"text": "Ký quy chế", "deadline": "2025-12-31"}}  # fmt: skip
    inspection = (
        await world.tell(
            "monitoring.complete-inspection", state, title="Đoàn kiểm tra", team={"led_by": "lead-department"},
            starts_on="2025-11-03", completed_on="2025-11-04", places=[ROUND["place"]], clubs_visited=[club],
            findings=[finding, other],
        )
    )["stream"]  # fmt: skip
    await world.tell("monitoring.remedy-recommendation", state, inspection=inspection, finding=2, remedied_on="2025-12-01")
    await world.follow()
    return {
        "club": club, "round": round_, "inspection": inspection, "event": corrected["events"][0]["id"],
        "officer": await world.token("commune", BA_DINH), "province": await world.token("province", HA_NOI),
        "stranger": await world.token("commune", NGOC_HA),
    }  # fmt: skip


async def test_a_club_tells_what_happened_who_recorded_it_and_what_a_correction_changed(world: StoryWorld, story: Any):
    answer = await world.page(f"/clb/{story['club']}", story["officer"])
    assert answer.status_code == 200
    page = Reading(answer)
    assert "Báo cáo thành viên ngày 30/06/2026: 52 người, trong đó 38 nữ, 34 NCT" in page.by_id["v3"]
    assert "51 → 52 thành viên" in page.by_id["v3"]
    assert "Đính chính báo cáo thành viên ngày 30/06/2026 52 → 53 thành viên" in page.by_id["v4"]
    assert "Mục Trước Sau Thành viên 52 53" in page.by_id["v4"]
    assert "bởi Trung ương, Hội Người cao tuổi" in page.by_id["v4"]
    assert "t-" not in page.by_id["v4"]
    assert page.by_id["club-numbers"].startswith("Số liệu hiện nay Thành viên 53")
    assert f"/su-kien/{story['event']}" in page.links
    assert [text for text in page.links if text == f"/nhap/thang/{story['club']}"]
    assert {"/", "/tinh/34:01", "/xa/34:00004"} <= set(page.links)


async def test_a_long_story_is_paged(world: StoryWorld, story: Any):
    page = Reading(await world.page(f"/clb/{story['club']}?before=3", story["officer"]))
    assert "v2" in page.by_id
    assert "v3" not in page.by_id
    assert "Về mới nhất" in page.text


async def test_what_people_typed_is_text_wherever_it_appears(world: StoryWorld, story: Any):
    paths = [f"/clb/{story['club']}", f"/tap-huan/{story['round']}", "/tap-huan?year=2025", "/kiem-tra",
             f"/kiem-tra/{story['inspection']}", f"/su-kien/{story['event']}"]  # fmt: skip
    shown = 0
    for path in paths:
        answer = await world.page(path, story["province"])
        assert answer.status_code == 200, (path, answer.text)
        page = Reading(answer)
        assert not [found for tag, found in page.tags if "onerror" in found or found.get("src") == "x"], path
        assert not [found for _, found in page.tags if "style" in found], path
        shown += IMG in page.text
    assert shown >= 5


async def test_a_stranger_is_refused_and_nobody_is_sent_to_sign_in(world: StoryWorld, story: Any):
    for path in (f"/clb/{story['club']}", f"/su-kien/{story['event']}"):
        refused = await world.page(path, story["stranger"])
        assert (refused.status_code, refused.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert "onerror" not in refused.text
        sent = await world.page(path)
        assert (sent.status_code, sent.headers["location"]) == (303, f"/dang-nhap?next={path}")


async def test_a_club_that_is_not_there_is_not_found(world: StoryWorld, story: Any):
    assert (await world.page("/clb/club-00000000-0000-4000-8000-000000000000", story["officer"])).status_code == 404
    assert (await world.page("/su-kien/00000000-0000-4000-8000-000000000000", story["officer"])).status_code in {404, 503}


async def test_the_list_of_a_year_says_which_rounds_count_and_why_the_others_do_not(world: StoryWorld, story: Any):
    page = Reading(await world.page("/tap-huan?year=2025"))
    assert "Đợt của đơn vị chủ trì: 1 đợt được tính" in page.by_id["rounds-lead"]
    assert "Đợt của tỉnh" not in page.by_id["rounds-lead"]
    assert "không tính vào 5–7 đợt: không phải đợt của đơn vị chủ trì" in page.by_id["rounds-all"]
    assert "ưu tiên (một phần): Tây Nguyên" in page.by_id["rounds-lead"]
    assert Reading(await world.page("/tap-huan?year=2024")).by_id["rounds-all"].endswith("Không có đợt nào như vậy.")


async def test_a_round_tells_its_costs_and_names_clubs_only_to_those_of_its_area(world: StoryWorld, story: Any):
    address = f"/tap-huan/{story['round']}"
    public = await world.page(address)
    assert story["club"] not in public.text
    page = Reading(public)
    assert "Tổng 1.750.000 ₫" in page.by_id["round-costs"]
    assert "chỉ hiện cho người đăng nhập" in page.by_id["round-clubs"]
    assert "Đăng nhập để xem ai ghi" in page.by_id["round-timeline"]
    held = Reading(await world.page(address, story["province"]))
    assert f"/clb/{story['club']}" in held.links
    assert "Báo cáo đợt tập huấn đã tổ chức" in held.by_id["round-timeline"]


async def test_recommendations_say_in_words_how_far_they_are_the_overdue_first(world: StoryWorld, story: Any):
    late = (day_of(system_clock()) - date(2026, 1, 31)).days
    page = Reading(await world.page("/kiem-tra", story["province"]))
    advice = page.by_id["inspections-advice"]
    assert f"quá hạn {late} ngày (hạn 31/01/2026)" in advice
    assert advice.index("Lập sổ") < advice.index("Ký quy chế")
    assert "đã khắc phục ngày 01/12/2025, chưa kiểm tra lại" in advice
    public = Reading(await world.page(f"/kiem-tra/{story['inspection']}"))
    assert "Sổ" not in public.by_id["inspection-findings"].replace("Sổ cái", "")
    assert "chỉ hiện cho người đăng nhập" in public.by_id["inspection-findings"]


async def test_an_event_shows_its_way_from_the_command_to_the_figures(world: StoryWorld, story: Any):
    page = Reading(await world.page(f"/su-kien/{story['event']}", story["officer"]))
    chain = page.by_id["event-chain"]
    steps = ["Lệnh", "Sự kiện", "Nhật ký", "Kafka", "Sổ cái", "Con số"]
    assert [chain.index(f"{step} ") for step in steps] == sorted(chain.index(f"{step} ") for step in steps)
    assert "chủ đề clubs.events, phân vùng" in chain
    assert "Chưa lên Kafka" in chain
    assert "Sổ cái đã đọc và ghi" in chain
    assert "Thành viên : +1" in chain
    assert f"/clb/{story['club']}#v4" in page.links


async def test_an_event_names_its_places_and_has_their_codes_in_small_beside(world: StoryWorld, story: Any):
    told = await world.services["clubs"].client.get(f"/v1/clubs/{story['club']}", headers=story["officer"])
    founded = told.json()["timeline"][-1]["event_id"]
    answer = await world.page(f"/su-kien/{founded}", story["officer"])
    assert "Xã, phường phường Ba Đình, Hà Nội 34:00004" in Reading(answer).by_id["event-said"]
    assert '<span class="small id">34:00004</span>' in answer.text
    public = Reading(await world.page(f"/tap-huan/{story['round']}", story["province"]))
    (held,) = {str(each) for each in public.links if each and each.startswith("/su-kien/")}
    said = Reading(await world.page(held, await world.token("centre", side="state"))).by_id["event-said"]
    assert "Địa điểm Hà Nội 34:01" in said
    assert "Lâm Đồng 34:68" in said


async def test_the_event_of_a_published_figure_names_its_file_and_the_line_there(world: StoryWorld, story: Any):
    (command, *_) = commands_of(
        read_points("date,area,metric,value,source\n2024,Gia Lai [63],clubs_total,50,báo\n".encode(), load()).points, "diem.csv"
    )
    centre = await world.token("centre", side="state")
    told = await world.tell(command.type, centre, **command.data)
    await world.follow()
    page = Reading(await world.page(f"/su-kien/{told['events'][0]['id']}", centre))
    assert "đọc từ tệp diem.csv, dòng 2" in page.by_id["event-chain"]
    assert "Dòng trong tệp 2" in page.by_id["event-said"]


async def test_a_service_that_is_down_costs_its_own_part_of_the_page(world: StoryWorld, story: Any):
    async def with_down(name: str, path: str) -> httpx.Response:
        world.wires[name].down = True
        try:
            return await world.page(path, story["officer"])
        finally:
            world.wires[name].down = False

    club = Reading(await with_down("trainings", f"/clb/{story['club']}"))
    assert "Chưa xem được: ban chủ nhiệm đã được tập huấn hay chưa" in club.by_id["club-missing"]
    assert "v4" in club.by_id
    numbers = await with_down("clubs", f"/clb/{story['club']}")
    assert numbers.status_code == 200
    assert "Thành viên 53" in Reading(numbers).by_id["club-numbers"]
    assert "Chưa xem được: thông tin và dòng thời gian" in Reading(numbers).text
    rounds = await with_down("trainings", "/tap-huan?year=2025")
    assert rounds.status_code == 200
    assert "Chưa xem được: danh sách đợt tập huấn" in Reading(rounds).text
    assert (await with_down("trainings", f"/tap-huan/{story['round']}")).status_code == 503
    advice = await with_down("monitoring", "/kiem-tra")
    assert advice.status_code == 200
    assert "Chưa xem được: kiến nghị" in Reading(advice).text


async def test_a_choice_of_the_clocks_is_carried_along_and_changes_nothing_here(world: StoryWorld, story: Any):
    answer = await world.page(f"/clb/{story['club']}?as_of=2025-12-31", story["officer"])
    page = Reading(answer)
    assert "ĐANG XEM QUÁ KHỨ" not in page.text
    assert "Thành viên 53" in page.by_id["club-numbers"]
    assert "/tinh/34:01?as_of=2025-12-31" in page.links


async def test_the_pages_speak_english_too(world: StoryWorld, story: Any):
    page = Reading(await world.page(f"/clb/{story['club']}?lang=en", story["officer"]))
    assert "Members reported as of 30 Jun 2026: 52 people, of whom 38 women, 34 older people" in page.by_id["v3"]


def test_the_months_that_a_club_owes_are_whole_ones_since_its_founding():
    today = date(2026, 3, 2)
    founded = today.replace(year=2025, month=12, day=31)
    assert [each.isoformat() for each in due_months(today, founded)] == ["2026-02-01", "2026-01-01", "2025-12-01"]


def test_what_is_missing_is_said_in_words():
    today = date(2026, 3, 2)
    club: dict[str, Any] = {
        "club": "club-1", "status": "active", "founding": {"founded_on": "2025-12-31"}, "months": ["2025-12-01", "2026-01-01"],
        "members": {"as_of": "2025-02-01", "women": None, "aged_60_plus": 3}, "last_meeting": "2026-01-31",
        "commune_today": {"key": "34:00004", "name": "phường Ba Đình"}, "candidates": [],
    }  # fmt: skip
    todos = Block({"todos": [{"club": "club-1"}]})
    assert [each.words for each in missing_of(club, todos, today, "vi")] == [
        "Chưa báo cáo tháng 02/2026",
        "Báo cáo thành viên đã quá 12 tháng (ngày 01/02/2025)",
        "Báo cáo thành viên gần nhất không ghi số nữ",
        "Ban chủ nhiệm chưa được tập huấn",
    ]
    assert missing_of({**club, "status": "suspended"}, todos, today, "vi") == []


def test_priority_is_read_from_the_regions_of_the_old_map():
    places = load()
    old = PlaceRef(code="62", list="63")
    assert priority_of([old], places) == [("Tây Nguyên", False)]
    assert priority_of([PlaceRef(code="68", list="34")], places) == [("Tây Nguyên", True)]
    assert priority_of([NATION, HA_NOI], places) == []
