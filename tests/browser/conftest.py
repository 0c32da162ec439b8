"""A Chromium and a whole system with a small country, both started once a session; pages that are watched in every test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page

from tests.browser import chromium
from tests.browser.checks import Watch
from tests.browser.signing import sign_in
from tests.browser.system import System, running

WIDE, NARROW = 1280, 360
HEIGHTS = {WIDE: 800, NARROW: 740}


HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test waits for the whole system, which on a busy machine takes longer than a test may."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(400))


class Opener(Protocol):
    """Opens a watched window at the front address, for nobody or signed in: `await open_page(360, role="province")`."""

    async def __call__(self, width: int = WIDE, *, role: str | None = None, javascript: bool = True) -> Page: ...


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    path = chromium.find()
    if path is None:
        (pytest.fail if chromium.in_ci() else pytest.skip)(chromium.MISSING)
    async with chromium.started(path) as found:
        yield found


@pytest.fixture(scope="package")
async def system(browser: Browser, server_dir: Path, postgres: Any) -> AsyncIterator[System]:
    """After the browser, so that nothing is started where there is none; stopped before the tests of other folders."""
    async with running(server_dir / "browser", postgres) as found:
        yield found


@pytest.fixture
def watch(system: System) -> Watch:
    """What goes wrong in this test's pages; `watch.expect("status of 404")` where an error is wanted."""
    return Watch(urlsplit(system.front).netloc)


@pytest.fixture
async def open_page(browser: Browser, system: System, watch: Watch) -> AsyncIterator[Opener]:
    """At the end of the test no page may have shown an error or asked another host for anything."""
    contexts = []

    async def opened(width: int = WIDE, *, role: str | None = None, javascript: bool = True) -> Page:
        context = await browser.new_context(
            base_url=system.front,
            viewport={"width": width, "height": HEIGHTS.get(width, 800)},
            is_mobile=width == NARROW,
            has_touch=width == NARROW,
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            java_script_enabled=javascript,
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        watch.follow(context)
        page = await context.new_page()
        if role:
            await sign_in(page, system.tokens[role])
        return page

    yield opened
    for context in contexts:
        await context.close()
    watch.check()


@pytest.fixture
async def page(open_page: Opener) -> Page:
    """A window of a desk, 1280 px wide; nobody is signed in."""
    return await open_page(WIDE)


@pytest.fixture
async def phone(open_page: Opener) -> Page:
    """A window of a phone, 360 px wide; nobody is signed in."""
    return await open_page(NARROW)


@pytest.fixture(params=[WIDE, NARROW], ids=["1280px", "360px"])
async def both(request: pytest.FixtureRequest, open_page: Opener) -> Page:
    """The test runs at both widths."""
    return await open_page(request.param)
