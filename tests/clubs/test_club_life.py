"""The turns in a club's life: board renewed, suspended, resumed, dissolved."""

from datetime import date

from services.clubs.domain import CLUBS, DissolveClub, RenewBoard, ResumeClub, SuspendClub
from shared.events.clubs import BoardRenewed, ClubDissolved, ClubFounded, ClubResumed, ClubSuspended, MembersReported
from shared.kernel.place import PlaceRef
from shared.testing.given import given

COMMUNE = PlaceRef(code="00004", list="34")
FOUNDED = ClubFounded(name="CLB thôn 1", commune=COMMUNE, founded_on=date(2022, 6, 27))
RENEWED = BoardRenewed(renewed_on=date(2023, 7, 1), board_size=5, decision_number="7/QĐ")
SUSPENDED = ClubSuspended(suspended_on=date(2023, 9, 1), reason="Lũ lụt")
RESUMED = ClubResumed(resumed_on=date(2024, 1, 1))
DISSOLVED = ClubDissolved(dissolved_on=date(2024, 6, 1), reason="Sáp nhập")
CLUB = "club-1"


def renew(size: int = 5, on: date = date(2023, 7, 1)) -> RenewBoard:
    return RenewBoard(club=CLUB, renewed_on=on, board_size=size, decision_number="7/QĐ")


def suspend(on: date = date(2023, 9, 1)) -> SuspendClub:
    return SuspendClub(club=CLUB, suspended_on=on, reason="Lũ lụt")


def resume(on: date = date(2024, 1, 1)) -> ResumeClub:
    return ResumeClub(club=CLUB, resumed_on=on)


def dissolve(on: date = date(2024, 6, 1)) -> DissolveClub:
    return DissolveClub(club=CLUB, dissolved_on=on, reason="Sáp nhập")


def test_a_board_of_five_is_renewed_without_a_word():
    given(CLUBS, FOUNDED).when(renew()).then(RENEWED).notices()


def test_boards_of_other_sizes_are_accepted_and_pointed_out():
    for size in (3, 7, 9):
        given(CLUBS, FOUNDED).when(renew(size)).accepted().notices("board-not-five")


def test_a_board_of_nobody_or_of_a_whole_club_is_refused():
    given(CLUBS, FOUNDED).when(renew(0)).refused("absurd-count", field="board_size")
    given(CLUBS, FOUNDED).when(renew(51)).refused("absurd-count", field="board_size")


def test_the_same_renewal_again_changes_nothing():
    given(CLUBS, FOUNDED, RENEWED).when(renew()).nothing()


def test_a_renewal_of_the_same_day_with_another_size_corrects():
    given(CLUBS, FOUNDED, RENEWED).when(renew(7)).accepted()


def test_a_board_is_not_renewed_before_the_founding_nor_tomorrow():
    given(CLUBS, FOUNDED).when(renew(on=date(2022, 6, 26))).refused("before-founding")
    given(CLUBS, FOUNDED).when(renew(on=date(2026, 3, 3))).refused("in-the-future")


def test_a_club_that_works_may_be_suspended():
    given(CLUBS, FOUNDED).when(suspend()).then(SUSPENDED)


def test_a_club_is_not_suspended_twice():
    given(CLUBS, FOUNDED, SUSPENDED).when(suspend(date(2023, 10, 1))).refused("already-suspended")


def test_a_suspended_club_works_again():
    given(CLUBS, FOUNDED, SUSPENDED).when(resume()).then(RESUMED)


def test_a_club_that_works_cannot_be_resumed():
    given(CLUBS, FOUNDED).when(resume()).refused("not-suspended")


def test_a_club_is_not_resumed_before_it_was_suspended():
    given(CLUBS, FOUNDED, SUSPENDED).when(resume(date(2023, 8, 31))).refused("dates-out-of-order")


def test_a_resumed_club_may_be_suspended_again_but_not_before_it_was_resumed():
    given(CLUBS, FOUNDED, SUSPENDED, RESUMED).when(suspend(date(2024, 2, 1))).accepted()
    given(CLUBS, FOUNDED, SUSPENDED, RESUMED).when(suspend(date(2023, 12, 1))).refused("dates-out-of-order")


def test_a_club_may_be_dissolved_while_it_works_or_is_suspended():
    given(CLUBS, FOUNDED).when(dissolve()).then(DISSOLVED)
    given(CLUBS, FOUNDED, SUSPENDED).when(dissolve()).then(DISSOLVED)


def test_a_club_is_not_dissolved_before_its_last_report():
    members = MembersReported(as_of=date(2024, 6, 30), basis="counted", total=60)
    given(CLUBS, FOUNDED, members).when(dissolve()).refused("dates-out-of-order", field="dissolved_on")


def test_a_club_is_not_dissolved_before_it_was_founded_nor_tomorrow():
    given(CLUBS, FOUNDED).when(dissolve(date(2022, 1, 1))).refused("before-founding")
    given(CLUBS, FOUNDED).when(dissolve(date(2026, 3, 3))).refused("in-the-future")


def test_nothing_more_happens_to_a_dissolved_club():
    for command in (renew(), suspend(), resume(), dissolve()):
        given(CLUBS, FOUNDED, DISSOLVED).when(command).refused("club-dissolved")


def test_whatever_happens_to_a_club_is_the_business_of_its_commune():
    for command in (renew(), suspend(), dissolve()):
        given(CLUBS, FOUNDED).when(command).belongs_to(COMMUNE)
