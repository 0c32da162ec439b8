"""The reporting service's only command: enter a figure that somebody published, with its source (số liệu kê khai).

Metric, area, scope, validity and source name the figure, so declaring it again corrects it, and the same declaration again
records nothing. Refuses an interval that is upside down or half open, shares above 100 % of a whole unless printed so, and
places that are not in their lists. Points out a publication before the day that the figure speaks of. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from shared.events.reporting import DeclarationFacts, FigureDeclared
from shared.kernel.checks import in_order, known_place
from shared.kernel.command import Command
from shared.kernel.decider import Context, Decider, Jurisdiction
from shared.kernel.errors import Notice, Refused
from shared.kernel.place import NATION

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "lien-the/declared-figures")


class DeclareFigure(DeclarationFacts, Command, type="reporting.declare-figure"):
    """Enter a published figure, or correct it."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What stands of a figure."""

    figure: FigureDeclared


def decide(declared: Declared | None, command: DeclareFigure, context: Context) -> Iterable[FigureDeclared]:
    """The declaration, or nothing when it stands already, or `Refused`."""
    if command.area is not None:
        known_place(command.area, context, "area")
    _check_validity(command, context.today)
    if command.unit == "percent" and command.value > Decimal(100) and command.basis != "as-printed":
        raise Refused(
            "share-above-whole",
            "Tỷ lệ lớn hơn 100%; nếu nguồn in như vậy hãy ghi cơ sở là as-printed.",
            "The share is above 100 %; if the source prints it so, give the basis as-printed.",
            field="value",
        )
    figure = FigureDeclared.model_validate(command.model_dump())
    if declared is None or _said(declared.figure) != _said(figure):
        yield figure


def _said(figure: FigureDeclared) -> FigureDeclared:
    """Without the file: the same figure on another line says nothing new."""
    return figure.model_copy(update={"origin": None})


def _check_validity(command: DeclareFigure, today: date) -> None:
    if (command.valid_from is None) != (command.valid_to is None):
        raise Refused(
            "half-an-interval",
            "Ghi cả hai ngày hiệu lực của số liệu, hoặc để trống cả hai nếu không biết.",
            "Give both days between which the figure was valid, or neither if they are unknown.",
            field="valid_to" if command.valid_to is None else "valid_from",
        )
    if command.valid_from is not None and command.valid_to is not None:
        in_order(
            command.valid_from, command.valid_to, "valid_to",
            "Ngày cuối đứng trước ngày đầu; hãy kiểm tra hai ngày.",
            "The last day comes before the first; check both days.",
        )  # fmt: skip
    if command.published_on is not None and command.published_on > today:
        raise Refused(
            "published-in-the-future",
            "Ngày công bố nằm trong tương lai; hãy kiểm tra lại.",
            "The day of publication lies in the future; check it.",
            field="published_on",
        )


def evolve(declared: Declared | None, event: FigureDeclared) -> Declared:
    """The newest declaration stands."""
    del declared
    return Declared(event)


def stream_of(command: DeclareFigure, command_id: str) -> str:
    """`figure-{uuid5}` of what the figure is, whatever the command's id."""
    del command_id
    area = "" if command.area is None else command.area.key
    what = (
        command.metric,
        area,
        command.scope or "",
        command.valid_from,
        command.valid_to,
        command.date_as_printed,
        command.source,
    )
    return f"figure-{uuid5(_NAMESPACE, '|'.join(map(str, what)))}"


def jurisdiction(declared: Declared | None, command: DeclareFigure) -> Jurisdiction:
    """A province enters its own figures, the centre everybody's; figures of nobody knows which province are the centre's."""
    del declared
    return Jurisdiction(command.area or NATION, roles=("province", "centre"))


def notices(declared: Declared | None, command: DeclareFigure, context: Context) -> Iterable[Notice]:
    """Oddities: published before the day that it speaks of."""
    del declared, context
    if command.published_on is not None and command.valid_from is not None and command.published_on < command.valid_from:
        yield Notice(
            "published-before-valid",
            "Số liệu được công bố trước ngày mà nó nói đến; hãy kiểm tra lại nếu không phải dự báo.",
            "The figure was published before the day that it speaks of; check it unless it is a forecast.",
            "published_on",
        )


DECLARATIONS: Final = Decider(decide=decide, evolve=evolve, stream_of=stream_of, jurisdiction=jurisdiction, notices=notices)
