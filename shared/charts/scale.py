"""From amounts to places on a line, with round numbers as ticks. A scale always holds every amount it was made for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps `low`..`high` to `start`..`end`; ticks stand `step` apart."""

    low: float
    high: float
    step: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Iterable[float], start: float, end: float, *, zero: bool = True, ticks: int = 4) -> Scale:
        """The scale that holds the values (and zero) and ends at round numbers. Nothing, or only zero, gives 0 and 1."""
        held = list(values)
        if zero or not held:
            held.append(0.0)
        low, high = min(held), max(held)
        if low == high:
            low, high = (min(low, 0.0), max(high, 0.0)) if low else (0.0, 1.0)
        step = _nice((high - low) / max(ticks, 1)) if any(held) else 1.0
        return cls(floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step, start, end)

    def at(self, value: float) -> float:
        """Where the value lies; outside the range it lies outside the line."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def within(self, value: float) -> float:
        """Where the value lies, or the nearer end of the line."""
        return self.at(min(max(value, self.low), self.high))

    def ticks(self) -> list[float]:
        """The round numbers from one end to the other."""
        count = round((self.high - self.low) / self.step)
        return [self.low + i * self.step for i in range(count + 1)]


def _nice(raw: float) -> float:
    power = 10.0 ** floor(log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if raw <= power * factor * (1 + 1e-9))
