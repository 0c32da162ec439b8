"""Writing SVG as text: elements, words and how wide they are.

Guarantees that every text and attribute is escaped, that what XML cannot carry is dropped, that a link leads only to a page,
and that the same input gives the same bytes. Uses presentation attributes only, so that a strict content policy lets it pass.
Widths are estimates on the wide side: no font is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from xml.sax.saxutils import escape

from shared.charts.palette import INK

FONT = "Be Vietnam Pro, Noto Sans, system-ui, sans-serif"
TEXT = 12.5
"""The size of all words on a drawing 360 units wide; 11 px where it is shown 320 px wide."""
LINE = 17.0
"""From one line of words to the next: leaves room for stacked diacritics."""

_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_HREF = re.compile(r"(https?://|/|\?|#)")


def number(value: float | Decimal) -> str:
    """A coordinate with at most two decimals."""
    text = f"{float(value):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def clean(text: str) -> str:
    """The text without what XML cannot carry."""
    return _ILLEGAL.sub("", text)


def tag(name: str, *children: str, **attributes: str | float | None) -> str:
    """An element; `stroke_width=2` becomes `stroke-width="2"`, `None` is left out. Children are SVG already."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items() if value is not None
    )
    body = "".join(children)
    return f"<{name}{written}>{body}</{name}>" if body else f"<{name}{written}/>"


def _attribute(value: str | float) -> str:
    return escape(clean(value), {'"': "&quot;"}) if isinstance(value, str) else number(value)


def words(
    x: float,
    y: float,
    text: str,
    *,
    size: float = TEXT,
    anchor: str = "start",
    bold: bool = False,
    fill: str = INK,
    halo: str = "",
) -> str:
    """A line of text whose baseline starts (or is centred, or ends) at x, y. A halo keeps it apart from lines behind it."""
    outline: dict[str, str | float] = (
        {"stroke": halo, "stroke_width": 4, "stroke_linejoin": "round", "paint_order": "stroke"} if halo else {}
    )
    return tag(
        "text",
        escape(clean(text)),
        x=x,
        y=y,
        font_size=size,
        text_anchor=anchor if anchor != "start" else None,
        font_weight="600" if bold else None,
        fill=fill,
        **outline,
    )


def rect(x: float, y: float, width: float, height: float, fill: str, **more: str | float | None) -> str:
    """A filled rectangle."""
    return tag("rect", x=x, y=y, width=max(width, 0), height=height, fill=fill, **more)


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, wide: float = 1, **more: str | float | None) -> str:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=wide, **more)


def hatch(id: str, ground: str, lines: str, step: float = 5) -> str:
    """A pattern of slanting lines, the mark of an estimate; used as `fill="url(#id)"`."""
    return tag(
        "pattern",
        rect(0, 0, step, step, ground),
        line(0, 0, 0, step, lines, 3.2 if step > 5 else 2.4),
        id=checked_id(id),
        width=step,
        height=step,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )


def link(href: str | None, *children: str) -> str:
    """The children inside a link, or just them where there is nowhere to go. Refuses what is not the address of a page."""
    if href is None:
        return tag("g", *children)
    if not _HREF.match(href):
        raise ValueError(f"a link leads to a page: {href!r}")
    return tag("a", *children, href=href)


def tooltip(text: str) -> str:
    """What the enclosing element is called."""
    return tag("title", escape(clean(text)))


def checked_id(id: str) -> str:
    """The id if it may be one; may raise `ValueError`."""
    if not _ID.fullmatch(id):
        raise ValueError(f"an id is a letter followed by letters, digits, - and _: {id!r}")
    return id


def frame(
    id: str,
    title: str,
    sentence: str,
    size: tuple[float, float],
    body: Sequence[str],
    *,
    defs: Sequence[str] = (),
    linked: bool = False,
) -> str:
    """The whole drawing. With links inside it is a group, since an image has no parts a keyboard could reach."""
    checked_id(id)
    width, height = size
    return tag(
        "svg",
        tag("title", escape(clean(title)), id=f"{id}-title"),
        tag("desc", escape(clean(sentence)), id=f"{id}-desc"),
        tag("defs", *defs) if defs else "",
        *body,
        xmlns="http://www.w3.org/2000/svg",
        id=id,
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="group" if linked else "img",
        aria_labelledby=f"{id}-title {id}-desc",
        font_family=FONT,
        fill=INK,
    )


def swatch(x: float, baseline: float, fill: str, stroke: str | None = None) -> str:
    """The square of a legend, beside a line of text."""
    return rect(x, baseline - 10, 11, 11, fill, stroke=stroke)


def _em(letter: str) -> float:
    if letter in "ijl.,:;|!'’·":
        return 0.34
    if letter in " ftrI()[]-–/":
        return 0.42
    if letter in "mwMW%—…@":
        return 0.96
    if letter in "+−<>=×&":
        return 0.84
    if letter.isupper():
        return 0.74
    return 0.635


def text_width(text: str, size: float = TEXT, *, bold: bool = False) -> float:
    """How wide a text is at most, in the widest font it is likely to be set in."""
    return _ems(text) * size * (1.12 if bold else 1)


@lru_cache(4096)
def _ems(text: str) -> float:
    letters = (c for c in unicodedata.normalize("NFD", clean(text)) if not unicodedata.combining(c))
    return sum(map(_em, letters))


def fit(text: str, room: float, size: float = TEXT, *, bold: bool = False) -> str:
    """The text, or as much of it as there is room for and an ellipsis."""
    text = unicodedata.normalize("NFC", clean(text))
    if text_width(text, size, bold=bold) <= room:
        return text
    while text and text_width(text + "…", size, bold=bold) > room:
        text = text[:-1].rstrip()
    return text + "…"


def wrap(text: str, room: float, size: float = TEXT, *, lines: int = 2) -> list[str]:
    """The text on at most so many lines, broken at spaces; the last is shortened if it must be."""
    done: list[str] = []
    rest = text.split()
    while rest and len(done) < lines - 1:
        taken = 1
        while taken < len(rest) and text_width(" ".join(rest[: taken + 1]), size) <= room:
            taken += 1
        done.append(fit(" ".join(rest[:taken]), room, size))
        rest = rest[taken:]
    return [*done, fit(" ".join(rest), room, size)] if rest else done


def held(x: float, text: str, low: float, high: float, size: float = TEXT, *, bold: bool = False) -> float:
    """The centre for a text that would like to be centred at x but must stay between low and high."""
    half = text_width(text, size, bold=bold) / 2
    return min(max(x, low + half), max(high - half, low + half))


def centred(x: float, y: float, text: str, width: float, *, bold: bool = False, fill: str = INK) -> tuple[float, str, str]:
    """A text centred at x, or as near as a drawing so wide lets it be; its centre, what was written, and the element."""
    text = fit(text, width, bold=bold)
    x = held(x, text, 0, width, bold=bold)
    return x, text, words(x, y, text, anchor="middle", bold=bold, fill=fill)
