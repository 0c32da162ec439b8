"""Rules of an inspection: its plan, its report with findings, and what becomes of each recommendation."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.monitoring.domain import (
    INSPECTIONS,
    CompleteInspection,
    PlanInspection,
    RecheckRecommendation,
    RemedyRecommendation,
)
from shared.events.monitoring import (
    Answer,
    Finding,
    InspectionCompleted,
    InspectionPlanned,
    Recommendation,
    RecommendationRechecked,
    RecommendationRemedied,
    Team,
)
from shared.kernel.authority import authorise
from shared.kernel.errors import Refused
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Principal, Role, Side
from shared.reference.book import load
from shared.testing.given import COMMAND_ID, given

THANH_HOA = PlaceRef(code="38", list="34")
HAM_RONG = PlaceRef(code="14758", list="34")
HA_NOI = PlaceRef(code="01", list="34")
INSPECTION = "inspection-7"

passive = Finding(
    number=1,
    kind="authority-passive",
    place=THANH_HOA,
    text="Chưa chủ động tham mưu",
    recommendation=Recommendation(text="Ban hành kế hoạch năm", deadline=date(2026, 2, 20)),
)
no_books = Finding(
    number=2,
    kind="books-missing",
    place=HAM_RONG,
    club="club-1",
    text="Chưa có sổ thu chi",
    recommendation=Recommendation(text="Lập sổ thu chi"),
)
remark = Finding(number=3, kind="other", place=THANH_HOA, text="Địa bàn rộng")

PLAN: dict[str, Any] = {
    "title": "Đoàn kiểm tra thực hiện Đề án tại Thanh Hóa",
    "team": Team(led_by="province-association", members=5),
    "starts_on": date(2026, 1, 12),
    "ends_on": date(2026, 1, 14),
    "places": (THANH_HOA,),
    "questions": ("within-remit-and-law", "support-reaches-the-right-people"),
}
REPORT: dict[str, Any] = {
    "title": PLAN["title"],
    "team": PLAN["team"],
    "starts_on": date(2026, 1, 12),
    "completed_on": date(2026, 1, 14),
    "places": (THANH_HOA,),
    "clubs_visited": ("club-1",),
    "answers": (Answer(question="within-remit-and-law", satisfied=True),),
    "findings": (passive, no_books, remark),
}
planned = InspectionPlanned(**PLAN)
completed = InspectionCompleted(**REPORT)
remedied = RecommendationRemedied(finding=2, remedied_on=date(2026, 2, 1))
unsatisfied = RecommendationRechecked(finding=2, rechecked_on=date(2026, 2, 10), satisfied=False, remark="Sổ còn trống")
satisfied = RecommendationRechecked(finding=2, rechecked_on=date(2026, 2, 10), satisfied=True)


def plan(**changes: Any) -> PlanInspection:
    return PlanInspection(**{**PLAN, **changes})


def complete(**changes: Any) -> CompleteInspection:
    return CompleteInspection(**{**REPORT, **changes})


def remedy(finding: int = 2, on: date = date(2026, 2, 1)) -> RemedyRecommendation:
    return RemedyRecommendation(inspection=INSPECTION, finding=finding, remedied_on=on)


def recheck(finding: int = 2, on: date = date(2026, 2, 10), *, satisfied: bool = True) -> RecheckRecommendation:
    return RecheckRecommendation(inspection=INSPECTION, finding=finding, rechecked_on=on, satisfied=satisfied)


def test_a_plan_begins_an_inspection_named_after_its_command() -> None:
    assert given(INSPECTIONS).when(plan()).then(planned).notices().stream == f"inspection-{COMMAND_ID}"


def test_an_inspection_may_be_completed_without_a_plan() -> None:
    given(INSPECTIONS).when(complete()).then(completed).notices()


def test_a_plan_is_replaced_until_the_inspection_is_completed() -> None:
    given(INSPECTIONS, planned).when(plan(inspection=INSPECTION, title="Khác")).accepted()
    given(INSPECTIONS, planned, completed).when(plan(inspection=INSPECTION)).refused("inspection-already-completed")


def test_questions_of_the_plan_that_nobody_answered_are_pointed_out() -> None:
    given(INSPECTIONS, planned).when(complete(inspection=INSPECTION)).then(completed).notices("question-not-answered")


def test_a_named_inspection_must_exist() -> None:
    given(INSPECTIONS).when(plan(inspection=INSPECTION)).refused("unknown-inspection")
    given(INSPECTIONS).when(complete(inspection=INSPECTION)).refused("unknown-inspection")
    given(INSPECTIONS).when(remedy()).refused("unknown-inspection")
    given(INSPECTIONS).when(recheck()).refused("unknown-inspection")


def test_days_are_in_order_and_have_come() -> None:
    given(INSPECTIONS).when(plan(ends_on=date(2026, 1, 11))).refused("dates-out-of-order", field="ends_on")
    given(INSPECTIONS).when(complete(completed_on=date(2026, 1, 11))).refused("dates-out-of-order", field="completed_on")
    given(INSPECTIONS).when(complete(completed_on=date(2026, 3, 3), findings=())).refused("in-the-future")
    given(INSPECTIONS).when(plan(ends_on=date(2026, 12, 31))).accepted()


def test_places_are_in_their_lists_and_named_once() -> None:
    given(INSPECTIONS).when(plan(places=(THANH_HOA, PlaceRef(code="02", list="34")))).refused("unknown-place", field="places.1")
    given(INSPECTIONS).when(plan(places=(THANH_HOA, THANH_HOA))).refused("named-twice", field="places")
    with pytest.raises(ValueError, match="places"):
        plan(places=())


@pytest.mark.parametrize("numbers", [(1, 3), (2, 3), (1, 1), (0, 1)])
def test_findings_are_numbered_from_one_without_gap(numbers: tuple[int, int]) -> None:
    findings = tuple(remark.model_copy(update={"number": number}) for number in numbers)
    given(INSPECTIONS).when(complete().model_copy(update={"findings": findings})).refused("findings-misnumbered")


def test_the_order_of_findings_in_the_report_does_not_matter() -> None:
    given(INSPECTIONS).when(complete(findings=(no_books, passive))).accepted()


def test_a_finding_about_a_club_that_was_not_visited_is_pointed_out() -> None:
    given(INSPECTIONS).when(complete(clubs_visited=())).accepted().notices("club-not-visited")


def test_a_finding_is_about_a_place_where_the_team_was_or_the_authority_above_it() -> None:
    elsewhere = remark.model_copy(update={"number": 1, "place": HA_NOI})
    given(INSPECTIONS).when(complete(findings=(elsewhere,))).refused("finding-elsewhere", field="findings.0.place")
    given(INSPECTIONS).when(complete(places=(HAM_RONG,), findings=(passive,))).accepted()
    old_name = remark.model_copy(update={"number": 1, "place": PlaceRef(code="14761", list="63")})
    given(INSPECTIONS).when(complete(findings=(old_name,))).accepted()


def test_a_deadline_is_not_before_the_inspection_ended() -> None:
    early = passive.model_copy(update={"recommendation": Recommendation(text="x", deadline=date(2026, 1, 13))})
    given(INSPECTIONS).when(complete(findings=(early,))).refused("dates-out-of-order")


def test_nothing_in_a_report_is_named_twice() -> None:
    given(INSPECTIONS).when(complete(clubs_visited=("club-1", "club-1"))).refused("named-twice", field="clubs_visited")
    given(INSPECTIONS).when(complete(answers=REPORT["answers"] * 2)).refused("named-twice", field="answers")


def test_a_recommendation_is_remedied_and_rechecked() -> None:
    given(INSPECTIONS, completed).when(remedy()).then(remedied)
    given(INSPECTIONS, completed, remedied).when(recheck()).then(satisfied)


def test_only_a_finding_with_a_recommendation_is_remedied() -> None:
    given(INSPECTIONS, completed).when(remedy(3)).refused("unknown-recommendation", field="finding")
    given(INSPECTIONS, completed).when(remedy(4)).refused("unknown-recommendation")


def test_only_a_remedy_is_rechecked() -> None:
    given(INSPECTIONS, completed).when(recheck()).refused("nothing-to-recheck")
    given(INSPECTIONS, completed, remedied, unsatisfied).when(recheck()).refused("nothing-to-recheck")


def test_an_unsatisfied_recheck_opens_the_recommendation_again() -> None:
    history = (completed, remedied, unsatisfied)
    given(INSPECTIONS, *history).when(remedy(on=date(2026, 2, 9))).refused("dates-out-of-order", field="remedied_on")
    again = RecommendationRemedied(finding=2, remedied_on=date(2026, 2, 20))
    given(INSPECTIONS, *history).when(remedy(on=date(2026, 2, 20))).then(again)
    given(INSPECTIONS, *history, again).when(recheck(on=date(2026, 2, 19))).refused("dates-out-of-order")
    given(INSPECTIONS, *history, again).when(recheck(on=date(2026, 2, 21))).accepted()


def test_a_satisfied_recheck_closes_the_recommendation_for_good() -> None:
    given(INSPECTIONS, completed, remedied, satisfied).when(remedy()).refused("recommendation-closed")
    given(INSPECTIONS, completed, remedied, satisfied).when(recheck()).refused("nothing-to-recheck")


def test_a_remedy_is_not_from_before_the_inspection_nor_from_the_future() -> None:
    given(INSPECTIONS, completed).when(remedy(on=date(2026, 1, 11))).refused("dates-out-of-order")
    given(INSPECTIONS, completed).when(remedy(on=date(2026, 3, 3))).refused("in-the-future")
    given(INSPECTIONS, completed, remedied).when(recheck(on=date(2026, 3, 3))).refused("in-the-future")


def test_a_correction_keeps_what_was_remedied() -> None:
    history = (completed, remedied)
    dropped = complete(inspection=INSPECTION, findings=(passive,))
    given(INSPECTIONS, *history).when(dropped).refused("remedied-finding-changed", field="findings")
    another_club = no_books.model_copy(update={"club": "club-2"})
    given(INSPECTIONS, *history).when(complete(inspection=INSPECTION, findings=(passive, another_club))).refused(
        "remedied-finding-changed"
    )
    reworded = no_books.model_copy(update={"text": "Sổ thu chi chưa đủ"})
    outcome = given(INSPECTIONS, *history).when(complete(inspection=INSPECTION, findings=(passive, reworded))).accepted()
    given(INSPECTIONS, *history, *outcome.events).when(recheck()).then(satisfied)


def test_a_correction_may_drop_what_nobody_remedied() -> None:
    corrected = complete(inspection=INSPECTION, findings=(passive,))
    given(INSPECTIONS, completed).when(corrected).then(InspectionCompleted(**{**REPORT, "findings": (passive,)}))


def may(role: Role, side: Side, area: PlaceRef, command: Any, *history: Any) -> bool:
    state = None
    for event in history:
        state = INSPECTIONS.evolve(state, event)
    try:
        authorise(Principal("t", role, area, side), INSPECTIONS.jurisdiction(state, command), load())
    except Refused as refused:
        if refused.status != 403:
            raise
        return False
    return True


def test_a_province_inspects_in_its_own_area_on_its_own_side() -> None:
    assert may("province", "association", THANH_HOA, complete())
    assert not may("province", "state", THANH_HOA, complete())
    assert not may("province", "association", THANH_HOA, complete(places=(HAM_RONG, HA_NOI)))
    assert not may("commune", "association", HAM_RONG, complete(places=(HAM_RONG,)))


def test_the_centre_inspects_anywhere() -> None:
    lead = {"team": Team(led_by="lead-department"), "places": (THANH_HOA, HA_NOI)}
    assert may("centre", "state", NATION, plan(**lead))
    assert not may("province", "state", THANH_HOA, plan(**{**lead, "places": (THANH_HOA,)}))


def test_the_place_concerned_or_above_records_a_remedy() -> None:
    assert may("commune", "state", HAM_RONG, remedy(2), completed)
    assert may("province", "association", THANH_HOA, remedy(2), completed)
    assert not may("commune", "association", HAM_RONG, remedy(1), completed)
    assert not may("province", "association", HA_NOI, remedy(2), completed)


def test_nobody_rechecks_their_own_remedy() -> None:
    assert not may("commune", "association", HAM_RONG, recheck(2), completed)
    assert may("province", "association", THANH_HOA, recheck(2), completed)
    assert not may("province", "association", THANH_HOA, recheck(1), completed)
    assert may("centre", "association", NATION, recheck(1), completed)


def test_a_correction_needs_the_right_over_what_stood_before() -> None:
    ha_noi = InspectionCompleted(**{**REPORT, "places": (HA_NOI,), "findings": ()})
    assert not may("province", "association", THANH_HOA, complete(inspection=INSPECTION), ha_noi)
    assert may("centre", "association", NATION, complete(inspection=INSPECTION), ha_noi)
