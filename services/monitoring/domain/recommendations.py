"""How far a recommendation (kiến nghị) is: open, remedied (đã khắc phục), re-checked (đã phúc tra).

A re-check that is not satisfied opens it again; a satisfied one closes it for good. Refuses a remedy from before the
inspection or from before the re-check that found it wanting, a re-check without a new remedy, and days to come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.events.common import Day, StreamId, Text
from shared.events.monitoring import Finding, InspectionCompleted, RecommendationRechecked, RecommendationRemedied
from shared.kernel.checks import in_order, not_in_future
from shared.kernel.command import Command
from shared.kernel.decider import Context
from shared.kernel.errors import Refused

InspectionId = Annotated[StreamId, Field(pattern=r"^inspection-[a-z0-9-]{1,105}$")]
FindingNumber = Annotated[int, Field(ge=1, le=1000, strict=True)]
Status = Literal["open", "remedied", "rechecked"]


class RemedyRecommendation(Command, type="monitoring.remedy-recommendation"):
    """What a recommendation asked for was done (báo cáo khắc phục)."""

    inspection: InspectionId
    finding: FindingNumber
    remedied_on: Day
    remark: Text | None = None


class RecheckRecommendation(Command, type="monitoring.recheck-recommendation"):
    """A remedy was checked (phúc tra); unsatisfied, the recommendation is open again."""

    inspection: InspectionId
    finding: FindingNumber
    rechecked_on: Day
    satisfied: bool
    remark: Text | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and how far its recommendation is. `remedied_on` is the last remedy, also of one that did not satisfy."""

    about: Finding
    inspected_from: date
    status: Status = "open"
    remedied_on: date | None = None
    rechecked_on: date | None = None


def same_matter(before: Finding, now: Finding | None) -> bool:
    """Whether a corrected report still speaks of the same thing under the same number."""
    return (
        now is not None
        and now.recommendation is not None
        and (now.place, now.club, now.kind) == (before.place, before.club, before.kind)
    )


def carried(before: Found | None, report: InspectionCompleted, finding: Finding) -> Found:
    """The finding of a corrected report, as far as its recommendation was."""
    if before is None or before.remedied_on is None:
        return Found(finding, report.starts_on)
    return replace(before, about=finding, inspected_from=report.starts_on)


def remedy(found: Found, command: RemedyRecommendation, context: Context) -> RecommendationRemedied:
    """The remedy, or `Refused`."""
    not_in_future(command.remedied_on, context, "remedied_on")
    if found.status == "rechecked":
        raise Refused(
            "recommendation-closed",
            f"Kiến nghị số {command.finding} đã phúc tra đạt; không cần ghi thêm.",
            f"Recommendation {command.finding} was re-checked and is closed; nothing more is needed.",
        )
    in_order(
        found.inspected_from, command.remedied_on, "remedied_on",
        "Ngày khắc phục đứng trước ngày kiểm tra; hãy kiểm tra hai ngày.",
        "The remedy is dated before the inspection; check both days.",
    )  # fmt: skip
    if found.status == "open" and found.rechecked_on is not None:
        in_order(
            found.rechecked_on, command.remedied_on, "remedied_on",
            "Ngày khắc phục đứng trước lần phúc tra chưa đạt; hãy ghi ngày khắc phục lại.",
            "The remedy is dated before the re-check that found it wanting; give the day of the new remedy.",
        )  # fmt: skip
    return RecommendationRemedied.model_validate(command.model_dump(exclude={"inspection"}))


def recheck(found: Found, command: RecheckRecommendation, context: Context) -> RecommendationRechecked:
    """The re-check, or `Refused`."""
    not_in_future(command.rechecked_on, context, "rechecked_on")
    if found.status != "remedied" or found.remedied_on is None:
        raise Refused(
            "nothing-to-recheck",
            f"Kiến nghị số {command.finding} chưa có báo cáo khắc phục mới để phúc tra.",
            f"Recommendation {command.finding} has no new remedy to re-check.",
        )
    in_order(
        found.remedied_on, command.rechecked_on, "rechecked_on",
        "Ngày phúc tra đứng trước ngày khắc phục; hãy kiểm tra hai ngày.",
        "The re-check is dated before the remedy; check both days.",
    )  # fmt: skip
    return RecommendationRechecked.model_validate(command.model_dump(exclude={"inspection"}))
