"""A target of a scheme (chỉ tiêu): an indicator should reach a value, or lie in a range, in an area by a day.

Scheme, indicator, area and last day name the target, so setting it again replaces it. Refuses a range that is upside down,
a period that ends before it begins, and areas that are not in their lists. Whether the indicator exists is not asked here:
the reporting service shows a target under the name it was set for, and says so when it knows no such indicator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from shared.events.common import Day, FileRow, Reference, Scheme, Text
from shared.events.monitoring import Figure, TargetEvent, TargetSet
from shared.kernel.checks import in_order, known_place
from shared.kernel.command import Command
from shared.kernel.decider import Context, Decider, Jurisdiction
from shared.kernel.errors import Notice, Refused
from shared.kernel.place import PlaceRef

Slug = Annotated[Reference, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]


class SetTarget(Command, type="monitoring.set-target"):
    """Set a target, or replace it (giao, điều chỉnh chỉ tiêu)."""

    scheme: Scheme
    indicator: Slug
    area: PlaceRef
    period_from: Day
    period_to: Day
    low: Figure
    high: Figure | None = None
    measure: Literal["level", "per-year"] = "level"
    source: Text
    origin: FileRow | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What stands; only needed to point out that it is replaced."""

    replaced: int = 0


def decide(target: Target | None, command: SetTarget, context: Context) -> Iterable[TargetEvent]:
    """The target as set, or `Refused`."""
    known_place(command.area, context, "area")
    in_order(
        command.period_from, command.period_to, "period_to",
        "Kỳ kết thúc trước khi bắt đầu; hãy kiểm tra hai ngày.",
        "The period ends before it begins; check both days.",
    )  # fmt: skip
    if command.high is not None and command.low > command.high:
        raise Refused(
            "range-upside-down",
            f"Mức thấp {command.low} lớn hơn mức cao {command.high}; hãy đổi lại.",
            f"The low end {command.low} is above the high end {command.high}; swap them.",
            field="high",
        )
    yield TargetSet.model_validate(command.model_dump())


def evolve(target: Target | None, event: TargetEvent) -> Target:
    """One more setting."""
    return Target(0 if target is None else target.replaced + 1)


def stream_of(command: SetTarget, command_id: str) -> str:
    """`target-1336-clubs-new-vn-2025-12-31`: the target's name, whatever the command's id."""
    area = command.area.key.lower().replace(":", "-")
    return f"target-{command.scheme}-{command.indicator}-{area}-{command.period_to.isoformat()}"


def jurisdiction(target: Target | None, command: SetTarget) -> Jurisdiction:
    """National targets are the centre's; below, the province's. The ministry's plan 1335 is the state side's."""
    return Jurisdiction(command.area, "state" if command.scheme == "1335" else None, roles=("province", "centre"))


def notices(target: Target | None, command: SetTarget, context: Context) -> Iterable[Notice]:
    """A target that replaces one, and a yearly target over a period that is not whole years."""
    if target is not None:
        yield Notice(
            "target-replaced",
            "Chỉ tiêu này đã có; nay thay bằng số mới.",
            "This target existed already; the new figure replaces it.",
        )
    whole_years = (command.period_from.month, command.period_from.day, command.period_to.month, command.period_to.day)
    if command.measure == "per-year" and whole_years != (1, 1, 12, 31):
        yield Notice(
            "not-whole-years",
            "Chỉ tiêu theo năm nhưng kỳ không trọn năm; từng năm dương lịch sẽ được so với chỉ tiêu.",
            "The target is per year but the period is not whole years; each calendar year is held against it.",
            "period_from",
        )


TARGETS: Decider[Target, SetTarget, TargetEvent] = Decider(decide, evolve, stream_of, jurisdiction, notices)
