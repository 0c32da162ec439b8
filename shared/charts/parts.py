"""What several charts share: how a basis looks, the axis under a drawing, the key below it. Labels keep apart and inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from shared.charts.chart import Show
from shared.charts.palette import BLUE, HAIRLINE, INK, LIGHT_BLUE, WHITE
from shared.charts.scale import Scale
from shared.charts.svg import LINE, TEXT, centred, fit, hatch, held, line, rect, swatch, text_width, words

Basis = Literal["counted", "declared", "estimated"]
"""How a figure is known: đếm, kê khai, ước tính."""


def basis_fill(id: str, basis: Basis) -> str:
    """Solid for counted, lighter for declared, hatched for estimated (needs `basis_hatch`)."""
    match basis:
        case "counted":
            return BLUE
        case "declared":
            return LIGHT_BLUE
        case "estimated":
            return f"url(#{id}-hatch)"


def basis_hatch(id: str) -> str:
    """The hatching of an estimate, under the id of its chart."""
    return hatch(f"{id}-hatch", WHITE, BLUE)


@dataclass(frozen=True, slots=True)
class Note:
    """A text that stands at a place on the axis, before any tick's text."""

    x: float
    text: str


def axis(scale: Scale, top: float, width: float, show: Show, *, note: Note | None = None) -> list[str]:
    """A hairline with ticks and as many of their texts, evenly, as stand apart; those that touch the note give way to it."""
    ticks = scale.ticks()
    drawn = [line(scale.start, top, scale.end, top, HAIRLINE)]
    drawn += [line(scale.at(tick), top, scale.at(tick), top + 4, HAIRLINE) for tick in ticks]
    labels = [(held(scale.at(tick), show(tick), 0, width), show(tick)) for tick in ticks]
    every = 1
    while any(not apart(one, other) for one, other in pairwise(labels[::every])):
        every += 1
    labels = labels[::every]
    if note:
        x, text, written = centred(note.x, top + 17, note.text, width, bold=True)
        labels = [label for label in labels if apart(label, (x, text), 18)]
        drawn.append(written)
    return drawn + [words(x, top + 17, text, anchor="middle") for x, text in labels]


def apart(one: tuple[float, str], other: tuple[float, str], gap: float = 8) -> bool:
    """Whether two texts, each centred at its place on one line, leave a gap between them."""
    return abs(one[0] - other[0]) >= (text_width(one[1]) + text_width(other[1])) / 2 + gap


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the key: a colour and its words. A mark is a narrow line, else it is a square."""

    fill: str
    text: str
    stroke: str | None = None
    mark: bool = False


def key(entries: Sequence[Key], top: float, width: float, *, column: float = 0) -> tuple[float, list[str]]:
    """The entries in rows, left to right, in columns of one width if it is given; gives the height they take."""
    drawn: list[str] = []
    x, baseline = 0.0, top + 13
    for entry in entries:
        room = min(17 + text_width(entry.text), column or width)
        if x and x + room > width + 0.01:
            x, baseline = 0.0, baseline + LINE + 1
        drawn.append(
            rect(x + 4, baseline - 12, 3, 15, entry.fill) if entry.mark else swatch(x, baseline, entry.fill, entry.stroke)
        )
        drawn.append(words(x + 17, baseline, fit(entry.text, room - 17 if column else width - 17)))
        x += column or room + 14
    return (baseline - top + 6 if entries else 0.0), drawn


def head(name: str, value: str, width: float, *, known: bool = True) -> list[str]:
    """The first line of a row: what it is at the left, its figure at the right."""
    room = width - text_width(value, TEXT + 2, bold=True) - 12
    figure = words(width, 14, value, size=TEXT + 2 if known else TEXT, anchor="end", bold=known, fill=BLUE if known else INK)
    return [words(0, 14, fit(name, room)), figure]
