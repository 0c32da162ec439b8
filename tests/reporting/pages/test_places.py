"""The pages of places over the real application: sums on the page itself, both maps, order, search, and what is not there.

The numbers of the small country are known by heart: Hà Nội has 2 clubs, Thanh Hóa 1164 declared and 1 counted, old Ninh
Thuận 41 declared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest

from services.reporting.indicators import ALL
from services.reporting.pages.areas import Row, ordered
from shared.reference.book import load
from shared.testing.apps import Running
from tests.reporting.country import DIVIDED

VOID = {"meta", "link", "input", "br", "img", "path", "circle", "line", "polyline", "rect", "polygon", "use"}
COLUMNS = ("clubs-founded", "clubs-active", "members", "older-members")


@dataclass
class Node:
    """An element: its name, attributes and children; texts are strings."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Node | str] = field(default_factory=list["Node | str"])

    def all(self, tag: str = "", **wanted: str) -> list[Node]:
        """Every element inside with a name and some attributes, in order."""
        found: list[Node] = []
        for child in self.children:
            if isinstance(child, Node):
                fits = all(child.attributes.get(name.replace("_", "-")) == value for name, value in wanted.items())
                found += [child] if fits and tag in ("", child.tag) else []
                found += child.all(tag, **wanted)
        return found

    def one(self, tag: str = "", **wanted: str) -> Node:
        (found,) = self.all(tag, **wanted)
        return found

    @property
    def text(self) -> str:
        words = "".join(child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(words.split())


class Tree(HTMLParser):
    """Builds the elements of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open[-1].tag == tag, f"{tag} closes {self._open[-1].tag}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


async def page(country: Running, path: str, status: int = 200, **parameters: str) -> Node:
    answer = await country.client.get(path, params=parameters, headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return Tree(answer.text).root


def amount(cell: Node) -> int:
    """A cell as a number; what nobody reported adds nothing."""
    words = cell.text.replace(".", "")
    return 0 if words == "chưa có số liệu" else int(words.replace("\N{MINUS SIGN}", "-"))


def lines(section: Node) -> dict[str, list[int]]:
    """The rows of a section's table of parts, by key."""
    table = section.one("table", **{"class": "parts"})
    return {
        str(row.attributes["data-key"]): [amount(cell) for cell in row.all("td")]
        for row in table.all("tr")
        if "data-key" in row.attributes
    }


def assert_sums(section: Node) -> list[int]:
    """The rows of the page sum to its total row, and the page says that it checked. Returns the total."""
    rows = lines(section)
    total = rows.pop("total")
    assert [sum(column) for column in zip(*rows.values(), strict=True)] == total
    checks = [each.attributes["data-agree"] for each in section.all("p") if "data-agree" in each.attributes]
    assert checks == (["yes"] if any(total) else checks[:1])
    assert "no" not in checks
    return total


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
    assert "Đang hiện: 1.164" in words
    assert "công bố 29/08/2024" in words
    assert "không hiện, vì chỉ nói về huyện Bá Thước" in words


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
