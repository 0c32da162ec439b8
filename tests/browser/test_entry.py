"""An officer of a commune with a phone: founds a club by keyboard alone, and sees it on the commune's page at once."""

from __future__ import annotations

import time
from datetime import timedelta

from playwright.async_api import Page

from tests.browser.checks import Watch, assert_accessible, assert_no_sideways_scroll
from tests.browser.conftest import NARROW, Opener
from tests.browser.country import CLUBS, TODAY

COMMUNE = "/xa/34:15835"


async def checked(page: Page) -> None:
    await assert_no_sideways_scroll(page)
    await assert_accessible(page)


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the field of a name has the focus, as somebody without a mouse does."""
    for _ in range(60):
        if await page.evaluate("document.activeElement.name || document.activeElement.localName") == name:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no way to {name} by keyboard")


async def test_a_club_is_founded_by_keyboard_and_stands_on_the_communes_page_at_once(open_page: Opener, watch: Watch) -> None:
    watch.expect("status of 422")
    page = await open_page(NARROW, role="commune")
    await page.goto("/nhap/clb-moi")
    await checked(page)
    await tab_to(page, "name")
    await page.keyboard.type("CLB liên thế hệ thôn Đồng")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#summary")
    assert await page.evaluate("document.activeElement.id") == "summary"
    assert await page.locator("#f-name").input_value() == "CLB liên thế hệ thôn Đồng"
    await checked(page)
    await page.locator("#f-founded_on").fill((TODAY - timedelta(days=3)).isoformat())
    for name, number in (("members.total", "52"), ("members.aged_60_plus", "34"), ("members.women", "38")):
        await tab_to(page, name)
        await page.keyboard.type(number)
    began = time.monotonic()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/nhap/bien-nhan/**")
    await page.locator(f"a[href^='{COMMUNE}?cho=']").click()
    await page.wait_for_url(f"**{COMMUNE}?cho=**")
    assert "CLB liên thế hệ thôn Đồng" in await page.locator("main").inner_text()
    assert time.monotonic() - began < 10  # 2 s on a machine that does nothing else
    await page.go_back()
    await checked(page)


async def test_every_form_of_a_club_is_readable_and_accessible_on_a_phone_without_scripts(open_page: Opener) -> None:
    page = await open_page(NARROW, role="commune")
    for path in ("/nhap", *(f"/nhap/{kind}/{CLUBS[3].stream}" for kind in ("thang", "thanh-vien", "kien-toan"))):
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert await page.locator("h1").count() == 1
        await checked(page)
    plain = await open_page(NARROW, role="commune", javascript=False)
    await plain.goto(f"/nhap/thang/{CLUBS[3].stream}")
    await plain.locator("input[name=meeting_held][value=khong]").check()
    await plain.locator("form .send button").click()
    await plain.wait_for_url("**/nhap/bien-nhan/**")
    assert CLUBS[3].name in await plain.locator("main").inner_text()
