"""What a club reports of its members: numbers that can be true together, of a day on which it existed."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from services.clubs.domain import CLUBS, ReportMembers
from shared.events.clubs import ClubDissolved, ClubFounded, ClubSuspended, MembersReported
from shared.kernel.place import PlaceRef
from shared.testing.given import given

COMMUNE = PlaceRef(code="00004", list="34")
FOUNDED = ClubFounded(name="CLB thôn 1", commune=COMMUNE, founded_on=date(2022, 6, 27))
DAY = date(2023, 12, 31)


def report(total: Any = 60, **counts: Any) -> ReportMembers:
    facts = {"club": "club-1", "as_of": DAY, "basis": "counted", "total": total}
    return ReportMembers.model_validate({**facts, **counts}, extra="forbid")


REPORTED = MembersReported(as_of=DAY, basis="counted", total=60, women=40)


def test_a_report_is_recorded_with_all_that_it_states_and_no_more():
    given(CLUBS, FOUNDED).when(report(women=40, aged_60_plus=38, poor=10, older_women=20)).then(
        MembersReported(as_of=DAY, basis="counted", total=60, women=40, aged_60_plus=38, poor=10, older_women=20)
    )


def test_a_number_that_is_not_stated_stays_unknown():
    (event,) = given(CLUBS, FOUNDED).when(report()).events
    assert isinstance(event, MembersReported)
    assert event.women is None
    assert "women" not in event.to_json()


def test_the_same_report_again_changes_nothing():
    given(CLUBS, FOUNDED, REPORTED).when(report(women=40)).nothing()


def test_a_second_report_for_the_same_day_corrects_the_first():
    given(CLUBS, FOUNDED, REPORTED).when(report(women=41)).then(MembersReported(as_of=DAY, basis="counted", total=60, women=41))


def test_the_first_report_again_after_a_correction_corrects_back():
    corrected = MembersReported(as_of=DAY, basis="counted", total=60, women=41)
    given(CLUBS, FOUNDED, REPORTED, corrected).when(report(women=40)).then(REPORTED)


def test_the_same_numbers_on_another_day_are_a_new_snapshot():
    given(CLUBS, FOUNDED, REPORTED).when(report(women=40, as_of=date(2024, 6, 30))).accepted()


def test_another_basis_of_the_same_numbers_is_a_change():
    given(CLUBS, FOUNDED, REPORTED).when(report(women=40, basis="declared")).accepted()


def test_a_report_from_before_the_founding_is_refused():
    given(CLUBS, FOUNDED).when(report(as_of=date(2022, 6, 26))).refused("before-founding", field="as_of")
    given(CLUBS, FOUNDED).when(report(as_of=date(2022, 6, 27))).accepted()


def test_a_report_of_tomorrow_is_refused():
    given(CLUBS, FOUNDED).when(report(as_of=date(2026, 3, 3))).refused("in-the-future", field="as_of")


@pytest.mark.parametrize(
    "part",
    ["women", "aged_60_plus", "aged_55_plus", "poor", "near_poor", "hardship", "ethnic_minority", "health_insured",
     "older_women", "older_poor_women", "older_near_poor_women", "older_ethnic_minority", "older_hardship"],
)  # fmt: skip
def test_no_part_is_larger_than_the_whole(part: str):
    given(CLUBS, FOUNDED).when(report(**{part: 61})).refused("part-exceeds-whole", field=part)
    given(CLUBS, FOUNDED).when(report(**{part: 60})).accepted()


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("aged_60_plus", "aged_55_plus"),
        ("older_women", "women"),
        ("older_women", "aged_60_plus"),
        ("older_poor_women", "older_women"),
        ("older_poor_women", "poor"),
        ("older_near_poor_women", "older_women"),
        ("older_near_poor_women", "near_poor"),
        ("older_ethnic_minority", "ethnic_minority"),
        ("older_ethnic_minority", "aged_60_plus"),
        ("older_hardship", "hardship"),
        ("older_hardship", "aged_60_plus"),
    ],
)
def test_no_crossing_is_larger_than_what_it_crosses(part: str, whole: str):
    given(CLUBS, FOUNDED).when(report(**{part: 21, whole: 20})).refused("part-exceeds-whole", field=part)
    given(CLUBS, FOUNDED).when(report(**{part: 20, whole: 20})).accepted()


def test_a_crossing_cannot_be_smaller_than_the_numbers_it_crosses_force_it_to_be():
    given(CLUBS, FOUNDED).when(report(women=40, aged_60_plus=40, older_women=19)).refused("crossing-too-small")
    given(CLUBS, FOUNDED).when(report(women=40, aged_60_plus=40, older_women=20)).accepted()


def test_a_person_is_poor_or_near_poor_or_in_hardship_but_not_two_of_them():
    given(CLUBS, FOUNDED).when(report(poor=30, near_poor=20, hardship=11)).refused("parts-exceed-whole", field="hardship")
    given(CLUBS, FOUNDED).when(report(poor=41, near_poor=20)).refused("parts-exceed-whole", field="near_poor")
    given(CLUBS, FOUNDED).when(report(poor=30, near_poor=20, hardship=10)).accepted()


def test_older_poor_and_near_poor_women_together_are_no_more_than_the_older_women():
    given(CLUBS, FOUNDED).when(report(older_women=20, older_poor_women=15, older_near_poor_women=6)).refused(
        "parts-exceed-whole", field="older_near_poor_women"
    )


def test_people_reached_besides_members_may_be_many():
    given(CLUBS, FOUNDED).when(report(families_reached=200, others_reached=900)).accepted()


@pytest.mark.parametrize("total", [-1, 1.5, "60", True, 10**9, float("nan"), float("inf"), None])
def test_what_is_not_a_count_does_not_reach_the_decision(total: object):
    with pytest.raises(ValidationError):
        report(total)


def test_a_thousand_and_one_members_are_not_one_club():
    given(CLUBS, FOUNDED).when(report(1_001)).refused("absurd-count", field="total")


@pytest.mark.parametrize("total", [30, 40, 49, 71, 88, 121])
def test_real_clubs_are_smaller_and_larger_than_the_rule_and_are_accepted(total: int):
    given(CLUBS, FOUNDED).when(report(total)).accepted().notices("members-outside-50-70")


@pytest.mark.parametrize("total", [50, 60, 70])
def test_fifty_to_seventy_members_are_as_the_rule_says(total: int):
    given(CLUBS, FOUNDED).when(report(total)).accepted().notices()


def test_shares_outside_the_rule_are_accepted_and_pointed_out():
    given(CLUBS, FOUNDED).when(report(women=43, aged_60_plus=35)).accepted().notices(
        "women-outside-60-70", "older-outside-60-70"
    )
    given(CLUBS, FOUNDED).when(report(women=42, aged_60_plus=36)).accepted().notices()


def test_almost_all_members_insured_or_of_a_minority_is_a_valid_report():
    given(CLUBS, FOUNDED).when(report(ethnic_minority=58, health_insured=59)).accepted().notices()


def test_a_club_without_members_is_accepted_and_pointed_out():
    given(CLUBS, FOUNDED).when(report(0, women=0, aged_60_plus=0)).accepted().notices("members-outside-50-70")


def test_a_suspended_club_may_report_and_is_reminded():
    suspended = ClubSuspended(suspended_on=date(2023, 6, 1), reason="Lũ lụt")
    given(CLUBS, FOUNDED, suspended).when(report()).accepted().notices("club-suspended")


def test_a_dissolved_club_cannot_report_members():
    dissolved = ClubDissolved(dissolved_on=date(2024, 1, 1), reason="Sáp nhập")
    given(CLUBS, FOUNDED, dissolved).when(report()).refused("club-dissolved")


def test_a_club_that_was_never_founded_cannot_report():
    given(CLUBS).when(report()).refused("unknown-club", field="club")
