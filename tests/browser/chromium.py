"""Finds a Chromium, and starts it for tests: without a window, without its own calls home.

Playwright drives it from Python; its browsers are not downloaded, Debian's Chromium is used. What is missing is said in one
sentence, which skips the tests; where `CI` is set it fails them, because there a skipped test would look like a passed one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "Không có Chromium: cài bằng `sudo apt-get install chromium` hoặc đặt CLB_CHROMIUM. / There is no Chromium: install it "
    "with `sudo apt-get install chromium`, or set CLB_CHROMIUM to the path of a Chromium or Chrome."
)
ARGUMENTS = (
    "--no-sandbox",  # tests may run as root in a container, and open nothing but their own server
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--font-render-hinting=none",
)


def find() -> str | None:
    """`CLB_CHROMIUM` if set, else the first of the usual names on PATH."""
    for name in (os.environ.get("CLB_CHROMIUM", ""), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    return None


def in_ci() -> bool:
    """Whether a missing browser is a failure."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


@asynccontextmanager
async def started(path: str) -> AsyncIterator[Browser]:
    """A running Chromium, ended with all its windows."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()
