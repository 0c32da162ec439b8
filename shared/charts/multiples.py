"""Small multiples: many small trends on one scale, each with its name and last value, in the order given.

Each is a drawing of its own, so that a page can let them reflow; `sheet` puts them on one drawing for print and mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from shared.charts.chart import Amount, Chart, Table, said
from shared.charts.palette import BLUE, HAIRLINE, PINK
from shared.charts.scale import Scale
from shared.charts.spark import Moment, trend
from shared.charts.svg import TEXT, fit, frame, line, link, tag, text_width, tooltip, words

_WIDTH, _HEIGHT = 160.0, 76.0


@dataclass(frozen=True, slots=True)
class Small:
    """One of them: the place, its trend, and the sentence about it."""

    name: str
    sentence: str
    moments: tuple[Moment, ...]
    target: Amount | None = None
    href: str | None = None

    def last(self) -> Amount | None:
        """The last figure that is known."""
        return next((m.amount for m in reversed(self.moments) if m.amount), None)


@dataclass(frozen=True, slots=True)
class SmallMultiples:
    """The trends of many places on one scale from zero. A target line on each: the place's own, or the common one."""

    id: str
    title: str
    sentence: str
    header: tuple[str, str, str]
    items: tuple[Small, ...]
    unknown: str
    target: Amount | None = None

    def parts(self) -> tuple[Chart, ...]:
        """Each as a drawing of its own, with ids made from the place in the order."""
        scale = self._scale()
        drawn: list[Chart] = []
        for position, item in enumerate(self.items, 1):
            body = link(item.href, *self._one(item, scale))
            svg = frame(
                f"{self.id}-{position}", item.name, item.sentence, (_WIDTH, _HEIGHT), [body], linked=item.href is not None
            )
            rows = tuple((m.label, said(m.amount, self.unknown)) for m in item.moments)
            drawn.append(Chart(svg, item.name, item.sentence, Table(self.header[:2], rows)))
        return tuple(drawn)

    def html(self) -> str:
        """A list of the drawings, `<ul class="multiples">`; the page's style sheet makes it a grid that reflows."""
        return tag("ul", *(tag("li", part.svg) for part in self.parts()), class_="multiples", role="list")

    def sheet(self, columns: int = 2) -> Chart:
        """All on one drawing, row by row."""
        scale = self._scale()
        gap = 20.0
        body: list[str] = []
        for i, item in enumerate(self.items):
            row, column = divmod(i, columns)
            move = f"translate({column * (_WIDTH + gap):g} {row * (_HEIGHT + 8):g})"
            inner = [tooltip(f"{item.name}: {item.sentence}"), *self._one(item, scale)]
            body.append(tag("g", link(item.href, *inner), transform=move))
        linked = any(item.href for item in self.items)
        width = columns * (_WIDTH + gap) - gap
        height = max(ceil(len(self.items) / columns), 1) * (_HEIGHT + 8)
        if not self.items:
            body.append(words(0, 16, self.unknown))
        svg = frame(self.id, self.title, self.sentence, (width, height), body, linked=linked)
        rows = tuple((item.name, said(item.last(), self.unknown), item.sentence) for item in self.items)
        return Chart(svg, self.title, self.sentence, Table(self.header, rows))

    def _scale(self) -> Scale:
        values = [m.amount.size for item in self.items for m in item.moments if m.amount]
        values += [target.size for target in (self.target, *(item.target for item in self.items)) if target]
        return Scale.over(values, _HEIGHT - 4, 26, ticks=20)

    def _one(self, item: Small, scale: Scale) -> list[str]:
        text = said(item.last(), self.unknown)
        room = _WIDTH - text_width(text, bold=True) - 6
        body = [words(0, 13, fit(item.name, room)), words(_WIDTH, 13, text, size=TEXT, anchor="end", bold=True, fill=BLUE)]
        floor = scale.at(0)
        body.append(line(0, floor, _WIDTH, floor, HAIRLINE))
        target = item.target or self.target
        if target:
            y = scale.at(target.size)
            body.append(line(0, y, _WIDTH, y, PINK, 1.5, stroke_dasharray="5 3"))
        xs = [4 + i * (_WIDTH - 8) / max(len(item.moments) - 1, 1) for i in range(len(item.moments))]
        return body + trend(item.moments, xs, scale)
