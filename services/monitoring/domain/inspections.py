"""An inspection (đoàn kiểm tra, giám sát): planned, completed, and what became of each recommendation (kiến nghị).

A second report corrects the first, but a finding whose remedy was recorded stays: same number, place, club, kind, and with a
recommendation. A remedy (khắc phục) that a re-check (phúc tra) finds unsatisfactory opens the recommendation again; a
satisfactory one closes it for good. Refuses steps out of order and days to come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, assert_never

from pydantic import Field

from services.monitoring.domain.facts import CompletedFacts, Places, check_places, check_report, odd_findings
from services.monitoring.domain.ownership import inspection_owner, moved_owner, recheck_owner, remedy_owner
from services.monitoring.domain.recommendations import (
    Found,
    InspectionId,
    RecheckRecommendation,
    RemedyRecommendation,
    Status,
    carried,
    recheck,
    remedy,
    same_matter,
)
from shared.events.common import Day, Name
from shared.events.monitoring import (
    InspectionCompleted,
    InspectionEvent,
    InspectionPlanned,
    Question,
    RecommendationRechecked,
    RecommendationRemedied,
    Team,
)
from shared.kernel.checks import in_order, no_repeats, not_in_future
from shared.kernel.command import Command
from shared.kernel.decider import Context, Decider, Jurisdiction
from shared.kernel.errors import Notice, Refused
from shared.kernel.place import PlaceRef


class PlanInspection(Command, type="monitoring.plan-inspection"):
    """Plan a delegation (lập kế hoạch kiểm tra). With `inspection`: replace the plan."""

    inspection: InspectionId | None = None
    title: Name
    team: Team
    starts_on: Day
    ends_on: Day
    places: Places
    questions: Annotated[tuple[Question, ...], Field(max_length=10)] = ()
    generated: bool = False


class CompleteInspection(CompletedFacts, type="monitoring.complete-inspection"):
    """Report an inspection as completed (báo cáo kết quả kiểm tra). Without `inspection`: one that was not planned here."""

    inspection: InspectionId | None = None


InspectionCommand = PlanInspection | CompleteInspection | RemedyRecommendation | RecheckRecommendation


def _nothing() -> Mapping[int, Found]:
    return {}


@dataclass(frozen=True, slots=True)
class Inspection:
    """`completed_on` is None while the inspection is only planned."""

    team: Team
    places: tuple[PlaceRef, ...]
    questions: tuple[Question, ...] = ()
    completed_on: date | None = None
    found: Mapping[int, Found] = field(default_factory=_nothing)


def decide(inspection: Inspection | None, command: InspectionCommand, context: Context) -> Iterable[InspectionEvent]:
    """The events that a command causes, or `Refused`."""
    match command:
        case PlanInspection():
            yield _plan(inspection, command, context)
        case CompleteInspection():
            yield _complete(inspection, command, context)
        case RemedyRecommendation():
            yield remedy(_recommendation(inspection, command), command, context)
        case RecheckRecommendation():
            yield recheck(_recommendation(inspection, command), command, context)
        case _:
            assert_never(command)


def _plan(inspection: Inspection | None, command: PlanInspection, context: Context) -> InspectionPlanned:
    _require_known(inspection, command.inspection)
    if inspection is not None and inspection.completed_on is not None:
        raise Refused(
            "inspection-already-completed",
            "Đoàn kiểm tra này đã hoàn thành; hãy báo cáo lại để đính chính, không lập lại kế hoạch.",
            "This inspection is completed; report it again to correct it instead of planning it.",
        )
    in_order(
        command.starts_on, command.ends_on, "ends_on",
        "Ngày kết thúc kiểm tra đứng trước ngày bắt đầu; hãy kiểm tra hai ngày.",
        "The inspection ends before it begins; check both days.",
    )  # fmt: skip
    check_places(command.places, context)
    no_repeats(command.questions, "questions")
    return InspectionPlanned.model_validate(command.model_dump(exclude={"inspection"}))


def _complete(inspection: Inspection | None, command: CompleteInspection, context: Context) -> InspectionCompleted:
    _require_known(inspection, command.inspection)
    check_report(command, context)
    not_in_future(command.completed_on, context, "completed_on")
    if inspection is not None:
        reported = {finding.number: finding for finding in command.findings}
        for number, found in inspection.found.items():
            if found.remedied_on is not None and not same_matter(found.about, reported.get(number)):
                raise Refused(
                    "remedied-finding-changed",
                    f"Phát hiện số {number} đã có báo cáo khắc phục nên phải giữ số, nơi, câu lạc bộ, loại và kiến nghị.",
                    f"Finding {number} has a recorded remedy, so its number, place, club, kind and recommendation must stay.",
                    field="findings",
                )
    return InspectionCompleted.model_validate(command.model_dump(exclude={"inspection"}))


def _require_known(inspection: Inspection | None, named: str | None) -> None:
    if inspection is None and named is not None:
        raise _unknown(named)


def _unknown(named: str) -> Refused:
    return Refused(
        "unknown-inspection",
        f"Chưa có cuộc kiểm tra {named}; hãy kiểm tra mã, hoặc bỏ trống để ghi một cuộc mới.",
        f"There is no inspection {named}; check the id, or leave it out to record a new one.",
        status=404,
        field="inspection",
    )


def _recommendation(inspection: Inspection | None, command: RemedyRecommendation | RecheckRecommendation) -> Found:
    if inspection is None:
        raise _unknown(command.inspection)
    found = inspection.found.get(command.finding)
    if found is None or found.about.recommendation is None:
        raise Refused(
            "unknown-recommendation",
            f"Cuộc kiểm tra này không có kiến nghị số {command.finding}; hãy xem lại danh sách phát hiện.",
            f"This inspection has no recommendation {command.finding}; look at its findings again.",
            status=404,
            field="finding",
        )
    return found


def evolve(inspection: Inspection | None, event: InspectionEvent) -> Inspection:
    """A corrected report keeps how far each recommendation is."""
    match event:
        case InspectionPlanned():
            return Inspection(event.team, event.places, event.questions)
        case InspectionCompleted():
            before = inspection or Inspection(event.team, event.places)
            found = {finding.number: carried(before.found.get(finding.number), event, finding) for finding in event.findings}
            return Inspection(event.team, event.places, before.questions, event.completed_on, found)
        case RecommendationRemedied():
            return _with(inspection, event.finding, status="remedied", remedied_on=event.remedied_on)
        case RecommendationRechecked():
            status = "rechecked" if event.satisfied else "open"
            return _with(inspection, event.finding, status=status, rechecked_on=event.rechecked_on)
        case _:
            assert_never(event)


def _with(
    inspection: Inspection | None,
    number: int,
    *,
    status: Status,
    remedied_on: date | None = None,
    rechecked_on: date | None = None,
) -> Inspection:
    if inspection is None:
        raise ValueError("an inspection begins with its plan or its report")
    found = inspection.found[number]
    moved = replace(
        found,
        status=status,
        remedied_on=remedied_on or found.remedied_on,
        rechecked_on=rechecked_on or found.rechecked_on,
    )
    return replace(inspection, found={**inspection.found, number: moved})


def stream_of(command: InspectionCommand, command_id: str) -> str:
    """The named inspection, or a new one that takes its id from the command's."""
    return command.inspection or f"inspection-{command_id}"


