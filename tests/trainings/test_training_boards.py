"""Rules of a board's to-do: open until a round has trained it, whatever order the policy's commands come in."""

from __future__ import annotations

from datetime import date

from services.trainings.domain import BOARDS, RecordBoardTrained, RequireBoardTraining
from shared.events.trainings import BoardTrained, BoardTrainingRequired
from shared.kernel.place import NATION, PlaceRef
from shared.testing.given import given

COMMUNE = PlaceRef(code="14758", list="34")
FOUNDED = date(2025, 9, 1)
required = BoardTrainingRequired(club="club-1", commune=COMMUNE, founded_on=FOUNDED, provisional_board="BCN thôn 3")
trained = BoardTrained(club="club-1", round="round-1", trained_on=date(2025, 8, 1))
require = RequireBoardTraining(club="club-1", commune=COMMUNE, founded_on=FOUNDED, provisional_board="BCN thôn 3")
record = RecordBoardTrained(club="club-1", round="round-1", trained_on=date(2025, 8, 1))


def test_an_untrained_board_becomes_a_to_do_once() -> None:
    outcome = given(BOARDS).when(require).then(required).belongs_to(NATION)
    assert outcome.stream == "board-club-1"
    given(BOARDS, required).when(require).nothing()


def test_a_round_closes_the_to_do_once() -> None:
    given(BOARDS, required).when(record).then(trained)
    given(BOARDS, required, trained).when(record).nothing()
    given(BOARDS, required, trained).when(record.model_copy(update={"round": "round-2"})).nothing()


def test_of_several_rounds_the_earliest_is_kept() -> None:
    later = trained.model_copy(update={"round": "round-0", "trained_on": date(2025, 8, 2)})
    given(BOARDS, required, later).when(record).then(trained)
    given(BOARDS, required, trained).when(
        RecordBoardTrained(club="club-1", round="round-0", trained_on=date(2025, 8, 2))
    ).nothing()


def test_a_moved_club_is_a_to_do_of_its_new_commune() -> None:
    moved = require.model_copy(update={"commune": PlaceRef(code="14797", list="34")})
    given(BOARDS, required).when(moved).then(required.model_copy(update={"commune": moved.commune}))
    given(BOARDS, required, trained).when(moved).nothing()


def test_a_board_trained_before_its_founding_is_no_to_do() -> None:
    given(BOARDS).when(record).then(trained)
    given(BOARDS, trained).when(require).nothing()


def test_a_corrected_date_of_the_same_round_is_recorded() -> None:
    other = record.model_copy(update={"trained_on": date(2025, 8, 2)})
    given(BOARDS, required, trained).when(other).then(trained.model_copy(update={"trained_on": date(2025, 8, 2)}))


def test_a_round_that_no_longer_names_the_club_opens_the_to_do_again() -> None:
    given(BOARDS, required, trained).when(require.model_copy(update={"withdrawn": "round-1"})).then(required)
    given(BOARDS, required, trained).when(require.model_copy(update={"withdrawn": "round-2"})).nothing()
    given(BOARDS, required, trained, required).when(record).then(trained)


def test_only_the_centre_speaks_for_the_policy() -> None:
    assert BOARDS.jurisdiction(None, require).roles == ("centre",)
