"""Signing in as a person does: the sign-in page, a token pasted, the button."""

from __future__ import annotations

from playwright.async_api import Page


async def sign_in(page: Page, token: str) -> None:
    """The window ends on the page that the site shows first to this person, with the cookie of a session."""
    await page.goto("/dang-nhap")
    await page.locator("#key").fill(token)
    async with page.expect_navigation():
        await page.locator("main form button").first.click()
    assert "/dang-nhap" not in page.url, await page.locator("main").inner_text()
