"""Making the tables: from the package's data, whole or not at all."""

import json
import sqlite3
from pathlib import Path

import pytest

from shared.reference import build

OLD = "provinceCode, districtCode, provinceKey, districtKey, wardKey, wardCode, wardType, ward, district"
NEW = "provinceCode, provinceKey, wardKey, wardCode, wardType, ward"


def package(
    folder: Path, *, new: list[tuple[str, ...]], old: list[tuple[str | None, ...]], one: object, divided: object
) -> Path:
    with sqlite3.connect(folder / "dataset.db") as store:
        store.execute(f"create table admin_units_legacy ({OLD})")
        store.execute(f"create table admin_units ({NEW})")
        store.executemany("insert into admin_units_legacy values (?, ?, ?, ?, ?, ?, ?, ?, ?)", old)
        store.executemany("insert into admin_units values (?, ?, ?, ?, ?, ?)", new)
    store.close()
    converter = {"DICT_PROVINCE_WARD_NO_DIVIDED": one, "DICT_PROVINCE_WARD_DIVIDED": divided}
    (folder / "converter_2025.json").write_text(json.dumps(converter), "utf-8")
    return folder


A = ("01", "hanoi", "xaa", "00001", "Xã", "Xã A")
B = ("01", "hanoi", "phuongb", "00002", "Xã", "Phường B")
OLD_A = ("01", "001", "hanoi", "d", "xaa", "00003", "Xã", "Xã A", "Huyện D")
ISLAND = ("01", "002", "hanoi", "dao", None, None, None, None, "Huyện Đảo")


def test_the_default_of_a_divided_commune_comes_first(tmp_path: Path):
    divided = {"hanoi": {"hanoi_d_xaa": [_part("phuongb", default=False), _part("xaa", default=True)]}}
    old, _ = build.read(package(tmp_path, new=[A, B], old=[OLD_A], one={}, divided=divided))
    assert old == [("00003", "01", "001", "Huyện D", "xã", "A", "00001,00002")]


def test_the_kind_is_read_from_the_name_not_from_the_packages_column(tmp_path: Path):
    _, new = build.read(package(tmp_path, new=[B], old=[], one={}, divided={}))
    assert new == [("00002", "01", "phường", "B")]


def test_an_island_district_takes_the_code_of_its_successor(tmp_path: Path):
    old, _ = build.read(package(tmp_path, new=[A], old=[ISLAND], one={"hanoi": {"xaa": ["hanoi_dao_"]}}, divided={}))
    assert old == [("00001", "01", "002", "Huyện Đảo", "huyện", "Đảo", "00001")]


def test_a_commune_without_a_successor_stops_the_build(tmp_path: Path):
    with pytest.raises(build.BuildFailed, match="no successor"):
        build.read(package(tmp_path, new=[A], old=[OLD_A], one={}, divided={}))


def test_a_code_that_occurs_twice_stops_the_build(tmp_path: Path):
    with pytest.raises(build.BuildFailed, match="twice"):
        build.read(package(tmp_path, new=[A, (*B[:3], "00001", *B[4:])], old=[], one={}, divided={}))


def _part(key: str, *, default: bool) -> dict[str, object]:
    return {"newWardKey": key, "isDefaultNewWard": default}
