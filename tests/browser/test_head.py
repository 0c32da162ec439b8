"""The head of every page: little of a phone's screen, one row at a desk, a menu that needs neither pointer nor script."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.checks import assert_accessible, assert_no_sideways_scroll
from tests.browser.conftest import HEIGHTS, NARROW, WIDE, Opener
from tests.browser.country import CLUBS

CLUB = f"/nhap/thang/{CLUBS[3].stream}"
PAGES = {None: ("/", "/?as_of=2023-12-31", "/dang-nhap"), "province": ("/tinh/34:38", "/nhap", CLUB), "commune": ("/viec",)}
IN_THE_MENU = ("Toàn quốc", "Việc cần xử lý", "Tập huấn", "Kiểm tra", "So sánh", "Nguồn số liệu", "English")

# The boxes of all that can be pressed or typed into in the head, as the window shows them.
_TARGETS = """() => [...document.querySelectorAll('header.top :is(a, button, input:not([type=hidden]), summary)')]
    .filter((each) => each.checkVisibility({ contentVisibilityAuto: true }))
    .map((each) => ({ name: each.textContent.trim() || each.name, ...each.getBoundingClientRect().toJSON() }))
    .filter((each) => each.width > 0)"""


async def _height(page: Page) -> float:
    box = await page.locator("header.top").bounding_box()
    assert box is not None
    return box["height"]


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_head_takes_at_most_a_sixth_of_the_screen_of_a_phone(
    open_page: Opener, role: str | None, language: str
) -> None:
    page = await open_page(NARROW, role=role)
    await page.goto(f"/?lang={language}")
    for path in PAGES[role]:
        await page.goto(path)
        assert await _height(page) <= min(110, HEIGHTS[NARROW] / 6), path
        await assert_no_sideways_scroll(page)


@pytest.mark.parametrize("role", [None, "commune", "province", "centre"])
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_head_is_one_row_at_a_desk(open_page: Opener, role: str | None, language: str) -> None:
    """One row: whatever can be pressed lies at the height of the mark, and nothing lies on anything else."""
    page = await open_page(WIDE, role=role)
    await page.goto(f"/?lang={language}")
    assert await _height(page) <= 72
    targets = await page.evaluate(_TARGETS)
    assert len(targets) == (11 if role is None else 13)
    for each in targets:
        assert 0 <= each["top"] < each["bottom"] <= 64, each
        assert each["height"] >= 24, each
        assert each["width"] >= 24, each
    for i, one in enumerate(targets):
        for other in targets[i + 1 :]:
            beside = one["right"] <= other["left"] + 0.5 or other["right"] <= one["left"] + 0.5
            assert beside or one["bottom"] <= other["top"] + 0.5 or other["bottom"] <= one["top"] + 0.5, (one, other)
    assert next(each["width"] for each in targets if each["name"] == "q") >= 96
    await assert_no_sideways_scroll(page)


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_the_menu_of_a_phone_is_opened_by_keyboard(open_page: Opener, javascript: bool) -> None:
    page = await open_page(NARROW, javascript=javascript)
    await page.goto("/")
    link = page.get_by_role("link", name="So sánh", exact=True)
    await expect(link).to_be_hidden()
    for _ in range(3):  # past the way to the content and the mark
        await page.keyboard.press("Tab")
    await expect(page.locator("header.top summary")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(link).to_be_visible()
    for _ in range(5):
        await page.keyboard.press("Tab")
    await expect(link).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/so-sanh")


@pytest.mark.parametrize("role", [None, "province"])
async def test_the_open_menu_of_a_phone_has_everything_and_covers_nothing(open_page: Opener, role: str | None) -> None:
    page = await open_page(NARROW, role=role)
    await page.goto("/viec")
    title = page.locator("h1")
    before = await title.bounding_box()
    await page.locator("header.top summary").click()
    for name in (*IN_THE_MENU, *(["Đăng nhập"] if role is None else ["Nhập số liệu"])):
        await expect(page.locator("header.top").get_by_role("link", name=name, exact=True)).to_be_visible()
    await expect(page.get_by_role("searchbox")).to_be_visible()
    await expect(page.get_by_role("button", name="Đăng xuất")).to_have_count(0 if role is None else 1)
    targets = await page.evaluate(_TARGETS)
    assert min(each["height"] for each in targets) >= 44
    assert min(each["left"] for each in targets) >= 12
    assert max(each["right"] for each in targets) <= NARROW - 12
    mark, menu = (next(each for each in targets if each["name"] == name) for name in ("Liên Thế", "Menu"))
    assert mark["top"] == menu["top"]
    after = await title.bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] > before["y"]
    assert after["y"] >= max(each["bottom"] for each in targets)
    await assert_no_sideways_scroll(page)
    await assert_accessible(page)
