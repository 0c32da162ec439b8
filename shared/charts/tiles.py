"""Tile grid: every province as an equal tile, coloured in five steps of one hue. Hoàng Sa and Trường Sa are always drawn,
with the names of the provinces they belong to.

Grey is "no data", never zero; hatching is an estimate; a corner is "out of date". It refuses a map with a province missing
or named twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.charts.chart import Amount, Chart, Table, said
from shared.charts.layout import Archipelago, Layout, Place, TileMap, layout
from shared.charts.palette import BLUE, HAIRLINE, INK, NO_DATA, PINK, STEP_LINES, STEPS, WHITE, ink_on
from shared.charts.svg import LINE, frame, hatch, link, rect, tag, text_width, tooltip, words, wrap

WIDTH = 360.0
_SEA = 72.0
_GAP = 2.0
_TALL = 52.0
_TEXT = 11.5


@dataclass(frozen=True, slots=True)
class Tile:
    """A province: its code and name, its figure or `None`, where the tile leads, and its marks."""

    code: str
    name: str
    amount: Amount | None
    href: str | None = None
    estimated: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Legend:
    """The words of the key: of the five steps from low to high, and of the marks."""

    title: str
    steps: tuple[str, str, str, str, str]
    no_data: str
    estimated: str
    stale: str


@dataclass(frozen=True, slots=True)
class TileGrid:
    """The country as tiles. `bounds` are the lower bounds of steps two to five, ascending."""

    id: str
    title: str
    sentence: str
    header: tuple[str, str]
    map: TileMap
    tiles: tuple[Tile, ...]
    bounds: tuple[float, float, float, float]
    legend: Legend
    unknown: str

    def draw(self) -> Chart:
        """The drawing; may raise `ValueError`."""
        plan = layout(self.map)
        tiles = {tile.code: tile for tile in self.tiles}
        if len(tiles) != len(self.tiles) or set(tiles) != {place.code for place in plan.places}:
            raise ValueError(f"a grid of the map of {self.map} shows each of its provinces once")
        if sorted(self.bounds) != list(self.bounds):
            raise ValueError("the bounds of the steps ascend")
        pitch = (WIDTH - _SEA) / plan.columns
        longest = max(text_width(text, _TEXT) for place in plan.places for text in _label(place))
        size = min(_TEXT, _TEXT * (pitch - _GAP - 3) / longest)
        body = [self._tile(tiles[place.code], place, pitch, size) for place in plan.places]
        body += [self._archipelago(islands, tiles[islands.province], plan, pitch) for islands in plan.archipelagos]
        body += self._legend(plan, pitch)
        hatches = [hatch(f"{self.id}-step{i}", STEPS[i], STEP_LINES[i], 7) for i in range(5)]
        linked = any(tile.href for tile in self.tiles)
        height = plan.rows * _TALL
        svg = frame(self.id, self.title, self.sentence, (WIDTH, height), body, defs=hatches, linked=linked)
        return Chart(svg, self.title, self.sentence, self._table())

    def step(self, amount: Amount) -> int:
        """Which of the five steps, from 0."""
        return sum(amount.size >= bound for bound in self.bounds)

    def _fill(self, tile: Tile) -> tuple[str, str]:
        """The fill of a tile and the colour of its text."""
        if tile.amount is None:
            return NO_DATA, INK
        step = self.step(tile.amount)
        return f"url(#{self.id}-step{step})" if tile.estimated else STEPS[step], ink_on(STEPS[step])

    def _saying(self, tile: Tile) -> str:
        marks = [self.legend.estimated] if tile.estimated else []
        marks += [self.legend.stale] if tile.stale else []
        return f"{tile.name}: {said(tile.amount, self.unknown)}" + "".join(f" · {mark}" for mark in marks)

    def _tile(self, tile: Tile, place: Place, pitch: float, size: float) -> str:
        x, y = place.column * pitch, place.row * _TALL
        wide, tall = pitch - _GAP, _TALL - _GAP
        fill, ink = self._fill(tile)
        dashes = {"stroke": "#8A8F94", "stroke_dasharray": "3 3"} if tile.amount is None else {}
        inner = [tooltip(self._saying(tile)), rect(x + 0.5, y + 0.5, wide - 1, tall - 1, fill, rx=3, **dashes)]
        halo = STEPS[self.step(tile.amount)] if tile.estimated and tile.amount else ""
        lines = _label(place)
        first = y + (15 if len(lines) == 2 else 22)
        for i, text in enumerate(lines):
            inner.append(words(x + wide / 2, first + i * 14, text, size=size, anchor="middle", fill=ink, halo=halo))
        text = said(tile.amount, "–")
        fits = min(12.5, 12.5 * (wide - 3) / max(text_width(text, bold=True), 1))
        inner.append(words(x + wide / 2, y + 45, text, size=fits, anchor="middle", bold=True, fill=ink, halo=halo))
        if tile.stale:
            inner.append(_corner(x + wide, y))
        return link(tile.href, *inner)

    def _archipelago(self, islands: Archipelago, owner: Tile, plan: Layout, pitch: float) -> str:
        left = plan.columns * pitch + 2
        middle, top = left + (_SEA - 4) / 2, islands.row * _TALL + 12
        fill, _ = self._fill(owner)
        dots = [
            tag("circle", cx=middle + dx, cy=top + dy, r=3.5, fill=fill, stroke=BLUE, stroke_width=1.3)
            for dx, dy in ((-16, 1), (-5, -5), (4, 4), (14, -2))
        ]
        home = plan.label(owner.code)
        below = wrap(f"({home})", _SEA - 4, 11, lines=2)
        texts = [words(middle, top + 21, islands.name, size=_TEXT, anchor="middle", bold=True, fill=BLUE)]
        texts += [words(middle, top + 35 + i * 13, text, size=11, anchor="middle") for i, text in enumerate(below)]
        return link(owner.href, tooltip(f"{islands.name} ({owner.name})"), *dots, *texts)

    def _legend(self, plan: Layout, pitch: float) -> list[str]:
        row, _ = plan.free(2)
        room = 2 * pitch - _GAP
        y = row * _TALL + 20.0
        body: list[str] = []
        for text in wrap(self.legend.title, room, lines=3):
            body.append(words(0, y, text, bold=True))
            y += LINE
        y += 4
        entries = [(STEPS[i], HAIRLINE, text) for i, text in reversed(list(enumerate(self.legend.steps)))]
        entries += [(f"url(#{self.id}-step1)", HAIRLINE, self.legend.estimated), (NO_DATA, "#8A8F94", self.legend.no_data)]
        for fill, stroke, text in entries:
            body.append(rect(0.5, y - 11, 16, 14, fill, rx=2, stroke=stroke, stroke_width=0.6))
            y = _beside(body, text, y, room)
        body += [rect(0.5, y - 11, 16, 14, WHITE, rx=2, stroke=HAIRLINE, stroke_width=0.6), _corner(17, y - 11.5)]
        _beside(body, self.legend.stale, y, room)
        return body

    def _table(self) -> Table:
        return Table(self.header, tuple((tile.name, self._saying(tile).removeprefix(f"{tile.name}: ")) for tile in self.tiles))


def _label(place: Place) -> list[str]:
    """The short name on two lines, where it has two words: "Lai", "Châu"; "TP.", "HCM"."""
    return place.label.replace(".", ". ").split(maxsplit=1)


def _beside(body: list[str], text: str, y: float, room: float) -> float:
    """The words of an entry of the key; gives the next baseline."""
    for i, text_line in enumerate(wrap(text, room - 22, _TEXT, lines=2)):
        y += 14 if i else 0
        body.append(words(23, y, text_line, size=_TEXT))
    return y + LINE + 3


def _corner(right: float, top: float) -> str:
    """The mark of what is out of date: the upper right corner, folded."""
    return tag("path", d=f"M{right - 13:.2f} {top:.2f}h13v13z", fill=PINK, stroke=WHITE, stroke_width=1)
