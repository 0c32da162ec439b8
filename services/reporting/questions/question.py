"""One question that one number answers: which indicator, of which area, true on which day, as known at which instant.

A question with all its parts always means the same; the answer changes only while a log may still add to what was known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from services.reporting.indicators.definition import Definition
from services.reporting.questions.area import Area
from shared.kernel.place import MapName

BasisFilter = Literal["any", "counted", "declared", "estimated"]
Period = Literal["own", "month", "year", "ever"]
"""`own`: the definition's own window; the others replace it: the month or year of the day until the day, or everything."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """What the whole answer is of: both clocks, the map, and whether only entries of one basis count."""

    as_of: date
    known_at: datetime
    map: MapName
    basis: BasisFilter = "any"


@dataclass(frozen=True, slots=True)
class Question:
    """One number's question."""

    definition: Definition
    area: Area
    clocks: Clocks
    period: Period = "own"

    @property
    def since(self) -> date | None:
        """The first day that counts, or None for everything until the day."""
        as_of = self.clocks.as_of
        match self.period if self.period != "own" else self.definition.window:
            case "year":
                return as_of.replace(month=1, day=1)
            case "month":
                return as_of.replace(day=1)
            case _:
                return None

    @property
    def waits(self) -> bool:
        """Whether it is of a commune that is on no line of the asked map, and waits there to be decided (chờ phân định)."""
        return self.area.kind == "commune" and self.area.code[:2] != self.clocks.map

    def of(self, area: Area) -> Question:
        """The same question of another area."""
        return replace(self, area=area)
