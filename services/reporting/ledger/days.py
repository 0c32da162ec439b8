"""Days as ordinals, and the few calendar sums that the rules need, looked up rather than made."""

from __future__ import annotations

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=65536)
def year_later(day: int) -> int:
    """Twelve months later; 29 February becomes 28 February."""
    start = date.fromordinal(day)
    try:
        return start.replace(year=start.year + 1).toordinal()
    except ValueError:
        return start.replace(year=start.year + 1, day=28).toordinal()


@lru_cache(maxsize=65536)
def month_end(day: int) -> int:
    """The last day of a day's month."""
    start = date.fromordinal(day)
    first_of_next = date(start.year + 1, 1, 1) if start.month == 12 else date(start.year, start.month + 1, 1)
    return first_of_next.toordinal() - 1


@lru_cache(maxsize=65536)
def month_start(day: int) -> int:
    """The first day of a day's month."""
    return date.fromordinal(day).replace(day=1).toordinal()


@lru_cache(maxsize=65536)
def year_of(day: int) -> int:
    """The year of a day."""
    return date.fromordinal(day).year


@lru_cache(maxsize=65536)
def day_text(day: int) -> str:
    """The day as it is written into entries."""
    return date.fromordinal(day).isoformat()
