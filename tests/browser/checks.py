"""What is asked of every page: no error in the console, nothing from elsewhere, no scrolling sideways, WCAG 2.2 AA."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request

WCAG_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")

_STICKING_OUT = """() => {
    const width = document.documentElement.clientWidth;
    const clipped = (element) => {
        for (let each = element.parentElement; each && each !== document.body; each = each.parentElement)
            if (getComputedStyle(each).overflowX !== 'visible') return true;
        return false;
    };
    const out = [...document.body.querySelectorAll('*')]
        .filter((each) => each.getBoundingClientRect().right > width + 1 && !clipped(each))
        .map((each) => `<${each.localName} class="${each.getAttribute('class') ?? ''}"> to ${
            Math.round(each.getBoundingClientRect().right)}: ${(each.textContent ?? '').trim().slice(0, 60)}`);
    return { page: document.documentElement.scrollWidth, window: width, out: out.slice(0, 8) };
}"""

_RUN_AXE = """async (tags) => {
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    return found.violations.flatMap((rule) => rule.nodes.map((node) =>
        `${rule.id} (${rule.impact}): ${node.target.join(' ')}\\n    ${node.html.slice(0, 200)}\\n    ${
            (node.failureSummary ?? '').replaceAll('\\n', ' ')}`));
}"""


@dataclass
class Watch:
    """What went wrong in the pages of a test: errors of the console and of scripts, and requests to other hosts."""

    own_host: str
    errors: list[str] = field(default_factory=list[str])
    foreign: list[str] = field(default_factory=list[str])
    _expected: list[str] = field(default_factory=list[str])

    def expect(self, text: str) -> None:
        """An error whose text holds this is what the test wants, such as `status of 404`."""
        self._expected.append(text)

    def follow(self, context: BrowserContext) -> None:
        """Listen to all pages of a context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(f"script: {error.error}"))
        context.on("request", self._request)

    def check(self) -> None:
        """Both lists are empty, but for what was expected."""
        unexpected = [error for error in self.errors if not any(text in error for text in self._expected)]
        assert not unexpected, "errors in the console:\n" + "\n".join(unexpected)
        assert not self.foreign, "requests to other hosts:\n" + "\n".join(self.foreign)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != self.own_host:
            self.foreign.append(request.url)


async def assert_no_sideways_scroll(page: Page) -> None:
    """The page is no wider than the window. Says what sticks out."""
    found: dict[str, Any] = await page.evaluate(_STICKING_OUT)
    assert found["page"] <= found["window"], f"{found['page']} px in {found['window']} px:\n" + "\n".join(found["out"])


async def assert_accessible(page: Page) -> None:
    """axe-core finds nothing against WCAG 2.2 AA. Names each rule and each place.

    axe is evaluated from outside, as a developer's console would: the page's own policy stays in force.
    """
    await page.evaluate(_axe())
    violations: list[str] = await page.evaluate(_RUN_AXE, list(WCAG_AA))
    assert not violations, f"{page.url}\n" + "\n".join(violations)


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
