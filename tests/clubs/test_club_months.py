"""What a club reports of a month: its meeting, the eight areas, both funds, its loans."""

from datetime import date
from typing import Any

import pytest

from services.clubs.domain import CLUBS, ReportMonth
from shared.events.clubs import (
    Areas,
    ClubFounded,
    CultureArea,
    HealthArea,
    Loans,
    MembersReported,
    MonthReported,
    ResourcesArea,
)
from shared.kernel.place import PlaceRef
from shared.testing.given import given

FOUNDED = ClubFounded(name="CLB thôn 1", commune=PlaceRef(code="00004", list="34"), founded_on=date(2022, 6, 27))
MARCH = date(2023, 3, 1)


def report(**facts: Any) -> ReportMonth:
    return ReportMonth.model_validate({"club": "club-1", "month": MARCH, "meeting_held": True, **facts}, extra="forbid")


REPORTED = MonthReported(month=MARCH, meeting_held=True, met_on=date(2023, 3, 17), income_fund=55_000_000)


def test_a_month_is_recorded_with_all_that_it_states():
    command = report(
        met_on="2023-03-17",
        areas={"health": {"members_checked": 50}, "culture": {}},
        income_fund=55_000_000,
        operating_fund=3_000_000,
        loans={"borrowers": 5, "number": 6, "total": 30_000_000},
    )
    given(CLUBS, FOUNDED).when(command).then(
        MonthReported(
            month=MARCH,
            meeting_held=True,
            met_on=date(2023, 3, 17),
            areas=Areas(health=HealthArea(members_checked=50), culture=CultureArea()),
            income_fund=55_000_000,
            operating_fund=3_000_000,
            loans=Loans(borrowers=5, number=6, total=30_000_000),
        )
    ).notices()


def test_a_month_is_kept_by_its_first_day_whichever_day_names_it():
    given(CLUBS, FOUNDED).when(report(month=date(2023, 3, 31))).then(MonthReported(month=MARCH, meeting_held=True))


def test_the_same_month_again_changes_nothing_whichever_day_names_it():
    same = report(month=date(2023, 3, 9), met_on=date(2023, 3, 17), income_fund=55_000_000)
    given(CLUBS, FOUNDED, REPORTED).when(same).nothing()


def test_a_second_report_for_the_same_month_corrects_the_first():
    given(CLUBS, FOUNDED, REPORTED).when(report(income_fund=56_000_000)).then(
        MonthReported(month=MARCH, meeting_held=True, income_fund=56_000_000)
    )


def test_the_running_month_may_be_reported():
    given(CLUBS, FOUNDED).when(report(month=date(2026, 3, 31), met_on=date(2026, 3, 2))).accepted()


def test_a_month_to_come_is_refused():
    given(CLUBS, FOUNDED).when(report(month=date(2026, 4, 1))).refused("in-the-future", field="month")


def test_the_month_of_the_founding_may_be_reported_but_none_before():
    given(CLUBS, FOUNDED).when(report(month=date(2022, 6, 1))).accepted()
    given(CLUBS, FOUNDED).when(report(month=date(2022, 5, 31))).refused("before-founding", field="month")


def test_a_meeting_lies_in_the_month_that_reports_it():
    given(CLUBS, FOUNDED).when(report(met_on=date(2023, 4, 1))).refused("meeting-outside-month", field="met_on")


def test_a_meeting_lies_between_the_founding_and_today():
    founding_month = report(month=date(2022, 6, 1), met_on=date(2022, 6, 26))
    given(CLUBS, FOUNDED).when(founding_month).refused("before-founding", field="met_on")
    running_month = report(month=date(2026, 3, 1), met_on=date(2026, 3, 3))
    given(CLUBS, FOUNDED).when(running_month).refused("in-the-future", field="met_on")


def test_a_meeting_that_was_not_held_has_no_day():
    given(CLUBS, FOUNDED).when(report(meeting_held=False, met_on=date(2023, 3, 17))).refused("meeting-not-held")


def test_a_meeting_after_a_month_without_one_is_late():
    given(CLUBS, FOUNDED, REPORTED).when(report(month=date(2023, 5, 1))).accepted().notices("meeting-late")
    given(CLUBS, FOUNDED, REPORTED).when(report(month=date(2023, 4, 1))).accepted().notices()


def test_there_are_no_more_borrowers_than_loans():
    given(CLUBS, FOUNDED).when(report(loans={"borrowers": 3, "number": 2})).refused("more-borrowers-than-loans")
    given(CLUBS, FOUNDED).when(report(loans={"borrowers": 2, "number": 2})).accepted()


@pytest.mark.parametrize("none", [{"borrowers": 0}, {"number": 0}, {"borrowers": 0, "number": 0}])
def test_a_sum_is_lent_to_somebody(none: dict[str, int]):
    given(CLUBS, FOUNDED).when(report(loans={**none, "total": 1})).refused("sum-without-loans", field="loans.total")


def test_a_sum_without_the_number_of_loans_is_accepted():
    given(CLUBS, FOUNDED).when(report(loans={"total": 10_000_000})).accepted()


def test_more_borrowers_or_people_examined_than_members_are_pointed_out():
    members = MembersReported(as_of=date(2023, 1, 31), basis="counted", total=60)
    command = report(loans={"borrowers": 61}, areas={"health": {"members_checked": 61}})
    given(CLUBS, FOUNDED, members).when(command).accepted().notices("more-than-members", "more-than-members")


def test_members_of_a_later_day_say_nothing_about_the_month():
    later = MembersReported(as_of=date(2023, 4, 1), basis="counted", total=60)
    given(CLUBS, FOUNDED, later).when(report(loans={"borrowers": 61})).accepted().notices()


def test_a_club_with_a_fund_of_a_billion_is_accepted():
    given(CLUBS, FOUNDED).when(report(income_fund=1_050_000_000)).accepted().notices()


@pytest.mark.parametrize(
    ("absurd", "field"),
    [
        ({"income_fund": 100_000_000_001}, "income_fund"),
        ({"operating_fund": 10**15}, "operating_fund"),
        ({"loans": {"total": 10**12}}, "loans.total"),
        ({"loans": {"number": 10_001}}, "loans.number"),
        ({"areas": {"communication": {"attendances": 10_001}}}, "areas.communication.attendances"),
        ({"areas": {"resources": {"from_state": 10**12}}}, "areas.resources.from_state"),
    ],
)
def test_the_numbers_of_a_whole_province_are_not_a_clubs_month(absurd: dict[str, Any], field: str):
    given(CLUBS, FOUNDED).when(report(**absurd)).refused("absurd-count", field=field)


def test_money_is_no_number_of_people():
    raised = {"resources": {"from_state": 30_000_000, "from_members": 1_000_000}}
    given(CLUBS, FOUNDED).when(report(areas=raised)).then(
        MonthReported(
            month=MARCH,
            meeting_held=True,
            areas=Areas(resources=ResourcesArea(from_state=30_000_000, from_members=1_000_000)),
        )
    )


@pytest.mark.parametrize("nested", [{"areas": {"sport": {}}}, {"areas": {"health": {"doctors": 1}}}, {"loans": {"rate": 1}}])
def test_an_unknown_field_deep_inside_is_refused_too(nested: dict[str, Any]):
    with pytest.raises(ValueError, match="extra_forbidden"):
        report(**nested)
