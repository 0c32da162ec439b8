"""The events of the monitoring service: targets (chỉ tiêu), inspections (kiểm tra, giám sát), recommendations (kiến nghị)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.common import Count, Day, FileRow, Name, Reference, Scheme, StreamId, Text
from shared.kernel.event import Event
from shared.kernel.place import PlaceRef

Finding_About = Literal["authority", "club"]
FindingKind = Literal[
    "authority-passive", "weak-coordination", "weak-communication", "no-starting-fund", "club-inactive", "remote-area",
    "areas-missing", "no-meeting-place", "too-little-lending", "wrong-beneficiaries", "books-missing", "other",
]  # fmt: skip
"""The limits that conferences and teams name (những hạn chế), as a vocabulary."""

Question = Literal["within-remit-and-law", "activities-serve-their-purpose", "support-reaches-the-right-people"]
"""What the plan asks a team to check (Decision 1335, III.2.a)."""

Figure = Annotated[Decimal, Field(ge=0, le=10**15, max_digits=20, decimal_places=4)]


class Part(BaseModel):
    """A part of an event; unknown fields of a newer writer are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class TargetSet(Event, type="monitoring.target-set", version=1):
    """A target of a scheme (chỉ tiêu): an indicator should reach `low`, or lie in `low` to `high`, in a period.

    `measure` is how the actual figure is asked for: at the end of the period (`level`), or for each calendar year in it
    (`per-year`, as "mỗi năm từ 5 đến 7 đợt").
    """

    scheme: Scheme
    indicator: Reference
    area: PlaceRef
    period_from: Day
    period_to: Day
    low: Figure
    high: Figure | None = None
    measure: Literal["level", "per-year"] = "level"
    source: Text
    """The document and its date."""
    origin: FileRow | None = None
    """The file that it was read from, if it was."""


class Team(Part):
    """A delegation (đoàn kiểm tra, giám sát): who leads it, and how many of each body."""

    led_by: Literal["lead-department", "association-centre", "province-department", "province-association", "other"]
    members: Count | None = None


class InspectionPlanned(Event, type="monitoring.inspection-planned", version=1):
    """A delegation is planned (kế hoạch kiểm tra); planning again replaces the plan."""

    title: Name
    team: Team
    starts_on: Day
    ends_on: Day
    places: tuple[PlaceRef, ...]
    questions: tuple[Question, ...] = ()
    generated: bool = False


class Answer(Part):
    """What the team found on one question of the plan."""

    question: Question
    satisfied: bool | None = None
    remark: Text | None = None


class Recommendation(Part):
    """A recommendation (kiến nghị) and the day by which it should be carried out."""

    text: Text
    deadline: Day | None = None


class Finding(Part):
    """A finding (phát hiện) about the authority that carries the scheme out, or about one club. Numbers are 1, 2, 3, ..."""

    number: Annotated[int, Field(ge=1, le=1000, strict=True)]
    kind: FindingKind
    place: PlaceRef
    club: StreamId | None = None
    """None: about the authority."""
    text: Text
    recommendation: Recommendation | None = None


class InspectionCompleted(Event, type="monitoring.inspection-completed", version=1):
    """A delegation has finished (đoàn kiểm tra đã hoàn thành). A second report of the same inspection corrects the first."""

    title: Name
    team: Team
    starts_on: Day
    completed_on: Day
    places: tuple[PlaceRef, ...]
    clubs_visited: tuple[StreamId, ...] = ()
    answers: tuple[Answer, ...] = ()
    findings: tuple[Finding, ...] = ()
    generated: bool = False


class RecommendationRemedied(Event, type="monitoring.recommendation-remedied", version=1):
    """What a recommendation asked for was done (đã khắc phục)."""

    finding: Annotated[int, Field(ge=1, strict=True)]
    remedied_on: Day
    remark: Text | None = None


class RecommendationRechecked(Event, type="monitoring.recommendation-rechecked", version=1):
    """The remedy was checked (phúc tra); unsatisfied, the recommendation is open again."""

    finding: Annotated[int, Field(ge=1, strict=True)]
    rechecked_on: Day
    satisfied: bool
    remark: Text | None = None


TargetEvent = TargetSet
InspectionEvent = InspectionPlanned | InspectionCompleted | RecommendationRemedied | RecommendationRechecked
