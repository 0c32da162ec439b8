"""What is true of every form."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from shared.charts import Chart, Dot, hatch
from tests.shared.charts import examples
from tests.shared.charts.reading import NS, all_of, box, lines, root

SHAPES = {"rect", "line", "circle", "path", "polyline", "polygon"}
ELEMENTS = SHAPES | {"svg", "title", "desc", "defs", "pattern", "g", "a", "text"}
FORMS = sorted(examples.everything())
EVIL = '<img src=x onerror="alert(1)">&\'\x00'


@pytest.fixture(params=FORMS)
def chart(request: pytest.FixtureRequest) -> Chart:
    return examples.everything()[request.param]


def test_a_drawing_is_complete_in_itself(chart: Chart) -> None:
    svg = root(chart)
    assert svg.tag == NS + "svg"
    assert {e.tag.removeprefix(NS) for e in svg.iter()} <= ELEMENTS
    assert "style" not in {attribute for e in svg.iter() for attribute in e.attrib}
    assert "class" not in {attribute for e in svg.iter() for attribute in e.attrib}
    assert not [a for e in svg.iter() for a in e.attrib if a.startswith("on")]
    assert svg.get("font-family") == "Be Vietnam Pro, Noto Sans, system-ui, sans-serif"
    width, height = box(svg)
    assert (float(svg.get("width", "")), float(svg.get("height", ""))) == (width, height)


def test_a_drawing_is_named_by_its_title_and_sentence(chart: Chart) -> None:
    svg = root(chart)
    named = {e.get("id"): e.text for e in svg if e.tag in (NS + "title", NS + "desc")}
    assert [named[id] for id in svg.get("aria-labelledby", "").split()] == [chart.title, chart.sentence]


def test_an_image_holds_no_link_and_a_drawing_with_links_is_a_group(chart: Chart) -> None:
    svg = root(chart)
    assert svg.get("role") == ("group" if all_of(svg, "a") else "img")


def test_every_link_has_a_name(chart: Chart) -> None:
    for link in all_of(root(chart), "a"):
        assert link.get("href", "").startswith("/")
        assert "".join(link.itertext()).strip()


def test_all_ids_of_a_drawing_are_its_own(chart: Chart) -> None:
    ids = [e.get("id", "") for e in root(chart).iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(id == ids[0] or id.startswith(ids[0] + "-") for id in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", chart.svg)) <= set(ids)


def test_every_text_lies_inside_the_drawing(chart: Chart) -> None:
    svg = root(chart)
    width, height = box(svg)
    for line in lines(svg):
        assert line.left >= -1.5, line
        assert line.right <= width + 1.5, line
        assert line.top >= 0, line
        assert line.bottom <= height + 0.5, line


def test_no_text_lies_on_another(chart: Chart) -> None:
    for one, other in combinations(lines(root(chart)), 2):
        apart = one.right <= other.left or other.right <= one.left or one.bottom - 3 <= other.top or other.bottom - 3 <= one.top
        assert apart, (one, other)


def test_words_can_be_read_on_a_narrow_phone(chart: Chart) -> None:
    svg = root(chart)
    width = box(svg)[0]
    shown = 640 if width > 360 else 360 if len(all_of(svg, "pattern")) == 5 else 320
    assert min(line.size for line in lines(svg)) * min(1, shown / width) >= 10.9


def test_the_words_are_dark_or_white(chart: Chart) -> None:
    assert {line.fill for line in lines(root(chart))} <= {"#3D3D3D", "#12436D", "#801650", "#FFFFFF"}


def test_the_table_has_as_many_cells_in_each_row_as_its_header(chart: Chart) -> None:
    assert chart.table.rows
    assert {len(row) for row in chart.table.rows} == {len(chart.table.header)}


def test_the_same_input_gives_the_same_bytes() -> None:
    again = examples.everything.__wrapped__()
    assert again == examples.everything()
    assert again is not examples.everything()


@pytest.mark.parametrize("form", FORMS)
def test_a_name_with_markup_is_text(form: str) -> None:
    chart = examples.everything(EVIL)[form]
    assert "<img" not in chart.svg
    assert "\x00" not in chart.svg
    assert NS + "img" not in {e.tag for e in root(chart).iter()}
    if form not in ("unknown bullet", "forecast", "tiles 63", "multiples"):
        assert "&lt;img src=x onerror=" in chart.svg


def test_words_that_are_too_long_are_shortened_and_stay_inside() -> None:
    long = "một câu rất dài không ai đọc hết được trên một màn hình nhỏ của điện thoại"
    marks = {"target": examples.mark(2900, long), "expected": examples.mark(1900, long)}
    for chart in (
        examples.bullet(long, **marks).draw(),
        examples.funding(long).draw(),
        examples.spark(1, 2, name=long, target=examples.amount(3), target_label=long).draw(),
        examples.multiples(long).sheet(),
        examples.waterfall(label=long).draw(),
    ):
        svg = root(chart)
        assert all(line.left >= -1.5 and line.right <= box(svg)[0] + 1.5 for line in lines(svg))
        assert any("…" in line.text for line in lines(svg))


def test_a_link_leads_to_a_page_only() -> None:
    with pytest.raises(ValueError, match="leads to a page"):
        examples.dots(Dot("Huế", None, href="javascript:alert(1)")).draw()


@pytest.mark.parametrize("id", ["", "1a", 'a"b', "a b", "a)"])
def test_an_id_that_could_break_out_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match="an id is"):
        examples.simple(1, id=id).draw()
    with pytest.raises(ValueError, match="an id is"):
        hatch(id, "#FFFFFF", "#000000")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a number"):
        examples.amount(value)
