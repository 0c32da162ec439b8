"""Rules of a training round: what a plan, a report and a cancellation may say, and whose business they are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pydantic
import pytest

from services.trainings.domain import ROUNDS, CancelTraining, HoldTraining, PlanTraining
from shared.events.trainings import Cost, Participants, TrainingCancelled, TrainingHeld, TrainingPlanned
from shared.kernel.authority import authorise
from shared.kernel.errors import Refused
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Principal, Role, Side
from shared.reference.book import load
from shared.testing.given import COMMAND_ID, given

THANH_HOA = PlaceRef(code="38", list="34")
HAM_RONG = PlaceRef(code="14758", list="34")
TUYEN_QUANG = PlaceRef(code="08", list="34")
ROUND = "round-7"

FACTS: dict[str, Any] = {
    "title": "Tập huấn hướng dẫn xây dựng mới câu lạc bộ",
    "organiser": "province-association",
    "level": "province",
    "kind": "first-course",
    "contents": ("founding-and-consolidation",),
    "starts_on": date(2026, 1, 5),
    "ends_on": date(2026, 1, 9),
    "place": THANH_HOA,
}

planned = TrainingPlanned(**FACTS)
held = TrainingHeld(**FACTS, attendances=300, distinct_people=60)
cancelled = TrainingCancelled(cancelled_on=date(2026, 1, 2), reason="Bão")


def plan(**changes: Any) -> PlanTraining:
    return PlanTraining(**{**FACTS, **changes})


def hold(**changes: Any) -> HoldTraining:
    return HoldTraining(**{**FACTS, **changes})


def cancel() -> CancelTraining:
    return CancelTraining(round=ROUND, cancelled_on=date(2026, 1, 2), reason="Bão")


def test_a_plan_begins_a_round_named_after_its_command() -> None:
    outcome = given(ROUNDS).when(plan()).then(planned).notices()
    assert outcome.stream == f"round-{COMMAND_ID}"


def test_a_round_may_be_held_without_a_plan() -> None:
    given(ROUNDS).when(hold(attendances=300, distinct_people=60)).then(held).notices()


def test_a_second_plan_replaces_the_first() -> None:
    later = {"starts_on": date(2026, 4, 6), "ends_on": date(2026, 4, 8)}
    outcome = given(ROUNDS, planned).when(plan(round=ROUND, **later)).then(TrainingPlanned(**{**FACTS, **later}))
    assert outcome.stream == ROUND


def test_a_second_report_corrects_the_first() -> None:
    given(ROUNDS, planned, held).when(hold(round=ROUND, distinct_people=58)).then(TrainingHeld(**FACTS, distinct_people=58))


def test_a_held_round_is_not_planned_again() -> None:
    given(ROUNDS, held).when(plan(round=ROUND)).refused("round-already-held")


def test_a_planned_round_is_cancelled() -> None:
    given(ROUNDS, planned).when(cancel()).then(cancelled)


def test_a_held_round_is_not_cancelled() -> None:
    given(ROUNDS, planned, held).when(cancel()).refused("round-already-held")


def test_a_round_is_cancelled_once() -> None:
    given(ROUNDS, planned, cancelled).when(cancel()).refused("round-already-cancelled")


def test_a_cancelled_round_may_be_planned_anew_or_turn_out_to_have_been_held() -> None:
    given(ROUNDS, planned, cancelled).when(plan(round=ROUND)).then(planned)
    given(ROUNDS, planned, cancelled).when(hold(round=ROUND)).accepted().notices("round-was-cancelled")


@pytest.mark.parametrize("command", [plan(round=ROUND), hold(round=ROUND), cancel()])
def test_a_named_round_must_exist(command: PlanTraining | HoldTraining | CancelTraining) -> None:
    given(ROUNDS).when(command).refused("unknown-round", field="round")


def test_a_round_does_not_end_before_it_begins() -> None:
    given(ROUNDS).when(hold(ends_on=date(2026, 1, 4))).refused("dates-out-of-order", field="ends_on")


def test_what_is_still_to_come_is_planned_but_not_held() -> None:
    tomorrow = {"starts_on": date(2026, 3, 3), "ends_on": date(2026, 3, 3)}
    given(ROUNDS).when(plan(**tomorrow)).accepted()
    given(ROUNDS).when(hold(**tomorrow)).refused("in-the-future", field="ends_on")


def test_the_day_is_vietnams_and_not_greenwichs() -> None:
    seventeen_utc = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
    third = {"starts_on": date(2026, 3, 3), "ends_on": date(2026, 3, 3)}
    given(ROUNDS).when(hold(**third), now=seventeen_utc).accepted()


def test_a_code_that_is_absent_from_its_list_is_refused() -> None:
    given(ROUNDS).when(plan(place=PlaceRef(code="14758", list="34"))).accepted()
    given(ROUNDS).when(plan(place=PlaceRef(code="99999", list="34"))).refused("unknown-place", field="place")
    given(ROUNDS).when(plan(provinces=(PlaceRef(code="02", list="34"),))).refused("unknown-place", field="provinces.0")


def test_a_round_of_2022_may_name_the_provinces_of_either_list() -> None:
    ha_giang = PlaceRef(code="02", list="63")
    given(ROUNDS).when(hold(starts_on=date(2022, 5, 1), ends_on=date(2022, 5, 3), place=ha_giang)).accepted()


def test_the_provinces_covered_are_provinces_each_named_once() -> None:
    given(ROUNDS).when(plan(provinces=(HAM_RONG,))).refused("not-a-province", field="provinces.0")
    given(ROUNDS).when(plan(provinces=(THANH_HOA, THANH_HOA))).refused("named-twice", field="provinces")


def test_nothing_is_named_twice() -> None:
    twice = ("club-1", "club-1")
    given(ROUNDS).when(hold(clubs=twice)).refused("named-twice", field="clubs")
    given(ROUNDS).when(hold(provisional_boards=twice)).refused("named-twice", field="provisional_boards")
    given(ROUNDS).when(hold(contents=FACTS["contents"] * 2)).refused("named-twice", field="contents")
    member = Participants(role="member", women=3)
    given(ROUNDS).when(hold(participants=(member, member))).refused("named-twice", field="participants")
    cost = Cost(source="contribution", amount=1)
    given(ROUNDS).when(hold(costs=(cost, cost))).refused("named-twice", field="costs")


def test_a_round_below_the_region_has_a_place_smaller_than_the_nation() -> None:
    given(ROUNDS).when(plan(place=NATION)).refused("place-too-large", field="place")
    given(ROUNDS).when(plan(place=NATION, level="national")).accepted()


def test_different_people_do_not_exceed_attendances() -> None:
    given(ROUNDS).when(hold(attendances=59, distinct_people=60)).refused("more-people-than-attendances")
    given(ROUNDS).when(hold(attendances=60, distinct_people=60)).accepted()


def test_people_by_role_that_exceed_the_people_are_pointed_out() -> None:
    roles = (Participants(role="board-member", women=20, men=10), Participants(role="member", unstated=5))
    given(ROUNDS).when(hold(participants=roles, distinct_people=35, attendances=35)).notices()
    given(ROUNDS).when(hold(participants=roles, distinct_people=34, attendances=35)).notices("roles-exceed-people")
    given(ROUNDS).when(hold(participants=roles, attendances=34)).notices("roles-exceed-attendances")


def test_costs_are_kept_by_source() -> None:
    costs = (Cost(source="state-budget", amount=30_000_000), Cost(source="international", amount=5_000_000))
    given(ROUNDS).when(hold(costs=costs)).then(TrainingHeld(**FACTS, costs=costs))


def test_an_unusually_long_round_without_content_is_pointed_out() -> None:
    given(ROUNDS).when(plan(ends_on=date(2026, 2, 5), contents=())).notices("unusually-long", "no-content-stated")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attendances", -1),
        ("attendances", 1_000_001),
        ("attendances", True),
        ("attendances", 1.5),
        ("title", "a\x00b"),
        ("title", "\ud800"),
        ("title", ""),
        ("clubs", ["board-1"]),
        ("round", "club-1"),
        ("nonsense", 1),
    ],
)
def test_malformed_fields_never_reach_a_decision(field: str, value: object) -> None:
    with pytest.raises(pydantic.ValidationError):
        HoldTraining.model_validate({**FACTS, field: value}, extra="forbid")


def test_unknown_fields_of_a_part_are_refused_at_the_edge() -> None:
    with pytest.raises(pydantic.ValidationError):
        HoldTraining.model_validate({**FACTS, "participants": [{"role": "member", "womem": 3}]}, extra="forbid")


def may(role: Role, side: Side, area: PlaceRef, command: Any, *history: Any) -> bool:
    state = None
    for event in history:
        state = ROUNDS.evolve(state, event)
    try:
        authorise(Principal("t", role, area, side), ROUNDS.jurisdiction(state, command), load())
    except Refused as refused:
        if refused.status != 403:
            raise
        return False
    return True


def test_a_province_writes_its_own_rounds_on_its_own_side() -> None:
    assert may("province", "association", THANH_HOA, plan())
    assert not may("province", "state", THANH_HOA, plan())
    assert not may("province", "association", TUYEN_QUANG, plan())
    assert may("province", "state", THANH_HOA, plan(organiser="project"))


def test_a_commune_writes_rounds_at_the_club_but_not_those_of_the_province() -> None:
    at_the_club = {"organiser": "other", "level": "club", "place": HAM_RONG}
    assert may("commune", "association", HAM_RONG, hold(**at_the_club))
    assert not may("commune", "association", HAM_RONG, hold(place=HAM_RONG))


def test_only_the_centre_writes_rounds_of_the_lead_department_and_of_the_nation() -> None:
    lead = {"organiser": "lead-department"}
    assert may("centre", "state", NATION, plan(**lead))
    assert not may("centre", "association", NATION, plan(**lead))
    assert not may("province", "state", THANH_HOA, plan(**lead))
    assert not may("province", "association", THANH_HOA, plan(level="regional"))


def test_a_correction_needs_the_right_over_what_stood_before() -> None:
    tuyen_quang = TrainingHeld(**{**FACTS, "place": TUYEN_QUANG})
    centres = TrainingHeld(**{**FACTS, "organiser": "association-centre"})
    assert may("province", "association", THANH_HOA, hold(round=ROUND, place=HAM_RONG), held)
    assert not may("province", "association", THANH_HOA, hold(round=ROUND), tuyen_quang)
    assert not may("province", "association", THANH_HOA, hold(round=ROUND), centres)
    assert may("centre", "association", NATION, hold(round=ROUND), tuyen_quang)
    assert not may("province", "state", THANH_HOA, cancel(), planned)
