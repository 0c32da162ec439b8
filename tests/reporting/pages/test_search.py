"""Searching for places and clubs without diacritics and in both spellings, and the page of definitions."""

from __future__ import annotations

import pytest

from services.reporting.indicators import ALL
from shared.testing.apps import Running
from tests.reporting.pages.tree import Tree, page


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("thanh hoa", "34:38"), ("Thanh Hoá", "34:38"), ("THANH HÓA", "34:38"), ("tinh thanh hoa", "34:38"),
        ("tp hcm", "34:79"), ("hcm", "34:79"), ("TP. Hồ Chí Minh", "34:79"), ("ninh thuan", "63:58"), ("đắk lắk", "34:66"),
        ("dak lak", "34:66"),
    ],
)  # fmt: skip
async def test_search_needs_no_diacritics_and_knows_both_spellings(country: Running, words: str, first: str) -> None:
    found = await page(country, "/tim", q=words)
    assert found.one("section", id="provinces").all("li")[0].attributes["data-key"] == first


async def test_search_shows_the_way_from_old_to_new_and_back(country: Running) -> None:
    old = (await page(country, "/tim", q="ninh thuan")).one("li", data_key="63:58")
    assert old.text == "Ninh Thuận (63) nay thuộc Khánh Hòa"
    new = (await page(country, "/tim", q="khanh hoa")).one("li", data_key="34:56")
    assert "gồm Khánh Hòa, Ninh Thuận" in new.text


async def test_search_results_stand_in_the_order_of_the_alphabet(country: Running) -> None:
    section = (await page(country, "/tim", q="c")).one("section", id="provinces")
    names = [each.all("a")[0].text for each in section.all("li") if str(each.attributes["data-key"]).startswith("34:")]
    wanted = [name for name in ("Cà Mau", "Cao Bằng", "Cần Thơ") if name in names]
    assert [name for name in names if name in wanted] == ["Cà Mau", "Cao Bằng", "Cần Thơ"]


async def test_a_search_for_nothing_known_says_what_to_try_and_repeats_no_markup(country: Running) -> None:
    typed = "<img src=x onerror=alert(1)>"
    answer = await country.client.get("/tim", params={"q": typed})
    assert "<img src=x" not in answer.text
    found = Tree(answer.text).root
    assert typed in found.text
    assert "Không cần gõ dấu" in found.text


async def test_every_indicator_is_explained_and_opens_to_its_national_number(country: Running) -> None:
    found = await page(country, "/chi-tieu")
    for each in ALL:
        article = found.one("article", id=each.slug)
        assert each.title.vi in article.text
        assert each.text.vi in article.text
        assert str(article.one("a", data_mark=each.slug).attributes["href"]).startswith("/so/")


async def test_a_search_that_is_too_long_is_told_so_beside_the_box_and_counted_as_one_reads_it(country: Running) -> None:
    letters = "e\u0323\u0302" * 80
    assert len(letters) == 240
    await page(country, "/tim", q=letters)
    found = await page(country, "/tim", 422, q=f"{letters}a")
    assert "81 ký tự" in found.text
    box = found.one("main").one("input", name="q")
    assert box.attributes["value"] == "\u1ec7" * 80 + "a"


async def test_an_example_of_a_definition_is_written_with_points_between_thousands(country: Running) -> None:
    text = (await page(country, "/chi-tieu")).text
    assert "516; 1.164; 0" in text
    assert "1164" not in text
