"""Points as commands on the wire: every point a declaration, and the points that are targets of a scheme also a target.

Ids come from the content (uuid5), so that a second import of the same file repeats the same commands and changes
nothing, wherever it is run. `targets.csv` beside this file says which metrics are targets, of which scheme and period.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.reference.points.reader import Point

DECLARE = "reporting.declare-figure"
SET_TARGET = "monitoring.set-target"

_NAMESPACE = uuid5(NAMESPACE_URL, "lien-the/published-points")


@dataclass(frozen=True, slots=True)
class WireCommand:
    """A command as the batch door takes it; `row` is the line of the file that it came from."""

    id: UUID
    type: str
    data: Mapping[str, object]
    row: int

    def to_json(self) -> str:
        """The command in the form of the batch door."""
        return json.dumps({"id": str(self.id), "type": self.type, "data": self.data}, ensure_ascii=False)


def commands_of(points: Iterable[Point], file: str) -> list[WireCommand]:
    """The declarations of all points, then the targets among them; each names the file and its line there."""
    kept = list(points)
    targets = [command for point in kept for command in _target(point, file)]
    return [*(_command(DECLARE, _figure(point) | _origin(point, file), point.row) for point in kept), *targets]


def _origin(point: Point, file: str) -> dict[str, object]:
    return {"origin": {"file": file, "row": point.row}}


def identified(type: str, data: Mapping[str, object], row: int = 0) -> WireCommand:
    """A command whose id follows from its type and data."""
    return _command(type, data, row)


def _command(type: str, data: Mapping[str, object], row: int) -> WireCommand:
    canonical = json.dumps([type, data], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return WireCommand(uuid5(_NAMESPACE, canonical), type, data, row)


def _figure(point: Point) -> dict[str, object]:
    fields: dict[str, object] = {
        "metric": point.metric.name,
        "indicator": point.metric.indicator,
        "area": None if point.place is None else point.place.model_dump(),
        "scope": point.scope,
        "value": str(point.value),
        "unit": point.metric.unit,
        "qualifier": point.qualifier,
        "basis": point.basis,
        "formula": point.formula,
        "valid_from": None if point.valid_from is None else point.valid_from.isoformat(),
        "valid_to": None if point.valid_to is None else point.valid_to.isoformat(),
        "date_as_printed": point.date_as_printed,
        "published_on": None if point.published_on is None else point.published_on.isoformat(),
        "source": point.source,
    }
    return {name: value for name, value in fields.items() if value is not None}


@lru_cache(maxsize=1)
def target_table() -> Mapping[str, Mapping[str, str]]:
    """Which metrics are targets, by name."""
    text = resources.files("shared.reference.points").joinpath("targets.csv").read_text(encoding="utf-8")
    return {row["metric"]: row for row in csv.DictReader(text.splitlines())}


def _target(point: Point, file: str) -> Iterable[WireCommand]:
    row = target_table().get(point.metric.name)
    if row is None or point.place is None or point.scope is not None:
        return
    yield _command(
        SET_TARGET,
        {
            "scheme": row["scheme"],
            "indicator": row["indicator"],
            "area": point.place.model_dump(),
            "period_from": row["period_from"],
            "period_to": row["period_to"],
            "low": str(point.value),
            "measure": row["measure"],
            "source": f"{point.source} ({point.date_as_printed})",
            **_origin(point, file),
        },
        point.row,
    )
