"""The events of the reporting service: figures that somebody published, entered with their source (số liệu kê khai)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from shared.events.common import Day, FileRow, Name, Reference, Text
from shared.kernel.event import Event
from shared.kernel.place import PlaceRef

Qualifier = Literal["exact", "at-least", "about", "at-most"]
"""The word before the number: none, "hơn" or "ít nhất", "khoảng" or "gần", "dưới"."""

DeclaredBasis = Literal["counted", "declared", "estimated", "as-printed"]
"""`as-printed` repeats a number that disagrees with the source's own other numbers."""


class DeclarationFacts(BaseModel):
    """What a declaration says; the command that wishes it says the same."""

    metric: Reference
    """The metric's own name in the source file, e.g. `clubs_total`."""
    indicator: Reference | None = None
    """The indicator that it is a value of, where there is one."""
    area: PlaceRef | None = None
    """None: the source does not name the province."""
    scope: Name | None = None
    """What below the area the figure is about: a district, a club, a project's clubs. None: the whole area."""
    value: Annotated[Decimal, Field(ge=0, le=10**15, max_digits=20, decimal_places=4)]
    unit: Literal["clubs", "people", "communes", "provinces", "percent", "vnd", "rounds", "days", "other"]
    qualifier: Qualifier = "exact"
    basis: DeclaredBasis
    formula: Name | None = None
    """How an estimate was made, e.g. `70 x 6521`."""
    valid_from: Day | None = None
    """The days for which the figure was valid, both ends included; an exact date is an interval of one day. None: unknown."""
    valid_to: Day | None = None
    date_as_printed: Name
    published_on: Day | None = None
    """None: unknown. Where known, the figure counts as known from this day on."""
    source: Text
    origin: FileRow | None = None
    """The file that it was read from, if it was; no part of what the figure is."""


class FigureDeclared(DeclarationFacts, Event, type="reporting.figure-declared", version=1):
    """A published figure of an area, with its source. Never added to counted figures silently.

    A second declaration of the same metric, area, scope, validity and source corrects the first.
    """


ReportingEvent = FigureDeclared
