"""Vì sao có số này? Every number opens down to its events; the check of the sum is on the page; sources stand side by side."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from services.reporting.indicators import ALL
from shared.testing.apps import Running

HTML = {"accept": "text/html"}


class Page(HTMLParser):
    """The text of a page by the class of its elements, and its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[tuple[str, list[tuple[str, int]]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        names = [tag, *(given.get("class") or "").split()]
        if tag not in ("meta", "link", "input", "img", "br"):
            for name in names:
                self.texts.setdefault(name, []).append("")
            self._open.append((tag, [(name, len(self.texts[name]) - 1) for name in names]))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for name, index in {each for _, names in self._open for each in names}:
            self.texts[name][index] += data

    def text(self, name: str) -> str:
        return " ".join(self.texts[name][0].split())


async def number(country: Running, indicator: str, **params: str) -> Any:
    answer = await country.client.get("/v1/progress", params={"indicator": indicator, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()["numbers"][0]


async def opened(country: Running, id: str, headers: dict[str, str] | None = None, **params: str) -> Page:
    answer = await country.client.get(f"/so/{id}", params=params, headers=HTML | (headers or {}))
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


@pytest.mark.parametrize("area", ["VN", "34:38", "34:01", "63:58", "34:00004", "region:dong-nam-bo"])
async def test_every_number_opens_and_its_sum_is_checked_in_one_line(country, area):
    slugs = ",".join(each.slug for each in ALL)
    answer = await country.client.get("/v1/progress", params={"indicator": slugs, "area": area})
    numbers = answer.json()["numbers"]
    assert len(numbers) == len(ALL) >= 37
    for found in numbers:
        page = await opened(country, found["id"])
        assert "bằng" in page.text("check"), found["indicator"]
        assert "failed" not in page.texts, found["indicator"]
        assert found["display"]["vi"] in page.text("big"), found["indicator"]


async def test_the_check_line_says_entries_and_declared_and_their_sum(country):
    found = await number(country, "clubs-founded")
    page = await opened(country, found["id"])
    assert page.text("check") == "Cộng các bút toán: 2 + kê khai 1.205 = 1.207 bằng số trên"
    assert page.text("opened").count("1.207 = 2 đếm được + 1.205 kê khai") == 1
