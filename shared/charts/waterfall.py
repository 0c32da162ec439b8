"""Waterfall: from a figure to another by signed steps, row by row ("số công bố -> số hiện nay").

Steps that do not add up are refused. Where the steps are small beside the figures the scale does not start at zero; then the
bars of both figures are broken at the left, and the axis says where it starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from shared.charts.bullet import broken
from shared.charts.chart import Amount, Chart, Show, Table
from shared.charts.palette import BLUE, HAIRLINE, INK, ORANGE, STEPS, WHITE
from shared.charts.parts import axis
from shared.charts.scale import Scale
from shared.charts.svg import TEXT, fit, frame, line, link, rect, text_width, tooltip, words

_ROW, _BAR = 44.0, 14.0


@dataclass(frozen=True, slots=True)
class Step:
    """A change: its reason, the signed amount with its text ("+12", "−5"), and where the reason is explained."""

    label: str
    amount: Amount
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From `start` by `steps` to `end`."""

    id: str
    title: str
    sentence: str
    header: tuple[str, str]
    start: Step
    steps: tuple[Step, ...]
    end: Step
    show: Show
    width: float = 360

    def draw(self) -> Chart:
        """The drawing; raises `ValueError` where start and steps do not make the end."""
        running = self._running()
        scale = self._scale(running)
        base = max(scale.low, 0.0) if scale.low >= 0 else 0.0
        body: list[str] = []
        rows = [self.start, *self.steps, self.end]
        spans = [(base, running[0]), *pairwise(running), (base, running[-1])]
        for i, (row, (came, went)) in enumerate(zip(rows, spans, strict=True)):
            ends = i in (0, len(rows) - 1)
            body.append(self._row(row, i * _ROW, scale, (came, went), ends=ends))
            if i < len(rows) - 1:
                x, bar = scale.at(went), i * _ROW + 22
                body.append(line(x, bar + _BAR, x, bar + _ROW, HAIRLINE))
        body += axis(scale, len(rows) * _ROW, self.width, self.show)
        linked = any(row.href for row in rows)
        svg = frame(self.id, self.title, self.sentence, (self.width, len(rows) * _ROW + 24), body, linked=linked)
        table = Table(self.header, tuple((row.label, row.amount.text) for row in rows))
        return Chart(svg, self.title, self.sentence, table)

    def _running(self) -> list[float]:
        exact = Decimal(str(self.start.amount.value)) + sum(
            (Decimal(str(step.amount.value)) for step in self.steps), Decimal(0)
        )
        if exact != Decimal(str(self.end.amount.value)):
            raise ValueError(f"start and steps make {exact}, not {self.end.amount.value}")
        running = [self.start.amount.size]
        for step in self.steps:
            running.append(running[-1] + step.amount.size)
        return running

    def _scale(self, running: Sequence[float]) -> Scale:
        low, high = min(running), max(running)
        far = low > 0 and high > low and (high - low) < high * 0.25
        if not far:
            return Scale.over(running, 0, self.width, ticks=3)
        return Scale.over([max(low - (high - low) * 0.6, 0), high], 0, self.width, zero=False, ticks=3)

    def _row(self, row: Step, top: float, scale: Scale, span: tuple[float, float], *, ends: bool) -> str:
        bold = ends
        room = self.width - text_width(row.amount.text, TEXT, bold=True) - 12
        inner = [tooltip(f"{row.label}: {row.amount.text}")]
        inner.append(words(0, top + 15, fit(row.label, room, bold=bold), bold=bold, halo=WHITE))
        inner.append(
            words(self.width, top + 15, row.amount.text, anchor="end", bold=True, fill=BLUE if ends else INK, halo=WHITE)
        )
        left, right = sorted((scale.at(span[0]), scale.at(span[1])))
        fill = BLUE if ends else ORANGE if row.amount.size < 0 else STEPS[3]
        inner.append(rect(left, top + 22, max(right - left, 1.5), _BAR, fill))
        if ends and scale.low > 0:
            inner.append(broken(8, top + 22, _BAR))
        return link(row.href, *inner)
