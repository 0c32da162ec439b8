"""What the listing behind a figure must add up to, and which entries of the ledger are in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from services.reporting.indicators.definition import Coverage, Share, Sum
from services.reporting.questions.behind import Wanted
from services.reporting.questions.desk import Desk, Figure
from shared.reference.book import Places

Component = Literal["part", "whole"]


def total(figure: Figure, component: Component) -> Decimal:
    """The value; of a share, one of its two parts."""
    if isinstance(figure.question.definition.formula, Share):
        return Decimal((figure.value.part if component == "part" else figure.value.whole) or 0)
    return figure.choice.value or Decimal(0)


def declared(figure: Figure) -> Decimal:
    """How much of that is published figures."""
    if isinstance(figure.question.definition.formula, Share):
        return Decimal(0)
    return sum((each.value for each in figure.choice.used), Decimal(0))


def wanted(figure: Figure, component: Component, places: Places) -> Wanted:
    """The entries in it. May raise `TypeError` for a coverage, which counts places and not entries."""
    formula, question = figure.question.definition.formula, figure.question
    match formula:
        case Share(part, whole, _):
            measure, cohorts = (part if component == "part" else whole), ()
        case Sum(measure, cohorts):
            pass
        case Coverage():
            raise TypeError("a coverage has no measure to be listed")
    clocks = question.clocks
    return Wanted(measure, cohorts, clocks.basis, _names(figure, places), question.area, clocks.map)


def _names(figure: Figure, places: Places) -> Sequence[str]:
    """The names, in a sheet, of where the listed entries are."""
    question = figure.question
    share = isinstance(question.definition.formula, Share)
    if question.area.kind in ("commune", "club"):
        return ("VN",) if share or figure.choice.areas else ()
    return Desk(places, question.clocks).names(question.area) if share else figure.choice.areas
