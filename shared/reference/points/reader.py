"""Reads a file of published points into points, or into problems named by row, column and rule. Sends nothing.

All problems of a file are found in one pass, so that one correction is enough. Two rows that say different values of
the same figure (metric, area, days, source) contradict each other and are both named: a file has no order in time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.events.common import Text
from shared.events.reporting import DeclaredBasis, Qualifier
from shared.kernel.place import PlaceRef
from shared.reference.book import Places
from shared.reference.points.areas import area_of
from shared.reference.points.dates import interval
from shared.reference.points.known import KNOWN_FORMULAS, published_on
from shared.reference.points.metrics import Metric, metric_of
from shared.reference.points.problem import BadCell, Problem
from shared.reference.points.values import value_of

COLUMNS = ("date", "area", "metric", "value", "source")
OPTIONAL = ("published_on",)

T = TypeVar("T")
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


@dataclass(frozen=True, slots=True)
class Point:
    """One published figure (số liệu đã công bố), as its row says it and no more."""

    row: int
    metric: Metric
    place: PlaceRef | None
    scope: str | None
    value: Decimal
    qualifier: Qualifier
    basis: DeclaredBasis
    formula: str | None
    valid_from: date | None
    valid_to: date | None
    date_as_printed: str
    published_on: date | None
    source: str

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two rows the same figure."""
        return (self.metric.name, self.place, self.scope, self.valid_from, self.valid_to, self.date_as_printed, self.source)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: the points of its good rows, and what is wrong with the others."""

    points: tuple[Point, ...]
    problems: tuple[Problem, ...]

    @property
    def bad_rows(self) -> frozenset[int]:
        """The lines with a problem."""
        return frozenset(problem.row for problem in self.problems)


def read_points(content: bytes, places: Places) -> Reading:
    """Reads a whole file. Never raises for what is in it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        return _refused(row, "*", "not-utf-8", "tệp không phải UTF-8; hãy lưu lại dạng CSV UTF-8", "the file is not UTF-8")
    problems: list[Problem] = []
    points: list[Point] = []
    try:
        rows = _rows(text)
        for number, cells in rows:
            found = _point(number, cells, places)
            if isinstance(found, Point):
                points.append(found)
            else:
                problems.extend(found)
    except _BadFile as bad:
        problems.append(bad.problem)
    contradictions = tuple(_contradictions(points))
    contradicted = {problem.row for problem in contradictions}
    return Reading(
        tuple(point for point in points if point.row not in contradicted),
        tuple(sorted((*problems, *contradictions), key=lambda problem: problem.row)),
    )


class _BadFile(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _refused(row: int, column: str, rule: str, vi: str, en: str) -> Reading:
    return Reading((), (Problem(row, column, rule, vi, en),))


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: Sequence[str] | None = None
    start = 1
    try:
        for cells in reader:
            if header is None:
                header = _header(cells)
            elif cells:
                yield start, dict(zip(header, cells, strict=False)) | {"*": str(len(cells) - len(header))}
            start = reader.line_num + 1
    except csv.Error as error:
        raise _BadFile(Problem(start, "*", "not-csv", f"dòng không đúng dạng CSV: {error}", f"not CSV: {error}")) from error
    if header is None:
        raise _BadFile(Problem(1, "*", "empty-file", "tệp rỗng", "the file is empty"))


def _header(cells: Sequence[str]) -> Sequence[str]:
    header = [cell.strip() for cell in cells]
    for column in COLUMNS:
        if column not in header:
            raise _BadFile(Problem(1, column, "missing-column", f"thiếu cột {column!r}", f"there is no column {column!r}"))
    for column in header:
        if column not in (*COLUMNS, *OPTIONAL) or header.count(column) > 1:
            name = column[:40]
            raise _BadFile(
                Problem(1, name, "unknown-column", f"cột lạ hoặc lặp {name!r}", f"unknown or repeated column {name!r}")
            )
    return header


def _point(row: int, cells: dict[str, str], places: Places) -> Point | list[Problem]:
    if cells["*"] != "0":
        vi, en = f"số ô lệch {cells['*']} so với dòng đầu", f"the number of cells differs from the header's by {cells['*']}"
        return [Problem(row, "*", "number-of-cells", vi, en)]
    problems: list[Problem] = []

    def cell(column: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(_clean(cells.get(column, "")))
        except BadCell as bad:
            problems.append(Problem(row, column, bad.rule, bad.vi, bad.en))
            return None

    days = cell("date", interval)
    area = cell("area", lambda text: area_of(text, places))
    metric = cell("metric", metric_of)
    value = cell("value", lambda text: value_of(text, metric)) if metric else None
    source = cell("source", _source)
    published = cell("published_on", _published) if cells.get("published_on", "").strip() else None
    if problems or days is None or area is None or metric is None or value is None or source is None:
        return problems
    scope = " / ".join(part for part in (area.scope, metric.scope) if part) or None
    if scope is not None and len(scope) > 200:
        return [Problem(row, "area", "scope-too-long", "phạm vi dài quá 200 ký tự", "the scope is longer than 200 characters")]
    valid_from, valid_to = metric.days(*days)
    printed = _clean(cells["date"]) or "unknown"
    point = Point(
        row, metric, area.place, scope, value, metric.qualifier, metric.basis, None,
        valid_from, valid_to, printed, published or published_on(source), source,
    )  # fmt: skip
    known = KNOWN_FORMULAS.get((metric.name, area.place.key if area.place else "", str(value))) if scope is None else None
    if known is None:
        return point
    return replace(
        point,
        metric=replace(metric, indicator=known.indicator or metric.indicator),
        basis=known.basis or point.basis,
        qualifier=known.qualifier or point.qualifier,
        formula=known.formula,
    )


def _clean(text: str) -> str:
    stripped = text.strip().replace("\r\n", "\n")
    if not stripped:
        return ""
    try:
        return _TEXT.validate_python(stripped)
    except ValidationError as error:
        if len(stripped) > 2000:
            raise BadCell("too-long", "ô dài quá 2000 ký tự", "the cell is longer than 2000 characters") from error
        raise BadCell("unprintable", "có ký tự điều khiển trong ô", "there are control characters in the cell") from error


def _source(text: str) -> str:
    if not text:
        raise BadCell("no-source", "phải ghi nguồn của số liệu", "the source of the figure must be named")
    return text


def _published(text: str) -> date:
    first, last = interval(text)
    if first is None or first != last:
        raise BadCell(
            "published-on", f"ngày công bố {text!r} phải là một ngày", f"{text!r} must be one day, such as 2024-08-29"
        )
    return first


def _contradictions(points: Sequence[Point]) -> Iterator[Problem]:
    first: dict[tuple[object, ...], Point] = {}
    for point in points:
        other = first.setdefault(point.identity, point)
        if other.value != point.value:
            for row, twin in ((other.row, point.row), (point.row, other.row)):
                vi, en = f"khác giá trị ở dòng {twin} cho cùng một số liệu", f"differs from row {twin} about the same figure"
                yield Problem(row, "value", "contradicts-row", vi, en)