def jurisdiction(inspection: Inspection | None, command: InspectionCommand) -> Jurisdiction:
    """The delegation's own level and side; a remedy is the place's; a re-check that of the level above it."""
    match command:
        case PlanInspection() | CompleteInspection():
            after = inspection_owner(command.team, command.places)
            return after if inspection is None else moved_owner(inspection_owner(inspection.team, inspection.places), after)
        case RemedyRecommendation():
            return remedy_owner(_recommendation(inspection, command).about)
        case RecheckRecommendation():
            found = _recommendation(inspection, command)
            return recheck_owner(found.about, inspection.team if inspection is not None else None)
        case _:
            assert_never(command)


def notices(inspection: Inspection | None, command: InspectionCommand, context: Context) -> Iterable[Notice]:
    """What is accepted and pointed out: clubs that were not visited, questions of the plan that nobody answered."""
    match command:
        case CompleteInspection():
            yield from odd_findings(command)
            answered = {answer.question for answer in command.answers}
            for question in inspection.questions if inspection is not None else ():
                if question not in answered:
                    yield Notice(
                        "question-not-answered",
                        f"Câu hỏi “{question}” của kế hoạch chưa được trả lời.",
                        f"The plan's question “{question}” is not answered.",
                        "answers",
                    )
        case PlanInspection() | RemedyRecommendation() | RecheckRecommendation():
            return
        case _:
            assert_never(command)


INSPECTIONS: Decider[Inspection, InspectionCommand, InspectionEvent] = Decider(decide, evolve, stream_of, jurisdiction, notices)
