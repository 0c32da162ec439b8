"""Bullet (Stephen Few): one figure against its target, and the money of a plan in the same form.

A value beyond a fixed scale is drawn to the edge with a break in the bar; the scale never cuts off in silence. A figure that is
not known has no bar and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.charts.chart import Amount, Chart, Show, Table, said
from shared.charts.palette import BLUE, HAIRLINE, INK, LIGHT_BLUE, PINK, SHADE, TRACK, TURQUOISE, WHITE
from shared.charts.parts import Basis, Key, Note, axis, basis_fill, basis_hatch, head, key
from shared.charts.scale import Scale
from shared.charts.svg import centred, frame, line, rect, tag, text_width, words

_BAND = 26.0
"""The height of the band that the bar lies in."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the value: how it is known, how much, and its words in the key ("đếm được 4.043")."""

    basis: Basis
    amount: Amount
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An amount on the scale with the words that stand at it ("chỉ tiêu 2.900")."""

    amount: Amount
    label: str


@dataclass(frozen=True, slots=True)
class Span:
    """A target that is a range, from low to high, with its words ("trong khoảng 5–7 đợt")."""

    low: Amount
    high: Amount
    label: str

    def __post_init__(self) -> None:
        if self.low.size > self.high.size:
            raise ValueError("a range goes from low to high")


@dataclass(frozen=True, slots=True)
class Bullet:
    """One figure against a target or a target range. Refuses negative parts, and a target beside a range.

    No parts means not known, and `unknown` is drawn instead. `scale_to` fixes the end of the scale, for rows that share one.
    """

    id: str
    title: str
    sentence: str
    header: tuple[str, str]
    name: str
    value: Amount | None
    parts: tuple[Part, ...]
    show: Show
    unknown: str
    target: Mark | None = None
    span: Span | None = None
    expected: Mark | None = None
    scale_to: float | None = None
    width: float = 360

    def draw(self) -> Chart:
        """The drawing; may raise `ValueError`."""
        self._check()
        bottom, body = 0.0, list[str]()
        if self.name:
            body += head(self.name, said(self.value, self.unknown), self.width, known=self.value is not None)
            bottom = 24.0
        scale = self._scale()
        over = self.target or self.span
        band = bottom + (20 if over else 2)
        body += self._band(scale, band) + self._bars(scale, band)
        if over:
            x = scale.within(self.target.amount.size) if self.target else self._middle(scale)
            body.append(centred(x, band - 6, over.label, self.width, fill=PINK)[2])
        if self.target:
            x = scale.within(self.target.amount.size)
            body.append(rect(held_shape(x, 3, self.width), band - 2, 3, _BAND + 4, PINK))
        if self.expected:
            x = scale.within(self.expected.amount.size)
            body.append(line(x, band + 3, x, band + _BAND, WHITE, 4))
            body.append(line(x, band + 3, x, band + _BAND, INK, 2))
            body.append(tag("path", d=f"M{x:.2f} {band + _BAND - 1:.2f}l5 7h-10z", fill=INK))
        note = Note(scale.within(self.expected.amount.size), self.expected.label) if self.expected else None
        body += axis(scale, band + _BAND + 6, self.width, self.show, note=note)
        bottom = band + _BAND + 32
        used = [Key(basis_fill(self.id, p.basis), p.label, BLUE if p.basis == "estimated" else None) for p in self.parts]
        if len(used) > 1 or any(part.basis != "counted" for part in self.parts):
            height, drawn = key(used, bottom, self.width)
            body, bottom = body + drawn, bottom + height
        defs = [basis_hatch(self.id)] if any(part.basis == "estimated" for part in self.parts) else []
        svg = frame(self.id, self.title, self.sentence, (self.width, bottom), body, defs=defs)
        return Chart(svg, self.title, self.sentence, self._table())

    def _check(self) -> None:
        if self.target and self.span:
            raise ValueError("a figure has a target or a target range, not both")
        if any(part.amount.size < 0 for part in self.parts):
            raise ValueError("a part of a bar is not negative")
        if (self.value is None) != (not self.parts):
            raise ValueError("a value has parts, and no value has none")
        total = sum(part.amount.size for part in self.parts)
        if self.value and abs(total - self.value.size) > 1e-6 * max(abs(total), 1):
            raise ValueError(f"the parts sum to {total}, not to {self.value.value}")

    def _scale(self) -> Scale:
        marks = [mark.amount.size for mark in (self.target, self.expected) if mark] + (
            [self.span.high.size] if self.span else []
        )
        end = self.width
        if self.scale_to is not None:
            return Scale.over([self.scale_to, *marks], 0, end)
        return Scale.over([*marks, self.value.size if self.value else 0], 0, end)

    def _middle(self, scale: Scale) -> float:
        return (scale.within(self.span.low.size) + scale.within(self.span.high.size)) / 2 if self.span else 0

    def _band(self, scale: Scale, top: float) -> list[str]:
        body = [rect(scale.start, top, scale.end - scale.start, _BAND, TRACK)]
        if self.span:
            low, high = scale.within(self.span.low.size), scale.within(self.span.high.size)
            body.append(rect(low, top, high - low, _BAND, SHADE))
            body += [rect(held_shape(x, 3, self.width), top - 2, 3, _BAND + 4, PINK) for x in (low, high)]
        return body

    def _bars(self, scale: Scale, top: float) -> list[str]:
        if self.value is None:
            return [words(8, top + 17.5, self.unknown)] if not self.name else []
        body: list[str] = []
        done = 0.0
        for part in self.parts:
            left, right = scale.within(done), scale.within(done + part.amount.size)
            done += part.amount.size
            body.append(rect(left, top + 8, right - left, _BAND - 16, basis_fill(self.id, part.basis)))
        if done > scale.high:
            body.append(broken(scale.end - 14, top + 8, _BAND - 16))
            body.append(tag("path", d=f"M{scale.end - 6:.2f} {top + 7:.2f}l7 6l-7 6z", fill=BLUE))
            if not self.name:
                text = self.value.text
                body.append(words(scale.end - 22, top + 17.5, text, anchor="end", bold=True, fill=WHITE))
        return body

    def _table(self) -> Table:
        rows = [(self.name or self.title, said(self.value, self.unknown))]
        rows += [(part.label, part.amount.text) for part in self.parts if len(self.parts) > 1 or part.basis != "counted"]
        rows += [(mark.label, mark.amount.text) for mark in (self.target, self.expected) if mark]
        if self.span:
            rows.append((self.span.label, f"{self.span.low.text}–{self.span.high.text}"))
        return Table(self.header, tuple(rows))


def held_shape(x: float, size: float, width: float) -> float:
    """The left edge of a shape centred at x, kept on the drawing."""
    return min(max(x - size / 2, 0), width - size)


def broken(x: float, top: float, height: float) -> str:
    """The mark of a bar that is longer than what is drawn: two white slanting cuts."""
    return "".join(line(x + dx, top + height + 2, x + dx + 4, top - 2, WHITE, 2.5) for dx in (0, 5))


@dataclass(frozen=True, slots=True)
class Money:
    """One of the sums of a plan: the words for it ("đã chi") and the sum, or `None` where it is not known."""

    label: str
    amount: Amount | None


@dataclass(frozen=True, slots=True)
class FundingBullet:
    """Money of a plan on one band: planned (dự toán, the mark), allocated (giao, light) with what was spent (chi, dark)
    inside it, and raised from elsewhere (huy động) after it. A sum that is not known is not drawn, and the key says so."""

    id: str
    title: str
    sentence: str
    header: tuple[str, str]
    name: str
    planned: Money
    allocated: Money
    spent: Money
    raised: Money
    show: Show
    unknown: str
    width: float = 360

    def draw(self) -> Chart:
        """The drawing; may raise `ValueError` for a negative sum."""
        sums = (self.planned, self.allocated, self.spent, self.raised)
        if any(money.amount and money.amount.size < 0 for money in sums):
            raise ValueError("a sum of money is not negative")
        planned, allocated, spent, raised = (money.amount.size if money.amount else 0.0 for money in sums)
        scale = Scale.over([planned, max(allocated, spent) + raised], 0, self.width)
        body: list[str] = []
        if self.name:
            body += head(self.name, "", self.width)
        band = (24.0 if self.name else 0.0) + 4
        ends = max(allocated, spent)
        body += [
            rect(0, band, scale.end, _BAND, TRACK),
            rect(0, band, scale.at(allocated), _BAND, LIGHT_BLUE),
            rect(scale.at(ends), band, scale.at(ends + raised) - scale.at(ends), _BAND, TURQUOISE),
            rect(0, band + 8, scale.at(spent), _BAND - 16, BLUE),
        ]
        if self.planned.amount:
            body.append(rect(held_shape(scale.at(planned), 3, self.width), band - 3, 3, _BAND + 6, PINK))
        body += axis(scale, band + _BAND + 6, self.width, self.show)
        fills = (PINK, LIGHT_BLUE, BLUE, TURQUOISE)
        entries = [self._entry(money, fill) for money, fill in zip(sums, fills, strict=True)]
        top = band + _BAND + 32
        column = max(text_width(entry.text) for entry in entries) + 30
        height, drawn = key(entries, top, self.width, column=self.width / 2 if column <= self.width / 2 else self.width)
        svg = frame(self.id, self.title, self.sentence, (self.width, top + height), body + drawn)
        rows = tuple((money.label, said(money.amount, self.unknown)) for money in sums)
        return Chart(svg, self.title, self.sentence, Table(self.header, rows))

    def _entry(self, money: Money, fill: str) -> Key:
        text = f"{money.label} {said(money.amount, self.unknown)}"
        return Key(fill, text, mark=fill == PINK) if money.amount else Key(WHITE, text, HAIRLINE)
