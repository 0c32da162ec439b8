"""The tables of places as they lie on disk: which there are, and reading them row by row.

The two lists of communes are built (`make places`) and carried in the wheel and the image, the smaller tables are committed.
Refuses to go on with a sentence when the built ones are missing or of an older form.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from shared.kernel.errors import Refused

DATA = Path(__file__).parent / "data"
FORM = "# form 1, from vietnamadminunits 1.0.4 (MIT licence, see NOTICE.txt)"
"""The first line of a built table: its form and where it is from."""

OLD_COMMUNES = "communes_63.tsv"
"""code, province, district, district's name, type, name, successors (several when the commune was divided)."""
NEW_COMMUNES = "communes_34.tsv"
"""code, province, type, name."""
TABLES = (OLD_COMMUNES, NEW_COMMUNES)


class PlacesMissing(Refused):
    """The tables of communes were never built, or by an older form of the script."""

    def __init__(self) -> None:
        super().__init__(
            "places-missing",
            "Chưa có bảng danh mục xã, phường; hãy chạy make places (hoặc: python -m shared.reference.build).",
            "The tables of communes are missing; run make places (or: python -m shared.reference.build).",
            status=503,
        )


def made() -> bool:
    """Whether both built tables are there, in the present form."""
    return all(_form_of(DATA / name) == FORM for name in TABLES)


def _form_of(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def communes(name: str) -> list[list[str]]:
    """The rows of a built table. May raise `PlacesMissing`."""
    try:
        text = (DATA / name).read_text("utf-8")
    except FileNotFoundError as error:
        raise PlacesMissing from error
    form, *lines = text.splitlines()
    if form != FORM:
        raise PlacesMissing
    return [line.split("\t") for line in lines]


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a committed table, by column."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
