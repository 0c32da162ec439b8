"""The national page in a real browser, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

from tests.browser.checks import assert_accessible, assert_no_sideways_scroll
from tests.browser.conftest import Opener
from tests.browser.system import System


async def test_the_nation_opens_with_a_heading_and_scrolls_only_downwards(both: Page) -> None:
    answer = await both.goto("/")
    assert answer is not None
    assert answer.status == 200
    assert await both.locator("h1").count() == 1
    assert await both.locator("html").get_attribute("lang") == "vi"
    await assert_no_sideways_scroll(both)


async def test_the_nation_breaks_no_rule_of_wcag_2_2_aa(both: Page) -> None:
    await both.goto("/")
    await assert_accessible(both)


async def test_what_was_recorded_through_the_front_stands_on_the_page(page: Page) -> None:
    """Commands were sent to the front; the two clubs of Hà Nội came over the log, Kafka and the ledger onto the page."""
    await page.goto("/")
    row = page.get_by_role("row", name="Hà Nội")
    assert (await row.get_by_role("cell").first.inner_text()).strip() == "2"


async def test_who_signs_in_is_greeted_with_a_page_and_no_error(open_page: Opener) -> None:
    page = await open_page(360, role="centre")
    assert page.url.endswith("/")
    await page.locator("summary", has_text="Menu").click()
    assert await page.get_by_role("button", name="Đăng xuất").count() == 1
    await assert_no_sideways_scroll(page)


async def test_what_serves_the_page_has_no_program_on_its_path_and_starts_none(system: System, page: Page) -> None:
    """So neither Node nor anything else is needed to serve pages: scripts and styles are sent as they lie in the package."""
    await page.goto("/")
    for process in system.processes:
        proc = Path(f"/proc/{process.pid}")
        assert b"\0PATH=\0" in b"\0" + (proc / "environ").read_bytes()
        assert not [task for task in (proc / "task").iterdir() if (task / "children").read_text()]


async def test_the_nation_can_be_read_without_a_script(open_page: Opener) -> None:
    page = await open_page(360, javascript=False)
    await page.goto("/")
    assert "Hà Nội" in await page.locator("main, body").first.inner_text()
