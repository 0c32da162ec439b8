"""Spark: a small trend with its target line. A point that is not known leaves a gap; it is never drawn as zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.charts.chart import Amount, Chart, Table, said
from shared.charts.palette import BLUE, HAIRLINE, PINK, PURPLE, WHITE
from shared.charts.scale import Scale
from shared.charts.svg import fit, frame, held, line, number, tag, text_width, words


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of time and the figure then, `None` where it is not known."""

    label: str
    amount: Amount | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected at a later point of time: between low and high."""

    label: str
    low: Amount
    high: Amount


def run_of_points(xs: Sequence[float], ys: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """The stretches of neighbouring known points."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if y is not None:
            runs[-1].append((x, y))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def trend(moments: Sequence[Moment], xs: Sequence[float], scale: Scale) -> list[str]:
    """The line with its gaps; a point alone is a small dot, the last known one a large dot."""
    runs = run_of_points(xs, [scale.at(m.amount.size) if m.amount else None for m in moments])
    body: list[str] = []
    for run in runs:
        if len(run) > 1:
            points = " ".join(f"{number(x)},{number(y)}" for x, y in run)
            body.append(tag("polyline", points=points, fill="none", stroke=BLUE, stroke_width=2, stroke_linejoin="round"))
        else:
            body.append(tag("circle", cx=run[0][0], cy=run[0][1], r=1.8, fill=BLUE))
    if runs:
        x, y = runs[-1][-1]
        body.append(tag("circle", cx=x, cy=y, r=3.5, fill=BLUE, stroke=WHITE, stroke_width=1))
    return body


@dataclass(frozen=True, slots=True)
class Spark:
    """A trend. The words of the target stand at its line; the last figure at the last point; `ends` writes the first
    and the last time under it.

    `forecast` is drawn as a band with `forecast_label` under it; without that label a forecast is refused.
    """

    id: str
    title: str
    sentence: str
    header: tuple[str, str]
    moments: tuple[Moment, ...]
    unknown: str
    target: Amount | None = None
    target_label: str = ""
    forecast: tuple[Forecast, ...] = ()
    forecast_label: str = ""
    ends: bool = True
    low_high: bool = False
    width: float = 360
    height: float = 96

    def draw(self) -> Chart:
        """The drawing; may raise `ValueError`."""
        if self.forecast and not self.forecast_label:
            raise ValueError("a forecast says that it is one")
        known = [m.amount for m in self.moments if m.amount]
        last = known[-1] if known else None
        beside = last is not None and not self.forecast and self.moments[-1].amount is not None
        right = self.width - (text_width(last.text, bold=True) + 10 if last and beside else 5)
        top = 20.0 if self.target_label or self.low_high else 6.0
        floor = self.height - (22 if self.ends or self.forecast else 4)
        values = [a.size for a in known] + ([self.target.size] if self.target else [])
        values += [edge.size for f in self.forecast for edge in (f.low, f.high)]
        scale = Scale.over(values, floor, top, ticks=20)
        count = len(self.moments) + len(self.forecast)
        xs = [5 + i * (right - 5) / max(count - 1, 1) for i in range(count)]
        body = [line(0, floor, right + 4, floor, HAIRLINE)]
        body += self._forecast(xs, scale)
        if self.target:
            y = scale.at(self.target.size)
            body.append(line(0, y, right + 4, y, PINK, 1.5, stroke_dasharray="5 3"))
            if self.target_label:
                body.append(words(0, y - 6, fit(self.target_label, self.width), fill=PINK, halo=WHITE))
        body += trend(self.moments, xs[: len(self.moments)], scale)
        if last and beside:
            y = min(max(scale.at(last.size) + 4.5, 13), floor + 2)
            body.append(words(self.width, y, last.text, anchor="end", bold=True, fill=BLUE))
        elif last:
            x = xs[max(i for i, m in enumerate(self.moments) if m.amount)]
            body.append(self._over(x, scale.at(last.size), last.text, scale, floor))
        elif self.unknown:
            body.append(words(5, (top + floor) / 2 + 4, self.unknown))
        body += self._feet(xs, right) + self._extremes(known, xs, scale)
        svg = frame(self.id, self.title, self.sentence, (self.width, self.height), body)
        return Chart(svg, self.title, self.sentence, self._table())

    def _over(self, x: float, y: float, text: str, scale: Scale, floor: float) -> str:
        """The text above a point, or below it where the target line or the edge is in the way."""
        target = scale.at(self.target.size) if self.target else -99
        above = y - 9
        low = y + 19
        way = above < 12 or above - 13 < target < above + 4
        baseline = low if way and low < floor - 1 else max(above, 12)
        at = held(x, text, 0, self.width, bold=True)
        return words(at, baseline, text, anchor="middle", bold=True, fill=BLUE, halo=WHITE)

    def _forecast(self, xs: Sequence[float], scale: Scale) -> list[str]:
        if not self.forecast:
            return []
        start = len(self.moments)
        known = next((m.amount for m in reversed(self.moments[-1:]) if m.amount), None)
        upper = [(xs[start + i], scale.at(f.high.size)) for i, f in enumerate(self.forecast)]
        lower = [(xs[start + i], scale.at(f.low.size)) for i, f in enumerate(self.forecast)]
        if known and start:
            upper.insert(0, (xs[start - 1], scale.at(known.size)))
        points = " ".join(f"{number(x)},{number(y)}" for x, y in upper + lower[::-1])
        return [tag("polygon", points=points, fill=PURPLE, fill_opacity=0.35)]

    def _feet(self, xs: Sequence[float], right: float) -> list[str]:
        y = self.height - 5
        body: list[str] = []
        if self.ends and self.moments:
            first, last = self.moments[0].label, self.moments[-1].label
            body.append(words(0, y, first))
            at = min(xs[len(self.moments) - 1], right)
            if self.forecast:
                at = min(at, self.width - text_width(self.forecast_label) - 14)
            if len(self.moments) > 1 and at - text_width(last) > text_width(first) + 8:
                body.append(words(at, y, last, anchor="end"))
        if self.forecast:
            body.append(words(self.width, y, self.forecast_label, anchor="end"))
        return body

    def _extremes(self, known: Sequence[Amount], xs: Sequence[float], scale: Scale) -> list[str]:
        if not self.low_high or not known:
            return []
        body: list[str] = []
        lowest, highest = min(known, key=lambda a: a.size), max(known, key=lambda a: a.size)
        for amount, rise in ((highest, -7), (lowest, -7)):
            at = next(i for i, m in enumerate(self.moments) if m.amount is amount)
            if amount is known[-1]:
                continue
            half = text_width(amount.text) / 2
            x = min(max(xs[at], half), self.width - half)
            body.append(words(x, max(scale.at(amount.size) + rise, 12), amount.text, anchor="middle", halo=WHITE))
        return body

    def _table(self) -> Table:
        rows = [(m.label, said(m.amount, self.unknown)) for m in self.moments]
        rows += [(f"{f.label} ({self.forecast_label})", f"{f.low.text}–{f.high.text}") for f in self.forecast]
        if self.target:
            rows.append((self.target_label or self.title, self.target.text))
        return Table(self.header, tuple(rows))
