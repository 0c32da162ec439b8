"""The dated book of places: what is in it, and that both maps divide the country without gap or overlap."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from shared.kernel.place import NATION, MapName, PlaceRef
from shared.reference import tables
from shared.reference.book import load

PLACES = load()
MAPS: tuple[MapName, MapName] = ("63", "34")


def old(code: str) -> PlaceRef:
    return PlaceRef(code=code, list="63")


def new(code: str) -> PlaceRef:
    return PlaceRef(code=code, list="34")


def every_commune(map: MapName) -> list[PlaceRef]:
    return [commune for province in PLACES.provinces(map) for commune in PLACES.communes(province)]


def raw(name: str) -> list[list[str]]:
    with (Path(tables.__file__).parent / "data" / name).open(encoding="utf-8") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]


def test_there_are_63_and_34_provinces():
    assert len(PLACES.provinces("63")) == 63
    assert len(PLACES.provinces("34")) == 34


def test_the_old_list_holds_10035_communes_and_five_island_districts_without_communes():
    kinds = Counter(PLACES.name(commune).split()[0] for commune in every_commune("63"))
    assert sum(kinds.values()) == 10_040
    assert kinds["huyện"] == 5


def test_the_new_list_holds_3321_communes():
    kinds = Counter(PLACES.name(commune).split()[0] for commune in every_commune("34"))
    assert kinds == {"xã": 2_621, "phường": 687, "đặc": 13}


def test_471_old_communes_were_divided_and_9569_went_whole_to_one_successor():
    located = [PLACES.locate(commune, "34") for commune in every_commune("63")]
    assert sum(place.undecided for place in located) == 471
    assert sum(place.commune is not None for place in located) == 9_569
    assert all(len(place.candidates) >= 2 for place in located if place.undecided)


def test_a_divided_commune_lies_in_one_province_and_in_none_of_its_candidates_yet():
    divided = next(commune for commune in every_commune("63") if PLACES.locate(commune, "34").undecided)
    located = PLACES.locate(divided, "34")
    assert located.province is not None
    assert PLACES.contains(located.province, divided)
    assert not any(PLACES.contains(candidate, divided) for candidate in located.candidates)


def test_all_candidates_of_a_divided_commune_lie_in_one_province():
    for row in raw("communes_63.tsv"):
        assert len({PLACES.locate(new(code), "34").province for code in row[6].split(",")}) == 1, row


@pytest.mark.parametrize("map", MAPS)
def test_every_commune_of_either_list_lies_in_exactly_one_province_of_its_own_map(map: MapName):
    communes = every_commune(map)
    assert len(communes) == len(set(communes))
    assert {PLACES.locate(commune, map).province for commune in communes} == set(PLACES.provinces(map))


def test_every_old_commune_is_in_exactly_one_province_on_each_map():
    for commune in every_commune("63"):
        for map in MAPS:
            holding = [province for province in PLACES.provinces(map) if PLACES.contains(province, commune)]
            assert holding == [PLACES.locate(commune, map).province]


def test_every_province_of_the_63_went_whole_into_one_of_the_34():
    for province in PLACES.provinces("63"):
        went_to = {PLACES.locate(commune, "34").province for commune in PLACES.communes(province)}
        assert went_to == {PLACES.locate(province, "34").province}, province


def test_eleven_provinces_stayed_as_they_were():
    unchanged = [province for province in PLACES.provinces("34") if PLACES.locate(province, "63").province is not None]
    assert {PLACES.name(province) for province in unchanged} == {
        "Hà Nội", "Huế", "Lai Châu", "Điện Biên", "Sơn La", "Lạng Sơn", "Quảng Ninh", "Thanh Hóa", "Nghệ An", "Hà Tĩnh",
        "Cao Bằng",
    }  # fmt: skip


def test_a_merged_province_has_no_single_old_province():
    tuyen_quang = new("08")
    assert PLACES.locate(tuyen_quang, "63").province is None
    assert PLACES.predecessors(tuyen_quang) == (old("02"), old("08"))
    assert not PLACES.contains(old("08"), tuyen_quang)


@pytest.mark.parametrize(
    ("code", "before", "since"),
    [
        ("15", "Yên Bái", "Lào Cai"),
        ("24", "Bắc Giang", "Bắc Ninh"),
        ("44", "Quảng Bình", "Quảng Trị"),
        ("52", "Bình Định", "Gia Lai"),
        ("80", "Long An", "Tây Ninh"),
        ("82", "Tiền Giang", "Đồng Tháp"),
        ("91", "Kiên Giang", "An Giang"),
    ],
)
def test_seven_province_codes_mean_another_province_since_july_2025(code: str, before: str, since: str):
    assert (PLACES.name(old(code)), PLACES.name(new(code))) == (before, since)


def test_no_other_province_code_changed_its_meaning():
    both = [code for code in (place.code for place in PLACES.provinces("34")) if PLACES.exists(old(code))]
    assert [code for code in both if PLACES.name(old(code)) != PLACES.name(new(code))] == [
        "15", "24", "44", "52", "80", "82", "91",
    ]  # fmt: skip


def test_a_code_is_in_the_list_that_it_names_or_nowhere():
    assert PLACES.exists(old("02"))
    assert not PLACES.exists(new("02"))
    assert PLACES.exists(old("00001"))
    assert not PLACES.exists(new("00001"))
    with pytest.raises(KeyError):
        PLACES.locate(new("00001"), "34")
    with pytest.raises(KeyError):
        PLACES.locate(new("02"), "63")


def test_a_new_commune_made_of_one_old_commune_lies_in_it():
    made_of = Counter(code for row in raw("communes_63.tsv") for code in row[6].split(","))
    alone = next(row for row in raw("communes_63.tsv") if made_of[row[6]] == 1)
    assert PLACES.locate(new(alone[6]), "63").commune == old(alone[0])
    assert PLACES.contains(old(alone[0]), new(alone[6]))


def test_a_new_commune_made_of_several_has_them_as_candidates_on_the_old_map():
    located = PLACES.locate(new("00004"), "63")
    assert located.province == old("01")
    assert located.commune is None
    assert old("00004") in located.candidates


def test_a_commune_that_joins_two_old_provinces_has_no_old_province():
    cao_lanh = next(place for place in PLACES.search("phường Cao Lãnh", map="34") if PLACES.name(place) == "phường Cao Lãnh")
    assert PLACES.locate(cao_lanh, "63").province is None
    assert not PLACES.contains(old("87"), cao_lanh)
    assert PLACES.contains(new("82"), cao_lanh)


def test_an_island_district_without_communes_stands_under_the_code_of_its_special_zone():
    assert PLACES.name(old("26732")) == "huyện Côn Đảo"
    assert PLACES.locate(old("26732"), "63").province == old("77")
    assert PLACES.locate(old("26732"), "34").commune == new("26732")
    assert PLACES.name(new("26732")) == "đặc khu Côn Đảo"


def test_the_nation_contains_everything_and_lies_in_nothing():
    assert PLACES.contains(NATION, NATION)
    assert PLACES.contains(NATION, old("00001"))
    assert not PLACES.contains(new("01"), NATION)


def test_thua_thien_hue_became_the_city_of_hue_in_2025():
    assert PLACES.title_on(old("46"), date(2024, 12, 31)) == "tỉnh Thừa Thiên Huế"
    assert PLACES.title_on(old("46"), date(2025, 1, 1)) == "thành phố Huế"


def test_dong_nai_is_a_city_from_30_april_2026():
    assert PLACES.title_on(new("75"), date(2026, 4, 29)) == "tỉnh Đồng Nai"
    assert PLACES.title_on(new("75"), date(2026, 4, 30)) == "thành phố Đồng Nai"


def test_the_map_changes_on_1_july_2025():
    assert PLACES.map_on(date(2025, 6, 30)) == "63"
    assert PLACES.map_on(date(2025, 7, 1)) == "34"


def test_regions_have_the_sizes_of_their_resolutions():
    sizes = {map: Counter(PLACES.region_name(PLACES.region(p)).abbreviation for p in PLACES.provinces(map)) for map in MAPS}
    assert sizes["63"] == {"TDMNPB": 14, "ĐBSH": 11, "BTB&DHMT": 14, "TN": 5, "ĐNB": 6, "ĐBSCL": 13}
    assert sizes["34"] == {"TDMNPB": 9, "ĐBSH": 6, "BTB": 5, "NTB&TN": 6, "ĐNB": 3, "ĐBSCL": 5}


def test_tay_nguyen_is_a_region_of_the_old_map_only():
    assert {PLACES.name(p) for p in PLACES.provinces("63") if PLACES.region(p) == "tay-nguyen"} == {
        "Kon Tum", "Gia Lai", "Đắk Lắk", "Đắk Nông", "Lâm Đồng",
    }  # fmt: skip
    assert "tay-nguyen" not in {region.slug for region in PLACES.regions("34")}


def test_seven_new_provinces_straddle_old_regions():
    straddling = {
        PLACES.name(province)
        for province in PLACES.provinces("34")
        if len({PLACES.region(before) for before in PLACES.predecessors(province)}) > 1
    }
    assert straddling == {"Bắc Ninh", "Phú Thọ", "Quảng Ngãi", "Gia Lai", "Đắk Lắk", "Lâm Đồng", "Tây Ninh"}


def test_missing_tables_say_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "DATA", tmp_path)
    with pytest.raises(tables.PlacesMissing, match="run make places"):
        tables.communes(tables.NEW_COMMUNES)


def test_tables_of_an_older_form_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in tables.TABLES:
        (tmp_path / name).write_text("# form 0\n", "utf-8")
    monkeypatch.setattr(tables, "DATA", tmp_path)
    assert not tables.made()
    with pytest.raises(tables.PlacesMissing):
        tables.communes(tables.OLD_COMMUNES)
