"""A club is founded once, in a commune that exists, by a decision that has been taken; and its founding may be corrected."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from services.clubs.domain import CLUBS, ClubCommand, CorrectFounding, FoundClub
from shared.events.clubs import ClubDissolved, ClubFounded, FoundingCorrected, MembersReported
from shared.kernel.place import PlaceRef
from shared.testing.given import COMMAND_ID, given

BA_DINH = PlaceRef(code="00004", list="34")
PHUC_XA = PlaceRef(code="00001", list="63")
DIVIDED = PlaceRef(code="00007", list="63")
CLUB = "club-1"


def founding(**changes: object) -> FoundClub:
    facts = {"name": "CLB thôn 1", "commune": BA_DINH, "founded_on": date(2022, 6, 27), "decision_number": "201/QĐ-UBND"}
    return FoundClub.model_validate({**facts, **changes}, extra="forbid")


def correction(**changes: object) -> CorrectFounding:
    facts = founding(**changes).model_dump(exclude={"provisional_board", "generated"})
    return CorrectFounding(club=CLUB, reason="Ghi nhầm", **facts)


FOUNDED = ClubFounded(name="CLB thôn 1", commune=BA_DINH, founded_on=date(2022, 6, 27), decision_number="201/QĐ-UBND")
MEMBERS = MembersReported(as_of=date(2023, 1, 31), basis="counted", total=60)
DISSOLVED = ClubDissolved(dissolved_on=date(2024, 1, 1), reason="Sáp nhập")


def test_founding_a_club_records_what_was_decided():
    command = founding(
        village="Thôn 1",
        launched_on=date(2022, 9, 13),
        managing_body="womens-union",
        funding_project="VIE071",
        provisional_board="BCN-7",
        generated=True,
    )
    given(CLUBS).when(command).then(
        ClubFounded(
            name="CLB thôn 1",
            commune=BA_DINH,
            village="Thôn 1",
            founded_on=date(2022, 6, 27),
            decision_number="201/QĐ-UBND",
            launched_on=date(2022, 9, 13),
            managing_body="womens-union",
            funding_project="VIE071",
            provisional_board="BCN-7",
            generated=True,
        )
    )


def test_a_new_club_is_named_after_its_command():
    assert given(CLUBS).when(founding()).stream == f"club-{COMMAND_ID}"


def test_a_club_of_2022_may_be_entered_under_its_commune_of_2025_without_a_word():
    given(CLUBS).when(founding(commune=BA_DINH)).accepted().notices()


def test_a_club_may_be_entered_under_its_commune_of_the_old_list():
    given(CLUBS).when(founding(commune=PHUC_XA)).accepted().notices()


@pytest.mark.parametrize(
    "commune",
    [{"code": "00001", "list": "34"}, {"code": "99999", "list": "63"}, {"code": "02", "list": "34"}],
)
def test_a_code_that_is_absent_from_the_list_it_names_is_refused(commune: dict[str, str]):
    given(CLUBS).when(founding(commune=commune)).refused("unknown-place", field="commune")


@pytest.mark.parametrize("place", [{"code": "01", "list": "34"}, {"code": "VN", "list": "34"}])
def test_a_club_belongs_to_a_commune_not_to_a_province_or_the_nation(place: dict[str, str]):
    given(CLUBS).when(founding(commune=place)).refused("not-a-commune", field="commune")


def test_a_club_of_a_divided_commune_is_accepted_and_waits_to_be_assigned():
    given(CLUBS).when(founding(commune=DIVIDED)).accepted().notices("commune-divided")


def test_before_the_map_changed_no_commune_was_divided():
    given(CLUBS).when(founding(commune=DIVIDED), now=datetime(2024, 5, 1, tzinfo=UTC)).accepted().notices()


def test_a_code_of_the_old_list_for_a_club_founded_after_it_is_pointed_out():
    given(CLUBS).when(founding(commune=PHUC_XA, founded_on=date(2025, 7, 1))).accepted().notices("old-commune-code")


def test_a_founding_in_the_future_is_refused():
    given(CLUBS).when(founding(founded_on=date(2026, 3, 3))).refused("in-the-future", field="founded_on")


def test_today_is_the_day_in_vietnam_not_in_utc():
    evening_in_utc = datetime(2026, 3, 2, 18, tzinfo=UTC)
    given(CLUBS).when(founding(founded_on=date(2026, 3, 3)), now=evening_in_utc).accepted()


def test_a_launch_before_the_decision_is_refused():
    given(CLUBS).when(founding(launched_on=date(2022, 6, 26))).refused("dates-out-of-order", field="launched_on")


def test_a_launch_to_come_is_refused():
    given(CLUBS).when(founding(launched_on=date(2026, 4, 1))).refused("in-the-future", field="launched_on")


def test_a_launch_eleven_weeks_after_the_decision_is_nothing_special():
    given(CLUBS).when(founding(launched_on=date(2022, 9, 13))).accepted().notices()


def test_a_launch_a_year_after_the_decision_is_pointed_out():
    given(CLUBS).when(founding(launched_on=date(2023, 6, 27))).accepted().notices("launched-late")


def test_a_club_is_founded_once():
    given(CLUBS, FOUNDED).when(founding()).refused("already-founded")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "a\x00b"},
        {"name": "x" * 201},
        {"commune": {"code": "4", "list": "34"}},
        {"commune": {"code": "00004", "list": "34", "name": "Ba Đình"}},
        {"commune": {"code": "00004"}},
        {"founded_on": "2022-13-01"},
        {"founded_on": "1950-01-01"},
        {"managing_body": "party"},
        {"colour": "red"},
    ],
)
def test_a_command_of_the_wrong_shape_does_not_reach_the_decision(wrong: dict[str, object]):
    with pytest.raises(ValidationError):
        founding(**wrong)


def test_a_correction_records_the_facts_as_they_should_have_been():
    given(CLUBS, FOUNDED).when(correction(name="CLB thôn 2")).then(
        FoundingCorrected(
            name="CLB thôn 2",
            commune=BA_DINH,
            founded_on=date(2022, 6, 27),
            decision_number="201/QĐ-UBND",
            reason="Ghi nhầm",
        )
    )


def test_a_correction_that_says_what_is_recorded_already_changes_nothing():
    given(CLUBS, FOUNDED).when(correction()).nothing()


def test_a_corrected_founding_stands_from_then_on():
    corrected = FoundingCorrected(name="CLB thôn 2", commune=BA_DINH, founded_on=date(2022, 6, 27), reason="Ghi nhầm")
    given(CLUBS, FOUNDED, corrected).when(correction(name="CLB thôn 2", decision_number=None)).nothing()


def test_a_founding_cannot_be_moved_behind_what_the_club_reported():
    given(CLUBS, FOUNDED, MEMBERS).when(correction(founded_on=date(2023, 2, 1))).refused("dates-out-of-order")
    given(CLUBS, FOUNDED, MEMBERS).when(correction(founded_on=date(2023, 1, 31))).accepted()


def test_a_correction_refuses_an_unknown_commune():
    given(CLUBS, FOUNDED).when(correction(commune={"code": "00001", "list": "34"})).refused("unknown-place")


def test_the_founding_of_a_dissolved_club_may_still_be_corrected():
    given(CLUBS, FOUNDED, DISSOLVED).when(correction(name="CLB thôn 2")).accepted()


def test_a_club_that_was_never_founded_cannot_be_corrected():
    given(CLUBS).when(correction()).refused("unknown-club", field="club")


def test_a_club_is_the_business_of_its_commune_on_either_side():
    command: ClubCommand = founding()
    given(CLUBS).when(command).belongs_to(BA_DINH)


def test_moving_a_club_is_the_business_of_both_communes():
    outcome = given(CLUBS, FOUNDED).when(correction(commune=PHUC_XA)).belongs_to(BA_DINH)
    assert outcome.belonging is not None
    assert outcome.belonging.also == (PHUC_XA,)
