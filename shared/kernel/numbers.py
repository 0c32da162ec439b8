"""How a number stands in a Vietnamese sentence: with points between its thousands. English has `f"{number:,}"`. Pure."""

from __future__ import annotations

from decimal import Decimal


def dotted(number: int | Decimal) -> str:
    """`1.000.000`; a fraction stands behind a comma."""
    return f"{number:,}".translate(_SWAPPED)


_SWAPPED = str.maketrans(",.", ".,")
