"""Dot plot: a ranking, one row a name, in the order given, with the target as a line through all rows."""

from __future__ import annotations

from dataclasses import dataclass

from shared.charts.bullet import Mark
from shared.charts.chart import Amount, Chart, Show, Table, said
from shared.charts.palette import BLUE, HAIRLINE, PINK, WHITE
from shared.charts.parts import axis, basis_hatch
from shared.charts.scale import Scale
from shared.charts.svg import centred, fit, frame, line, link, rect, tag, text_width, tooltip, words

_ROW = 26.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A row: the name, the figure or `None`, whether it is an estimate, and where the row leads."""

    name: str
    amount: Amount | None
    estimated: bool = False
    href: str | None = None


@dataclass(frozen=True, slots=True)
class DotPlot:
    """A ranking. A figure that is not known has no dot and says so; an estimate has a hatched dot."""

    id: str
    title: str
    sentence: str
    header: tuple[str, str]
    dots: tuple[Dot, ...]
    show: Show
    unknown: str
    target: Mark | None = None
    width: float = 360

    def draw(self) -> Chart:
        """The drawing."""
        texts = [said(dot.amount, self.unknown) for dot in self.dots]
        right = self.width - max((text_width(text, bold=True) for text in texts), default=0) - 12
        left = min(max((text_width(dot.name) for dot in self.dots), default=0), self.width * 0.4) + 12
        values = [dot.amount.size for dot in self.dots if dot.amount] + ([self.target.amount.size] if self.target else [])
        scale = Scale.over(values, left, right, ticks=3)
        top = 24.0 if self.target else 4.0
        bottom = top + len(self.dots) * _ROW
        body = [line(scale.at(tick), top, scale.at(tick), bottom, HAIRLINE, 0.6) for tick in scale.ticks()]
        if self.target:
            x = scale.at(self.target.amount.size)
            body.append(line(x, top - 4, x, bottom, PINK, 2, stroke_dasharray="5 3"))
            body.append(centred(x, 14, self.target.label, self.width, fill=PINK)[2])
        for i, (dot, text) in enumerate(zip(self.dots, texts, strict=True)):
            body.append(self._row(dot, text, top + i * _ROW, scale, left))
        body += axis(scale, bottom, self.width, self.show)
        svg = frame(
            self.id,
            self.title,
            self.sentence,
            (self.width, bottom + 24),
            body,
            defs=[basis_hatch(self.id)] if any(dot.estimated for dot in self.dots) else [],
            linked=any(dot.href for dot in self.dots),
        )
        rows = tuple((dot.name, text) for dot, text in zip(self.dots, texts, strict=True))
        return Chart(svg, self.title, self.sentence, Table(self.header, rows))

    def _row(self, dot: Dot, text: str, top: float, scale: Scale, left: float) -> str:
        middle = top + _ROW / 2
        inner = [tooltip(f"{dot.name}: {text}")]
        inner.append(rect(0, top, self.width, _ROW, WHITE, fill_opacity=0))
        inner.append(words(0, middle + 4.5, fit(dot.name, left - 12)))
        if dot.amount:
            x = scale.at(dot.amount.size)
            inner.append(line(scale.at(0), middle, x, middle, HAIRLINE, 1.5))
            fill = f"url(#{self.id}-hatch)" if dot.estimated else BLUE
            inner.append(
                tag("circle", cx=x, cy=middle, r=5.5, fill=fill, stroke=BLUE if dot.estimated else WHITE, stroke_width=1.5)
            )
        inner.append(words(self.width, middle + 4.5, text, anchor="end", bold=dot.amount is not None))
        return link(dot.href, *inner)
