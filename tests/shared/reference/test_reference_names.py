"""How names of places are spelled, found and sorted."""

import unicodedata

import pytest

from shared.reference.book import load
from shared.reference.spelling import plain, same, sort_key

PLACES = load()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Thanh Hóa", "Thanh Hoá"),
        ("Hòa Bình", "Hoà Bình"),
        ("Thúy", "Thuý"),
        ("ĐẮK LẮK", "Đắk Lắk"),
        (unicodedata.normalize("NFD", "Thừa Thiên Huế"), "Thừa Thiên Huế"),
    ],
)
def test_two_spellings_of_one_name_are_the_same(one: str, other: str):
    assert same(one) == same(other)


def test_other_tones_are_other_names():
    assert same("Hà Tiên") != same("Hạ Tiên")
    assert same("Hòa") != same("Hóa")
    assert plain("Hòa") == plain("Hóa")


def test_provinces_sort_as_in_a_vietnamese_dictionary():
    assert sorted(["Đà Nẵng", "Cần Thơ", "Cà Mau", "Cao Bằng"], key=sort_key) == ["Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng"]


def test_tones_sort_huyen_hoi_nga_sac_nang():
    assert sorted(["mạ", "má", "mã", "mả", "mà", "ma"], key=sort_key) == ["ma", "mà", "mả", "mã", "má", "mạ"]


def test_letters_count_before_tones():
    assert sorted(["Lâm Đồng", "Lào Cai", "Lạng Sơn", "Lai Châu"], key=sort_key) == [
        "Lai Châu",
        "Lạng Sơn",
        "Lào Cai",
        "Lâm Đồng",
    ]


def test_numbers_sort_by_their_value():
    assert sorted(["phường 10", "phường 2", "phường 1"], key=sort_key) == ["phường 1", "phường 2", "phường 10"]


def test_the_list_of_provinces_is_in_the_order_of_the_alphabet():
    names = [PLACES.name(place) for place in PLACES.province_list("34")]
    assert names[:6] == ["An Giang", "Bắc Ninh", "Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng"]
    assert names[-2:] == ["Tuyên Quang", "Vĩnh Long"]


@pytest.mark.parametrize("typed", ["thanh hoa", "Thanh Hoá", "tỉnh Thanh Hóa", "THANH HÓA", "thanh  hoa "])
def test_a_province_is_found_however_it_is_typed(typed: str):
    assert PLACES.name(PLACES.search(typed)[0]) == "Thanh Hóa"


def test_what_is_typed_with_its_tones_comes_before_what_is_not():
    assert PLACES.name(PLACES.search("Hòa Bình")[0]) == "Hòa Bình"
    assert PLACES.name(PLACES.search("phường Ba Đình", map="34")[0]) == "phường Ba Đình"


def test_a_former_name_still_finds_the_province():
    assert [place.key for place in PLACES.search("thua thien hue", map="63")] == ["63:46"]


def test_nothing_is_found_for_no_words():
    assert PLACES.search("") == ()
    assert PLACES.search(" .,- ") == ()


def test_a_part_of_a_word_finds_nothing():
    assert "34:38" not in [place.key for place in PLACES.search("anh hoa", limit=10_000)]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("TP. Huế", "63:46"),
        ("Thừa Thiên - Huế", "63:46"),
        ("Hoà Bình", "63:17"),
        ("TP Hồ Chí Minh", "63:79"),
        ("Dak Lak", "63:66"),
    ],
)
def test_a_province_is_known_as_reports_write_it(written: str, key: str):
    place = PLACES.province_named(written, "63")
    assert place is not None
    assert place.key == key


def test_a_province_that_is_not_on_the_map_is_not_named():
    assert PLACES.province_named("Hòa Bình", "34") is None
