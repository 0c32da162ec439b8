"""The pages of places over the real application: sums on the page itself, both maps, order, search, and what is not there.

The numbers of the small country are known by heart: Hà Nội has 2 clubs, Thanh Hóa 1164 declared and 1 counted, old Ninh
Thuận 41 declared.
"""

from __future__ import annotations

from typing import Any

import pytest

from services.reporting.pages.areas import Row, ordered
from shared.reference.book import load
from shared.testing.apps import Running
from tests.reporting.country import DIVIDED
from tests.reporting.pages.tree import assert_sums, lines, page

COLUMNS = ("clubs-founded", "clubs-active", "members", "older-members")


@pytest.mark.parametrize(
    ("key", "clubs"), [("34:01", 2), ("63:01", 2), ("34:38", 1164), ("63:38", 1164), ("34:56", 41), ("63:58", 41)]
)
async def test_the_lines_of_a_province_sum_to_its_number_on_both_maps(country: Running, key: str, clubs: int) -> None:
    section = (await page(country, f"/tinh/{key}")).one("section", id="communes")
    assert assert_sums(section)[0] == clubs


async def test_old_provinces_sum_to_the_merged_one_and_each_is_a_link_to_its_own_page(country: Running) -> None:
    found = await page(country, "/tinh/34:56")
    section = found.one("section", id="olds")
    assert assert_sums(section)[0] == 41
    assert lines(section)["63:58"][0] == 41
    assert "Khánh Hòa = Khánh Hòa cũ + Ninh Thuận cũ" in section.text
    assert "/tinh/63:58?map=63" in {each.attributes["href"] for each in section.all("a")}


async def test_both_maps_sum_to_the_same_nation_over_the_pages_of_their_regions(country: Running) -> None:
    totals: dict[str, int] = {}
    provinces: dict[str, int] = {}
    for map_ in ("34", "63"):
        sections = [
            (await page(country, f"/vung/{region.slug}", map=map_)).one("section", id="provinces")
            for region in load().regions(map_)
        ]
        totals[map_] = sum(assert_sums(section)[0] for section in sections)
        provinces[map_] = sum(len(lines(section)) - 1 for section in sections)
    assert totals == {"34": 2 + 1164 + 41, "63": 2 + 1164 + 41}
    assert provinces == {"34": 34, "63": 63}


async def test_a_divided_commune_is_a_line_that_waits_and_says_between_whom(country: Running) -> None:
    found = await page(country, "/tinh/34:38")
    row = found.one("tr", data_key=DIVIDED.key)
    assert row.attributes["class"] == "waits"
    assert "chờ phân định" in row.text
    for each in load().locate(DIVIDED, "34").candidates:
        assert load().name(each) in row.text
    old = await page(country, "/tinh/63:38")
    assert "chờ phân định" not in old.one("tr", data_key=DIVIDED.key).text


async def test_a_province_says_which_source_it_shows_and_why_not_the_others(country: Running) -> None:
    words = (await page(country, "/tinh/34:38")).one("section", id="sources").text
    assert "Số của nơi này: 1.164" in words
    assert "công bố 29/08/2024" in words
    assert "không hiện, vì chỉ nói về huyện Bá Thước" in words


async def test_what_is_counted_in_a_year_says_the_year_and_the_cards_say_of_which_day_they_are(country: Running) -> None:
    found = (await page(country, "/tinh/34:01", as_of="2026-02-05")).one("section", id="headlines")
    assert "Tính đến ngày 05/02/2026" in found.text
    titles = {each.text for each in found.all("h3")}
    assert {"Mọi đợt tập huấn năm 2026, đến ngày 05/02/2026", "Thành viên", "CLB đã thành lập"} <= titles
    for path, row in (("/", "row-training-rounds"), ("/vung/dong-bang-song-hong", "headlines"), ("/xa/34:00004", "headlines")):
        words = (await page(country, path, as_of="2025-12-31")).one(id=row).text
        assert "năm 2025, đến ngày 31/12/2025" in words, path


async def test_a_warning_says_what_lacks_and_where_to_look(country: Running) -> None:
    note = (await page(country, "/tinh/34:01")).one("div", id="lacking")
    assert "Số liệu chưa đủ: 2 trong 2 CLB chưa gửi báo cáo tháng 02/2026" in note.text
    assert [each.attributes["href"] for each in note.all("a")] == ["#communes"]
    silent = (await page(country, "/tinh/34:04")).one("div", id="lacking")
    assert "Chưa nhận được sự kiện nào của tỉnh này" in silent.text
    assert [each.attributes["href"] for each in silent.all("a")] == ["/nguon#provinces"]
    commune = (await page(country, "/xa/34:00004")).one("div", id="lacking")
    assert [each.attributes["href"] for each in commune.all("a")] == ["#clubs"]


