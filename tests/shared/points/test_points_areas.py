"""Areas of published figures: the place on the map that the row names, and the scope below it."""

import unicodedata

import pytest

from shared.kernel.place import NATION, PlaceRef
from shared.reference.book import load
from shared.reference.points.areas import Area, area_of
from shared.reference.points.problem import BadCell


def place(code: str, list: str = "63") -> PlaceRef:
    return PlaceRef.parse(f"{list}:{code}")


@pytest.mark.parametrize(
    ("printed", "area"),
    [
        ("Việt Nam", Area(NATION)),
        ("Việt Nam (SUNI-SEA clubs)", Area(NATION, "SUNI-SEA clubs")),
        ("Thanh Hóa [63]", Area(place("38"))),
        ("Thanh Hoá [63]", Area(place("38"))),
        (unicodedata.normalize("NFD", "Thanh Hóa [63]"), Area(place("38"))),
        ("Tỉnh Thanh Hóa [34]", Area(place("38", "34"))),
        ("Hòa Bình [63]", Area(place("17"))),
        ("Gia Lai [63]", Area(place("64"))),
        ("Gia Lai [34]", Area(place("52", "34"))),
        ("Thừa Thiên Huế [63]", Area(place("46"))),
        ("Thừa Thiên Huế [63] / CLB xã Phong Bình", Area(place("46"), "CLB xã Phong Bình")),
        ("Bà Rịa - Vũng Tàu [63]", Area(place("77"))),
        ("Thanh Hóa [63] / huyện Bá Thước", Area(place("38"), "huyện Bá Thước")),
        ("Hà Nội [63] / huyện Mê Linh / CLB thị trấn Chi Đông", Area(place("01"), "huyện Mê Linh / CLB thị trấn Chi Đông")),
        ("Hải Phòng [34] / CLB thôn Võ Hối (Tân Miên)", Area(place("31", "34"), "CLB thôn Võ Hối (Tân Miên)")),
        ("Hòa Bình [63] (VIE085 clubs only)", Area(place("17"), "VIE085 clubs only")),
        ("Sóc Trăng and Cần Thơ [63]", Area(NATION, "Sóc Trăng and Cần Thơ [63]")),
        ("Province not named in the text found", Area(None)),
        ("Province not named in the text found (208 clubs)", Area(None, "208 clubs")),
    ],
)
def test_a_printed_area_is_a_place_and_what_below_it_is_meant(printed: str, area: Area):
    assert area_of(printed, load()) == area


@pytest.mark.parametrize(
    ("printed", "rule"),
    [
        ("", "unreadable-area"),
        ("Gia Lai", "unreadable-area"),
        ("Gia Lai [61]", "unreadable-area"),
        ("Thanh Hóa [63] huyện Bá Thước", "unreadable-area"),
        ("Hòa Bình [34]", "unknown-province"),
        ("Atlantis [63]", "unknown-province"),
        ("Sóc Trăng and Atlantis [63]", "unknown-province"),
    ],
)
def test_an_area_that_names_no_map_or_no_province_is_refused(printed: str, rule: str):
    with pytest.raises(BadCell) as refusal:
        area_of(printed, load())
    assert refusal.value.rule == rule
