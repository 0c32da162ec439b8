"""The page of a commune for its officer: its clubs, what is missing, the way to the forms, and one's own writes at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.kernel.place import PlaceRef
from shared.testing.apps import THANH_HOA
from tests.reporting.pages.entry.entry_world import BA_DINH, EntryWorld, entry_world
from tests.reporting.pages.tree import Node, Tree

IMG = "<img src=x onerror=alert(1)>"
NGOC_HA = PlaceRef(code="00008", list="34")


@pytest.fixture(scope="module")
async def world(postgres: Any) -> AsyncIterator[EntryWorld]:
    """Two clubs in Ba Đình: one that carries markup in its name and never reported, one that reported its members."""
    async with entry_world(postgres) as found:
        await tell(found, "clubs.found-club", name=IMG, commune=BA_DINH.model_dump(), founded_on="2024-02-20")
        second = await tell(found, "clubs.found-club", name="CLB số 2", commune=BA_DINH.model_dump(), founded_on="2024-03-20")
        members = {"as_of": "2026-06-30", "basis": "counted", "total": 52, "women": 38, "aged_60_plus": 34}
        await tell(found, "clubs.report-members", club=second["stream"], **members)
        await found.follow()
        yield found


async def tell(world: EntryWorld, type: str, **data: Any) -> dict[str, Any]:
    """A command of the commune that must be accepted."""
    headers = {"Authorization": f"Bearer {await world.token()}"}
    answer = await world.clubs.client.post("/v1/commands", json={"type": type, "data": data}, headers=headers)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def page(world: EntryWorld, role: Any, area: PlaceRef, path: str = f"/xa/{BA_DINH.key}") -> tuple[str, Node]:
    async with world.officer(role, area) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text, Tree(answer.text).root


async def test_the_officer_sees_the_clubs_what_is_missing_and_the_forms(world: EntryWorld) -> None:
    html, found = await page(world, "commune", BA_DINH)
    clubs = found.one("ul", **{"class": "clubs"})
    names = [each.text for each in clubs.all("h3")]
    assert sorted(names) == sorted([IMG, "CLB số 2"])
    assert "<img src=x" not in html
    assert len(clubs.all("p", **{"class": "missing"})) == 2
    assert "52 thành viên (30/06/2026)" in clubs.text
    links = {str(each.attributes.get("href")) for each in found.all("a")}
    assert f"/nhap/clb-moi?xa={BA_DINH.key.replace(':', '%3A')}" in links
    assert len([each for each in links if each.startswith("/nhap/thang/club-")]) == 2
    assert len([each for each in links if each.startswith("/nhap/thanh-vien/club-")]) == 2


async def test_the_officers_page_has_no_clocks_unless_one_is_turned(world: EntryWorld) -> None:
    _, now = await page(world, "commune", BA_DINH)
    assert not now.all("details", id="clocks")
    _, past = await page(world, "commune", BA_DINH, f"/xa/{BA_DINH.key}?as_of=2025-01-01")
    assert past.one("details", id="clocks")


async def test_a_reader_of_the_area_sees_the_clubs_and_no_forms(world: EntryWorld) -> None:
    _, found = await page(world, "reader", BA_DINH)
    assert len(found.one("ul", **{"class": "clubs"}).all("li")) == 2
    assert not [each for each in found.all("a") if str(each.attributes.get("href")).startswith("/nhap/")]


@pytest.mark.parametrize(("role", "area"), [("commune", NGOC_HA), ("province", THANH_HOA)])
async def test_an_officer_of_another_area_sees_no_club(world: EntryWorld, role: Any, area: PlaceRef) -> None:
    html, found = await page(world, role, area)
    assert "CLB số 2" not in html
    assert "bạn đang đăng nhập cho" in found.one("section", id="clubs").text


async def test_search_finds_clubs_only_for_their_holders_and_shows_markup_as_text(world: EntryWorld) -> None:
    html, found = await page(world, "commune", BA_DINH, "/tim?q=onerror")
    assert "<img src=x" not in html
    assert IMG in found.one("section", id="clubs").text
    _, other = await page(world, "commune", NGOC_HA, "/tim?q=onerror")
    assert not other.all("section", id="clubs")


async def test_the_figures_stand_when_the_clubs_do_not_answer(world: EntryWorld) -> None:
    world.wire.down = True
    try:
        _, found = await page(world, "commune", BA_DINH)
    finally:
        world.wire.down = False
    assert "Chưa lấy được danh sách câu lạc bộ" in found.one("section", id="clubs").text
    assert found.one("a", data_mark="members").text == "52"


async def test_whoever_comes_back_from_a_form_reads_whether_the_figure_has_it(world: EntryWorld) -> None:
    answer = await tell(world, "clubs.found-club", name="CLB số 3", commune=BA_DINH.model_dump(), founded_on="2024-05-20")
    path = f"/xa/{BA_DINH.key}?cho=clubs:{answer['lane']}:{answer['position']}"
    _, before = await page(world, "commune", BA_DINH, path)
    assert "còn trên đường vào số liệu" in before.one("p", role="status", **{"class": "error arrived"}).text
    assert before.one("a", data_mark="clubs-founded").text == "2"
    await world.follow()
    _, after = await page(world, "commune", BA_DINH, path)
    assert "đã gồm báo cáo vừa gửi" in after.one("p", role="status", **{"class": "notice arrived"}).text
    assert after.one("a", data_mark="clubs-founded").text == "3"
    _, odd = await page(world, "commune", BA_DINH, f"/xa/{BA_DINH.key}?cho=elsewhere:1:1")
    assert "arrived" not in "".join(str(each.attributes.get("class")) for each in odd.all("p"))