async def test_a_table_is_sorted_by_the_heading_that_was_pressed_and_says_so(country: Running) -> None:
    section = (await page(country, "/tinh/34:38", sort="members")).one("section", id="communes")
    (heading,) = [each for each in section.all("th") if "aria-sort" in each.attributes]
    assert heading.attributes["aria-sort"] == "descending"
    assert "dir=asc" in str(heading.one("a").attributes["href"])
    values = [row[2] for key, row in lines(section).items() if key not in ("total", "none")]
    assert values == sorted(values, reverse=True)
    await page(country, "/tinh/34:38", status=422, sort="secret")


def test_names_sort_as_vietnamese_does_and_the_rest_stays_last() -> None:
    book = load()
    keys = [book.province_named(name, "34") for name in ("Đà Nẵng", "Cần Thơ", "Cà Mau", "Cao Bằng")]
    rows = [Row("none", "", None, []), *(Row(each.key, book.name(each), "/", []) for each in keys if each)]
    assert [row.name for row in ordered(rows, book, None, down=False)] == ["Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng", ""]


async def test_a_key_of_the_other_map_shows_its_own_page_and_says_so(country: Running) -> None:
    for path, map_, own in (("/tinh/63:58", "34", "63"), ("/tinh/34:56", "63", "34"), ("/vung/tay-nguyen", "34", "63")):
        found = await page(country, path, map=map_)
        (note,) = [each for each in found.all("p", role="note") if "bản đồ" in each.text]
        assert f"{own} tỉnh, thành" in note.text


async def test_an_old_province_leads_to_the_one_of_today(country: Running) -> None:
    found = await page(country, "/tinh/63:58")
    assert "Từ 01/07/2025 tỉnh này thuộc Khánh Hòa" in found.text
    assert "/tinh/34:56" in {each.attributes.get("href") for each in found.all("a")}


@pytest.mark.parametrize(
    "path",
    ["/tinh/34:99", "/tinh/63:38x", "/tinh/VN", "/tinh/34:00004", "/xa/34:99999", "/xa/34:01", "/vung/none", "/tinh/%00"],
)
async def test_what_is_in_no_list_is_a_page_that_says_so(country: Running, path: str) -> None:
    found = await page(country, path, status=404)
    assert "tìm theo tên" in found.text


async def test_a_province_stands_when_the_other_services_do_not_answer(country: Running) -> None:
    found = await page(country, "/tinh/34:01")
    assert "Chưa lấy được các đợt tập huấn" in found.one("section", id="rounds").text
    assert "Chưa lấy được các đoàn kiểm tra" in found.one("section", id="inspections").text
    assert found.one("a", data_mark="members").text == "100"


async def test_the_past_of_a_province_is_shown_as_past_and_follows_nothing(country: Running) -> None:
    found = await page(country, "/tinh/34:01", as_of="2025-01-31", known_at="2025-01-31")
    assert found.one("a", data_mark="members").text == "50"
    assert "ĐANG XEM QUÁ KHỨ" in found.text
    assert "data-after" not in found.one("main").attributes
    stamp = found.one("p", id="stamp").text
    assert "tháng 12/2024" in stamp
    assert "2026" not in stamp


async def test_a_commune_shows_its_numbers_to_anyone_and_its_clubs_to_nobody(country: Running) -> None:
    found = await page(country, "/xa/34:00004")
    assert found.one("a", data_mark="clubs-founded").text == "2"
    assert found.one("a", data_mark="members").text == "100"
    clubs = found.one("section", id="clubs")
    assert "chỉ hiện cho người phụ trách địa bàn này" in clubs.text
    assert not clubs.all("ul")
    assert "/nhap/" not in "".join(str(each.attributes.get("href")) for each in found.all("a"))


async def test_a_divided_commune_has_a_page_that_says_among_whom_it_was_divided(country: Running) -> None:
    found = await page(country, f"/xa/{DIVIDED.key}")
    assert "bị chia cho" in found.text
    assert found.one("a", data_mark="members").text == "50"


async def test_every_page_of_a_place_has_one_heading_and_no_style_or_script_of_its_own(country: Running) -> None:
    paths = ("/tinh/34:38", "/tinh/63:58", "/tinh/34:56", "/vung/tay-nguyen", "/xa/34:00004", "/tim", "/tim?q=ha", "/chi-tieu")
    for path in paths:
        found = await page(country, path)
        assert len(found.all("h1")) == 1, path
        everything: list[Any] = found.all()
        assert not [each for each in everything if "style" in each.attributes or each.tag == "style"], path
        assert all("src" in each.attributes for each in found.all("script")), path
        ids = [each.attributes["id"] for each in everything if "id" in each.attributes]
        assert len(ids) == len(set(ids)), path


async def test_the_first_days_that_may_be_asked_for_have_a_page(country: Running) -> None:
    for day in ("1990-01-01", "1991-12-31", "1992-02-01"):
        found = await page(country, "/", as_of=day)
        assert found.one("h1").text
