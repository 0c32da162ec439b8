"""Vì sao có số này? Every number opens down to its events; the check of the sum is on the page; sources stand side by side."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from services.reporting.indicators import ALL
from shared.testing.apps import HA_NOI, THANH_HOA, Running
from tests.reporting.country import FIRST

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
    assert page.text("basis") == "1.207 = 2 đếm được + 1.205 kê khai"


async def test_both_parts_of_a_share_open_and_each_is_checked(country):
    found = await number(country, "share-women", area="34:01")
    part = await opened(country, found["id"])
    whole = await opened(country, found["id"], component="whole")
    assert part.text("check") == "Tử số: Cộng các bút toán: 45 + kê khai 0 = 45 bằng tử số"
    assert whole.text("check") == "Mẫu số: Cộng các bút toán: 60 + kê khai 0 = 60 bằng mẫu số"
    assert "45 : 60 = 75%" in part.text("opened")


async def test_the_way_goes_from_the_country_down_to_the_event_number_by_number(country):
    token = await country.token("centre")
    path = f"/so/{(await number(country, 'women'))['id']}"
    seen: list[str] = []
    for _ in range(4):
        answer = await country.client.get(path, headers=HTML | token)
        page = Page(answer.text)
        seen.append(page.text("h2"))
        deeper = [link for link in page.links if link.startswith("/so/") and link.partition("?")[0] != path]
        if "club-" in seen[-1]:
            break
        path = deeper[0]
    assert seen == [f"Thành viên nữ, {name}" for name in ("Cả nước", "Hà Nội", "phường Ba Đình", FIRST)]
    assert any(link.startswith("/su-kien/") for link in page.links)
    assert f"/clb/{FIRST}" in page.links


async def test_who_holds_no_token_sees_neither_clubs_nor_senders_and_a_club_asks_for_a_sign_in(country):
    found = await number(country, "members", area="34:00004")
    page = await opened(country, found["id"])
    assert not any("/clb/" in link for link in page.links)
    mine = await opened(country, found["id"], headers=await country.token("province", HA_NOI))
    assert f"/clb/{FIRST}" in mine.links
    assert any("Trung ương" in row for row in mine.texts["tr"])
    others = await opened(country, found["id"], headers=await country.token("province", THANH_HOA))
    assert not any("/clb/" in link for link in others.links)
    club = await country.client.get(
        "/v1/progress", params={"indicator": "members", "area": f"club:{FIRST}"}, headers=await country.token("centre")
    )
    answer = await country.client.get(f"/so/{club.json()['numbers'][0]['id']}", headers=HTML)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/dang-nhap")


async def test_where_sources_disagree_all_stand_with_values_dates_sources_and_why_one_is_shown(country):
    page = await opened(country, (await number(country, "clubs-founded", area="34:38"))["id"])
    said = " ".join(" ".join(page.texts["claims"]).split())
    assert "1.164, kê khai (31/12/2023)" in said
    assert "đang hiện" in said
    assert "công bố ngày 29/08/2024" in said
    assert "8, kê khai (31/12/2023) · huyện Bá Thước không hiện: chỉ nói về huyện Bá Thước, không phải cả địa bàn" in said
    assert "1 cộng từ sổ cái, từng sự kiện không hiện: chưa đủ so với số đã công bố" in said


async def test_what_clubs_report_says_how_many_of_them_have_and_not_that_it_is_complete(country):
    """In Hà Nội both clubs stated their members, and one of the two how many of these are women."""
    for indicator, clubs in (("members", "2 trong 2"), ("women", "1 trong 2")):
        page = await opened(country, (await number(country, indicator, area="34:01"))["id"])
        made = " ".join(" ".join(page.texts["p"]).split())
        assert f"Phần đếm được là của {clubs} câu lạc bộ đã báo cáo số này." in made
        assert "đã đủ" not in made
    clubs = await opened(country, (await number(country, "clubs-founded", area="34:01"))["id"])
    assert "đã báo cáo số này" not in " ".join(clubs.texts["p"])


async def test_an_estimate_is_hatched_and_says_how_it_was_made(country):
    page = await opened(country, (await number(country, "members"))["id"])
    assert "456.470 = 70 x 6.521, ước tính (31/12/2023)" in page.text("estimated-how")
    assert any(tag == "strong" and "estimated" in (attrs.get("class") or "") for tag, attrs in page.tags)


async def test_a_mistyped_id_gets_a_clear_page_with_a_field_to_paste_again(country):
    answer = await country.client.get("/so/430G-XXXX", headers=HTML)
    page = Page(answer.text)
    assert answer.status_code == 404
    assert page.text("h1") == "Không có số liệu nào mang mã này"
    assert any(tag == "input" and attrs.get("name") == "id" and attrs.get("value") == "430G-XXXX" for tag, attrs in page.tags)
    found = await number(country, "members")
    pasted = await country.client.get("/so", params={"id": f" http://x/so/{found['id'].lower()}?page=2 "})
    assert (pasted.status_code, pasted.headers["location"]) == (303, f"/so/{found['id']}")


async def test_a_number_of_another_day_is_shown_as_past_with_todays_beside_it_and_a_fresh_one_is_not(country):
    past = await opened(country, (await number(country, "members", area="34:01", as_of="2025-01-31"))["id"])
    assert "ĐANG XEM QUÁ KHỨ" in past.text("past-banner")
    now = await opened(country, (await number(country, "members", area="34:01"))["id"])
    assert "past-banner" not in now.texts


async def test_a_number_that_was_revised_since_says_so_and_leads_to_the_reasons(country):
    old = await number(country, "members", area="34:01", as_of="2025-01-31", known_at="2025-01-31")
    page = await opened(country, old["id"])
    assert page.text("value") == "50"
    assert "Theo những gì biết đến nay, số của ngày này là 60" in page.text("notice")
    assert any(link.startswith("/so-sanh?") and "a_known_at=2025-01-31" in link for link in page.links)


@pytest.mark.parametrize(("lang", "words"), [("vi", "Thành viên, Hà Nội, tính đến ngày"), ("en", "Members, Hà Nội, as of")])
async def test_a_citation_says_everything_and_its_link_opens_the_same_number(country, lang, words):
    found = await number(country, "members", area="34:01")
    text = (await opened(country, found["id"], lang=lang)).text("textarea")
    assert text.startswith(words)
    assert "100" in text
    assert text.endswith(f"http://service/so/{found['id']}")
    country.client.cookies.clear()
