"""Reads a drawing back with an XML parser: shapes, texts with their place, and an estimate of widths of its own."""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from shared.charts import Chart

NS = "{http://www.w3.org/2000/svg}"


def root(chart: Chart | str) -> ET.Element:
    return ET.fromstring(chart if isinstance(chart, str) else chart.svg)


def all_of(element: ET.Element, name: str) -> list[ET.Element]:
    return list(element.iter(NS + name))


def drawn(element: ET.Element, name: str) -> list[ET.Element]:
    """Without what lies in `defs`."""
    hidden = {id(inner) for defs in all_of(element, "defs") for inner in defs.iter()}
    return [found for found in all_of(element, name) if id(found) not in hidden]


def num(element: ET.Element, name: str) -> float:
    return float(element.get(name, "0"))


def rects(element: ET.Element, fill: str) -> list[tuple[float, float, float, float]]:
    found = [r for r in drawn(element, "rect") if r.get("fill") == fill]
    return [(num(r, "x"), num(r, "y"), num(r, "width"), num(r, "height")) for r in found]


def texts(element: ET.Element) -> list[str]:
    return [t.text or "" for t in all_of(element, "text")]


ADVANCES = {
    0.295: "ijlI'J",
    0.34: " .,:·/",
    0.392: "tf",
    0.411: "r()",
    0.5: "-–",
    0.55: "cs",
    0.592: "kvxyz",
    0.615: "aeo",
    0.635: "EFLPTYS",
    0.695: "ABVXKRZ",
    0.787: "CDGHNOQUĐ",
    0.838: "w+−<>=×&",
    0.863: "M",
    1.0: "mW@%…",
}
"""Advances of DejaVu Sans, the widest of the fonts that a page may fall back to; what is not here is 0.636 wide."""
WIDTHS = {letter: width for width, letters in ADVANCES.items() for letter in letters}


@dataclass(frozen=True)
class Line:
    """A text's box, from its own letters and size."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    fill: str


def lines(element: ET.Element, dx: float = 0, dy: float = 0) -> Iterator[Line]:
    moved = re.match(r"translate\(([-\d.]+) ([-\d.]+)\)", element.get("transform", ""))
    if moved:
        dx, dy = dx + float(moved[1]), dy + float(moved[2])
    if element.tag == NS + "text":
        text, size = element.text or "", num(element, "font-size")
        bare = [c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)]
        wide = sum(WIDTHS.get(c, 0.636) for c in bare) * size * (1.1 if element.get("font-weight") else 1)
        x, y = num(element, "x") + dx, num(element, "y") + dy
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[element.get("text-anchor", "start")]
        yield Line(text, left, left + wide, y - size * 0.95, y + size * 0.3, size, element.get("fill", ""))
    for child in element:
        yield from lines(child, dx, dy)


def box(element: ET.Element) -> tuple[float, float]:
    _, _, width, height = map(float, element.get("viewBox", "").split())
    return width, height
