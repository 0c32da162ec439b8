"""What every chart takes and gives: amounts with their display text, and a drawing with its title, sentence and table.

The module knows no language and formats no number: whoever asks for a chart brings the words and the texts of the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

Show = Callable[[float], str]
"""How the caller writes a number that the chart chooses itself: the ticks of a scale."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number: `value` is for the geometry, `text` is what people read. Refuses what is not a number."""

    value: Decimal | float
    text: str

    def __post_init__(self) -> None:
        if not isfinite(self.value):
            raise ValueError(f"not a number that can be drawn: {self.value}")

    @property
    def size(self) -> float:
        """The value as a coordinate takes it."""
        return float(self.value)


@dataclass(frozen=True, slots=True)
class Table:
    """The same facts as texts: the accessible twin of a drawing."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, complete in itself, and what to say where it cannot be seen."""

    svg: str
    title: str
    sentence: str
    table: Table


def said(amount: Amount | None, unknown: str) -> str:
    """The text of an amount, or the words for "not known"."""
    return unknown if amount is None else amount.text
