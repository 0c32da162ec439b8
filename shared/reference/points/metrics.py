"""The one table of metrics: what a published metric's name means, `metrics.csv` beside this file.

A name that the table lacks is kept as it is: no indicator, and unit, qualifier and basis read off its ending (`_pct`,
`_vnd`, `_min`, `_approx`, `_as_printed`, ...), so that nothing published is lost and nothing is taken for what it is not.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Literal, cast

from shared.events.reporting import DeclaredBasis, Qualifier
from shared.reference.points.problem import BadCell

Unit = Literal["clubs", "people", "communes", "provinces", "percent", "vnd", "rounds", "days", "other"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,119}")
_QUALIFIERS: tuple[tuple[str, Qualifier], ...] = (("approx", "about"), ("min", "at-least"), ("max", "at-most"))


@dataclass(frozen=True, slots=True)
class Metric:
    """What a name means (chỉ số như nguồn ghi). `period`: `level` is a state, `month`, `quarter` and `year` end at the date."""

    name: str
    indicator: str | None
    unit: Unit
    qualifier: Qualifier
    basis: DeclaredBasis
    period: str = "level"
    scope: str | None = None
    """What below the area the name itself is about, e.g. `clubs_di_linh`."""

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return self.unit not in ("percent", "other")

    @property
    def share(self) -> bool:
        """Whether it cannot pass 100 %; what repeats a printed number can."""
        return self.unit == "percent" and self.basis != "as-printed"

    def days(self, first: date | None, last: date | None) -> tuple[date | None, date | None]:
        """The days that the figure is about: a flow starts before the date it is printed with."""
        match self.period.partition(" "):
            case ("since", _, start) if last is not None:
                return date.fromisoformat(start), last
            case ("year", _, _) if last is not None:
                return last.replace(month=1, day=1), last
            case ("quarter", _, _) if last is not None:
                return last.replace(month=(last.month - 1) // 3 * 3 + 1, day=1), last
            case ("month", _, _) if last is not None:
                return last.replace(day=1), last
            case _:
                return first, last


@lru_cache(maxsize=1)
def metric_table() -> Mapping[str, Metric]:
    """The table, by name."""
    text = resources.files("shared.reference.points").joinpath("metrics.csv").read_text(encoding="utf-8")
    return {row["metric"]: _metric(row) for row in csv.DictReader(text.splitlines())}


def metric_of(name: str) -> Metric:
    """The metric of a name, from the table or kept under its own name. May raise `BadCell`."""
    if _NAME.fullmatch(name) is None:
        raise BadCell(
            "metric-name",
            f"tên chỉ số {name!r} chỉ gồm chữ thường không dấu, số và '_', tối đa 120 ký tự",
            f"a metric's name is lower-case letters, digits and '_', at most 120: not {name!r}",
        )
    return metric_table().get(name) or _own_name(name)


def _metric(row: Mapping[str, str]) -> Metric:
    return Metric(
        name=row["metric"],
        indicator=row["indicator"] or None,
        unit=cast("Unit", row["unit"]),
        qualifier=cast("Qualifier", row["qualifier"]),
        basis=cast("DeclaredBasis", row["basis"]),
        period=row["period"],
        scope=row["scope"] or None,
    )


def _own_name(name: str) -> Metric:
    words = name.split("_")
    unit: Unit = "percent" if "pct" in words else "vnd" if "vnd" in words else "other"
    qualifiers: list[Qualifier] = [qualifier for word, qualifier in _QUALIFIERS if word in words]
    basis: DeclaredBasis = (
        "as-printed" if name.endswith("_as_printed") else "estimated" if name.endswith("_estimated") else "declared"
    )
    return Metric(name, None, unit, qualifiers[0] if qualifiers else "exact", basis)
