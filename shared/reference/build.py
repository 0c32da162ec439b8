"""Makes the tables of communes: `python -m shared.reference.build`, or `make places`.

It installs one wheel, pinned by hash and without its dependencies, into `build/places`, reads its data and writes two dated
tables beside the committed ones in `shared/reference/data`. It guarantees that every commune of the old list has at least one
successor and that all codes are unique; it refuses to write anything otherwise. The package is never imported. Tables
that are there already and were made by this form of the script are left alone.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from shared.reference.tables import DATA, FORM, TABLES, made

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "requirements" / "build.txt"
UNPACKED = ROOT / "build" / "places"

KINDS = ("xã", "phường", "thị trấn", "đặc khu", "huyện")

Row = tuple[str, ...]


class BuildFailed(Exception):
    """The tables could not be made; the sentence says what to do."""


def main() -> int:
    """Make the tables unless they are there. The exit code is 1, with a sentence, if that failed."""
    if made():
        print("places: the tables are there already")
        return 0
    try:
        print("places: fetching vietnamadminunits 1.0.4 (2 MB, MIT licence)", flush=True)
        fetch()
        old, new = read(UNPACKED / "vietnamadminunits" / "data")
        for name, rows in zip(TABLES, (old, new), strict=True):
            write(DATA / name, rows)
            print(f"places: {name}: {len(rows):,} rows")
    except BuildFailed as failure:
        print(f"places: {failure}", file=sys.stderr)
        return 1
    return 0


def fetch() -> None:
    """Install the pinned wheel into `build/places`. May raise `BuildFailed`."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade"]
    command += ["--require-hashes", "--target", str(UNPACKED), "-r", str(PINNED)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise BuildFailed(
            "pip could not install vietnamadminunits 1.0.4; check the network, the proxy (HTTPS_PROXY) "
            f"and pip's index settings, then run make places again. pip said: {last}"
        )


def read(data: Path) -> tuple[list[Row], list[Row]]:
    """The rows of both tables, sorted by code. May raise `BuildFailed`."""
    store = sqlite3.connect(f"file:{data / 'dataset.db'}?mode=ro", uri=True)
    try:
        new_keys: dict[tuple[str, str], str] = {}
        new: list[Row] = []
        for province, key, ward_key, code, full in store.execute(
            "select provinceCode, provinceKey, wardKey, wardCode, ward from admin_units"
        ):
            new_keys[(key, ward_key)] = code
            new.append((code, province, *_named(full)))
        successors = _successors(json.loads((data / "converter_2025.json").read_text("utf-8")), new_keys)
        old: list[Row] = []
        for province, district, key, code, ward, district_name in store.execute(
            "select provinceCode, districtCode, provinceKey || '_' || districtKey || '_' || coalesce(wardKey, ''),"
            " wardCode, ward, district from admin_units_legacy"
        ):
            to = successors.get(key)
            if not to:
                raise BuildFailed(f"{ward or district_name} ({code or district}) has no successor in the package's data")
            if code is None:  # an island district without communes: it stands under the code of its special zone
                old.append((to[0], province, district, district_name, *_named(district_name), to[0]))
            else:
                old.append((code, province, district, district_name, *_named(ward), ",".join(to)))
    finally:
        store.close()
    for rows in (old, new):
        twice = [code for code, times in Counter(row[0] for row in rows).items() if times > 1]
        if twice:
            raise BuildFailed(f"codes occur twice in the package's data: {twice[:5]}")
    return sorted(old), sorted(new)


def _successors(converter: dict[str, Any], new_keys: dict[tuple[str, str], str]) -> dict[str, list[str]]:
    """The new codes of each old key; the package's default first where a commune was divided."""
    successors: dict[str, list[str]] = {}
    for province, communes in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for commune, olds in communes.items():
            for old in olds:
                successors.setdefault(old, []).append(new_keys[(province, commune)])
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, parts in divided.items():
            default_first = sorted(parts, key=_is_not_default)
            successors[old] = [new_keys[(province, part["newWardKey"])] for part in default_first]
    return successors


def _is_not_default(part: dict[str, Any]) -> bool:
    return not part["isDefaultNewWard"]


def _named(full: str) -> tuple[str, str]:
    """("phường", "Ba Đình") from "Phường Ba Đình". The package's own column of kinds is wrong for a dozen communes."""
    for kind in KINDS:
        if full.lower().startswith(kind + " "):
            return kind, full[len(kind) + 1 :]
    raise BuildFailed(f"{full!r} does not begin with a kind of commune")


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write one table whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_lines(rows))
    unfinished.replace(path)


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    yield FORM + "\n"
    for row in rows:
        yield "\t".join(row) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
