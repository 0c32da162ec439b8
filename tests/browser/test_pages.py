"""Every main page at both widths, and what pages promise: live, opened to the event, the past as past, sums on both maps."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.browser.checks import Watch, assert_accessible, assert_no_sideways_scroll
from tests.browser.conftest import Opener
from tests.browser.country import BA_DINH, CLUBS, INSPECTION, ROUND, TODAY
from tests.browser.system import System

PUBLIC = (
    "/",
    "/?as_of=2023-12-31",
    "/viec",
    "/nguon",
    "/so-sanh",
    "/chi-tieu",
    "/tim?q=thanh+hoa",
    "/tinh/34:38",
    "/tinh/63:58",
    "/vung/bac-trung-bo",
    "/xa/34:00004",
    "/tap-huan",
    f"/tap-huan/{ROUND}",
    "/kiem-tra",
    f"/kiem-tra/{INSPECTION}",
    "/dang-nhap",
    "/so",
)
OF_HOLDERS = (f"/clb/{CLUBS[3].stream}", "/xa/34:15835", "/nhap", f"/nhap/thang/{CLUBS[3].stream}", "/dang-nhap/dien-thoai")


async def _open(page: Page, path: str) -> None:
    answer = await page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    assert await page.locator("h1").count() == 1, path


@pytest.mark.parametrize("width", [1280, 768, 360])
@pytest.mark.parametrize("role", [None, "province"])
async def test_every_page_is_accessible_and_never_scrolls_sideways(open_page: Opener, role: str | None, width: int) -> None:
    page = await open_page(width, role=role)
    for path in PUBLIC if role is None else OF_HOLDERS:
        await _open(page, path)
        await assert_no_sideways_scroll(page)
        await assert_accessible(page)


@pytest.mark.parametrize("width", [1280, 768, 360])
@pytest.mark.parametrize("kind", ["late", "open", "done", "beside"])
async def test_a_row_that_names_every_province_breaks_its_lines(open_page: Opener, width: int, kind: str) -> None:
    page = await open_page(width)
    await _open(page, "/tap-huan")
    row = f'<ul class="todo"><li class="{kind}"><p>{"Thái Nguyên, " * 34}</p></li></ul>'
    await page.evaluate("(row) => document.querySelector('main').insertAdjacentHTML('beforeend', row)", row)
    await assert_no_sideways_scroll(page)


@pytest.mark.parametrize("width", [1280, 360])
async def test_what_another_client_commits_changes_the_open_page_without_a_jump(
    open_page: Opener, system: System, width: int
) -> None:
    page = await open_page(width)
    await _open(page, "/")
    await expect(page.locator("#live-state")).to_have_class(re.compile(r"\bon\b"))
    existing = page.locator("[data-mark='clubs-existing']").first
    before = int((await existing.inner_text()).replace(".", ""))
    await page.evaluate("() => { window.kept = document.getElementById('row-members'); document.body.dataset.same = 'yes' }")
    top = await page.locator("#map-title").bounding_box()
    await system.send("centre", _founding())
    await expect(existing).to_have_text(f"{before + 1:,}".replace(",", "."))
    assert await page.evaluate("document.body.dataset.same") == "yes"
    assert await page.locator("#map-title").bounding_box() == top
    await expect(page.locator(".changed").first).to_be_visible()


async def test_after_the_connection_broke_nothing_is_missed(open_page: Opener, system: System, watch: Watch) -> None:
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page = await open_page(1280)
    await _open(page, "/")
    existing = page.locator("[data-mark='clubs-existing']").first
    await expect(page.locator("#live-state")).to_have_class(re.compile(r"\bon\b"))
    before = int((await existing.inner_text()).replace(".", ""))
    await page.context.set_offline(True)
    await system.send("centre", _founding())
    await page.wait_for_timeout(1500)
    assert await existing.inner_text() == f"{before:,}".replace(",", ".")
    await page.context.set_offline(False)
    await expect(existing).to_have_text(f"{before + 1:,}".replace(",", "."))


async def test_where_streams_are_blocked_the_page_polls_and_says_so(open_page: Opener, system: System, watch: Watch) -> None:
    watch.expect("ERR_FAILED")
    page = await open_page(1280)
    await page.context.route("**/v1/stream*", lambda route: route.abort())
    await page.clock.install()
    await _open(page, "/")
    await page.clock.run_for(6_000)
    await expect(page.locator("#live-state")).to_contain_text("15 giây")
    existing = page.locator("[data-mark='clubs-existing']").first
    before = int((await existing.inner_text()).replace(".", ""))
    await system.send("centre", _founding())
    await page.clock.run_for(16_000)
    await expect(existing).to_have_text(f"{before + 1:,}".replace(",", "."))


async def test_a_figure_opens_down_to_its_event(open_page: Opener) -> None:
    page = await open_page(1280, role="centre")
    await _open(page, "/tinh/34:56")
    await page.locator("[data-mark$='members']").first.click()
    await expect(page.locator("h1")).to_have_count(1)
    assert "/so/" in page.url
    await expect(page.locator("main")).to_contain_text("Cộng các bút toán")
    await page.locator("a[href*='/su-kien/']").first.click()
    assert "/su-kien/" in page.url
    await expect(page.locator("main")).to_contain_text(CLUBS[4].stream)


async def test_the_past_is_shown_as_past(both: Page) -> None:
    await _open(both, "/?as_of=2023-12-31")
    await expect(both.locator(".past-banner")).to_contain_text("ĐANG XEM QUÁ KHỨ")
    await expect(both.locator(".past-banner")).to_contain_text("31/12/2023")
    assert await both.locator("#content").get_attribute("data-after") is None
    await both.get_by_role("link", name="Về hiện tại").click()
    await expect(both.locator(".past-banner")).to_have_count(0)


@pytest.mark.parametrize("map_", ["34", "63"])
async def test_the_rows_of_either_map_sum_to_the_nation_on_the_page_itself(page: Page, map_: str) -> None:
    await _open(page, f"/?map={map_}")
    rows: list[list[str]] = await page.evaluate(
        """() => [...document.querySelectorAll('table.provinces tbody tr')]
            .map((row) => [...row.querySelectorAll('td')].map((td) => td.innerText))"""
    )
    *parts, total = rows
    assert len(parts) >= int(map_)
    for column in range(2):
        said = [row[column].strip().replace(".", "") for row in parts]
        assert sum(int(text) for text in said if text.lstrip("−").isdigit()) == int(total[column].replace(".", ""))


async def test_the_nation_is_worked_by_keyboard_alone(page: Page) -> None:
    await _open(page, "/")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('#headlines a.value')"):
            break
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert "/so/" in page.url


async def test_the_table_is_sorted_by_its_headings_and_the_map_shows_another_indicator(page: Page) -> None:
    await _open(page, "/")
    await page.locator("table.provinces thead a").nth(1).click()
    await expect(page.locator("th[aria-sort=descending]")).to_have_count(1)
    first = await page.locator("table.provinces tbody tr").first.locator("td").first.inner_text()
    second = await page.locator("table.provinces tbody tr").nth(1).locator("td").first.inner_text()
    assert int(first.replace(".", "")) >= int(second.replace(".", ""))
    await page.locator(".choices a", has_text="Thành viên").first.click()
    await expect(page.locator("#map-title")).to_contain_text("Thành viên")


async def test_the_front_keeps_the_session_of_one_visitor_from_the_next(open_page: Opener, system: System) -> None:
    """Seen to fail while the front's own HTTP client kept cookies."""
    page = await open_page(360, role="commune")
    await page.goto("/nhap")
    async with system.client() as nobody:
        answer = await nobody.get("/nhap", headers={"accept": "text/html"}, follow_redirects=False)
        home = await nobody.get("/", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/dang-nhap")
    assert "Đăng xuất" not in home.text


def _founding() -> str:
    data = {
        "name": f"CLB mới {uuid4().hex[:6]}",
        "commune": BA_DINH,
        "founded_on": (TODAY - timedelta(days=5)).isoformat(),
        "village": f"Tổ {uuid4().hex[:4]}",
    }
    return json.dumps({"id": str(uuid4()), "type": "clubs.found-club", "data": data})
