"""What the pages of places share: which place an address names, on which map, and the way up from it.

A key says of which list it is (`63:58`), so a page shows its place on that list whatever map was chosen elsewhere, and says so.
Refuses codes that are in no list with 404.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, cast

from services.reporting.indicators import indicator
from services.reporting.indicators.definition import Sum
from services.reporting.pages.reading import Reading
from services.reporting.pages.words import Language, say
from services.reporting.questions import render
from services.reporting.questions.ask import Ask, GroupBy
from services.reporting.questions.wording import amount
from shared.kernel.errors import Refused
from shared.kernel.place import MapName, PlaceRef
from shared.reference.book import Places

Json = dict[str, Any]
Crumb = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that an address names, and the reader's choice for it. `moved`: another map was chosen than the key's own."""

    place: PlaceRef
    reading: Reading
    moved: bool

    @property
    def key(self) -> str:
        """The place's key."""
        return self.place.key

    @property
    def map(self) -> MapName:
        """The list that the key is of."""
        return self.place.list


def spot(reading: Reading, places: Places, key: str, level: str) -> Spot:
    """The place of a key, on its own list. May raise `Refused` (`unknown-place`, 404)."""
    try:
        place = PlaceRef.parse(key)
    except ValueError:
        raise unknown() from None
    if place.level != level or not places.exists(place):
        raise unknown()
    chosen = reading.asked.map
    map_ = place.list if place.list in ("63", chosen) else None
    return Spot(place, reading.of(places, area=place.key, map=map_), chosen not in (None, place.list))


def unknown() -> Refused:
    """There is no such place."""
    return Refused(
        "unknown-place",
        "Không có địa bàn này; hãy tìm theo tên ở trang Tìm.",
        "There is no such area; look for its name on the search page.",
        status=404,
    )


def ask_for(reading: Reading, slugs: Sequence[str], group_by: GroupBy | None = None) -> Ask:
    """The reader's question with other indicators, cut another way."""
    return replace(reading.ask, definitions=tuple(indicator(slug) for slug in slugs), group_by=group_by)


def way_up(places: Places, place: PlaceRef, language: Language) -> list[Crumb]:
    """From the nation down to the place itself: nation, region, province, commune."""
    province = places.locate(place, place.list).province
    crumbs: list[Crumb] = [("/", say(language, "Cả nước"))]
    if province is not None:
        slug = places.region(province)
        region = places.region_name(slug)
        crumbs.append((f"/vung/{slug}", region.vi if language == "vi" else region.en))
        crumbs.append((f"/tinh/{province.key}" if place != province else None, places.name(province)))
    if place.level == "commune":
        crumbs.append((None, places.name(place)))
    return crumbs


def picked(numbers: Iterable[Json], slugs: Sequence[str]) -> list[Json | None]:
    """The numbers of some indicators, in that order; None where there is none."""
    found = {number["indicator"]: number for number in numbers}
    return [found.get(slug) for slug in slugs]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table of areas. `path` leads to its page; `candidates` are where a divided commune may belong."""

    key: str
    name: str
    path: str | None
    cells: list[Json | None]
    undecided: bool = False
    candidates: tuple[str, ...] = ()

    def value(self, column: int) -> Decimal | None:
        """The number in a column."""
        cell = self.cells[column]
        return None if cell is None or cell["value"] is None else Decimal(str(cell["value"]))


PATHS: Final[Mapping[str, str]] = {"province": "/tinh/", "commune": "/xa/", "club": "/clb/"}


def rows_of(groups: Iterable[Json], slugs: Sequence[str], places: Places, map_: MapName) -> list[Row]:
    """The groups of an answer as lines; the rest that lies in no part comes as the last."""
    rows: list[Row] = []
    for group in groups:
        path = PATHS.get(group["kind"])
        candidates: tuple[str, ...] = ()
        if group["undecided"]:
            located = places.locate(PlaceRef.parse(group["key"]), map_)
            candidates = tuple(places.name(each) for each in located.candidates)
        rows.append(
            Row(
                group["key"],
                group["name"],
                None if path is None else path + group["key"],
                picked(group["numbers"], slugs),
                group["undecided"],
                candidates,
            )
        )
    return rows


def ordered(rows: Sequence[Row], places: Places, column: int | None, *, down: bool) -> list[Row]:
    """By a column, or by name as Vietnamese sorts; what lies in no part stays last, and so does the unknown."""
    parts = [row for row in rows if row.path is not None]
    rest = [row for row in rows if row.path is None]
    parts.sort(key=lambda row: (places.sort_key(PlaceRef.parse(row.key)), row.key), reverse=down and column is None)
    if column is not None:
        known = [row for row in parts if row.value(column) is not None]
        known.sort(key=lambda row: cast("Decimal", row.value(column)), reverse=down)
        parts = [*known, *(row for row in parts if row.value(column) is None)]
    return [*parts, *rest]


def sums_agree(rows: Sequence[Row], totals: Sequence[Json | None], slugs: Sequence[str]) -> bool | None:
    """Whether the lines of every column that may be summed give its total; None where no column may."""
    checked = False
    for column, (slug, total) in enumerate(zip(slugs, totals, strict=True)):
        if total is None or total["value"] is None or not isinstance(indicator(slug).formula, Sum):
            continue
        checked = True
        if sum((row.value(column) or Decimal(0) for row in rows), Decimal(0)) != Decimal(str(total["value"])):
            return False
    return True if checked else None


def rest_of(rows: Sequence[Row], totals: Sequence[Json | None], slugs: Sequence[str]) -> Row | None:
    """What a whole has beside its parts, as a line of its own; None if nothing."""
    cells: list[Json | None] = []
    for column, (slug, total) in enumerate(zip(slugs, totals, strict=True)):
        definition = indicator(slug)
        cells.append(None)
        if total is None or total["value"] is None or not isinstance(definition.formula, Sum):
            continue
        rest = Decimal(str(total["value"])) - sum((row.value(column) or Decimal(0) for row in rows), Decimal(0))
        if rest:
            display = render.words(amount(rest, definition.unit))
            cells[-1] = {"id": None, "indicator": slug, "value": render.plain(rest), "display": display}
    return Row("none", "", None, cells) if any(cells) else None
