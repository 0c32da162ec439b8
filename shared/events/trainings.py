"""The events of the trainings service: training rounds (đợt tập huấn) and the boards that still need one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.events.common import Count, Day, Money, Name, Reference, StreamId, Text
from shared.kernel.event import Event
from shared.kernel.place import PlaceRef

Organiser = Literal[
    "lead-department", "association-centre", "province-department", "province-association", "district", "project", "other"
]
"""Who holds the round. Only rounds of the plan's lead department (Cục Bảo trợ xã hội, chủ trì) count against 5 to 7 a year."""

Level = Literal["national", "regional", "province", "district", "commune", "club"]
Kind = Literal["training-of-trainers", "first-course", "supplementary", "conference", "at-the-club"]

Content = Literal["founding-and-consolidation", "management-and-activities", "inspection-and-supervision"]
"""The three content blocks of the plan (Decision 1335, III.1.b)."""

ParticipantRole = Literal["state-officer", "association-officer", "board-member", "member", "trainer", "other"]
CostSource = Literal["state-budget", "contribution", "international", "other"]


class Part(BaseModel):
    """A part of an event; unknown fields of a newer writer are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Participants(Part):
    """People of one role, by sex; None where the sex was not written down."""

    role: ParticipantRole
    women: Count | None = None
    men: Count | None = None
    unstated: Count | None = None


class Cost(Part):
    """What was spent from one source, in VND (kinh phí)."""

    source: CostSource
    amount: Money


class TrainingPlanned(Event, type="trainings.training-planned", version=1):
    """A round is planned (kế hoạch đợt tập huấn); planning again replaces the plan."""

    title: Name
    organiser: Organiser
    level: Level
    kind: Kind
    contents: tuple[Content, ...]
    starts_on: Day
    ends_on: Day
    place: PlaceRef
    provinces: tuple[PlaceRef, ...] = ()
    generated: bool = False


class TrainingHeld(Event, type="trainings.training-held", version=1):
    """A round was held (đợt tập huấn đã tổ chức). A second report of the same round corrects the first."""

    title: Name
    organiser: Organiser
    level: Level
    kind: Kind
    contents: tuple[Content, ...]
    starts_on: Day
    ends_on: Day
    place: PlaceRef
    provinces: tuple[PlaceRef, ...] = ()
    """The provinces whose people were trained."""
    clubs: tuple[StreamId, ...] = ()
    """The clubs whose boards were trained."""
    provisional_boards: tuple[Reference, ...] = ()
    """Boards of clubs yet to be founded, under the names by which a founding will cite them."""
    participants: tuple[Participants, ...] = ()
    attendances: Count | None = None
    """Person-sessions (lượt người)."""
    distinct_people: Count | None = None
    """Different people (người); never summed across rounds."""
    costs: tuple[Cost, ...] = ()
    generated: bool = False


class TrainingCancelled(Event, type="trainings.training-cancelled", version=1):
    """A planned round will not be held (huỷ đợt tập huấn)."""

    cancelled_on: Day
    reason: Text


class BoardTrainingRequired(Event, type="trainings.board-training-required", version=1):
    """A club was founded whose board no known round has trained: a to-do (ban chủ nhiệm cần được tập huấn)."""

    club: StreamId
    commune: PlaceRef
    founded_on: Day
    provisional_board: Reference | None = None
    generated: bool = False
    """True for clubs of a generated registry."""


class BoardTrained(Event, type="trainings.board-trained", version=1):
    """A round, held before or after the founding, has trained the board of a club: the to-do is closed.

    A `BoardTrainingRequired` that follows says that the round's report was corrected and no longer names the club.
    """

    club: StreamId
    round: StreamId
    trained_on: Day


TrainingEvent = TrainingPlanned | TrainingHeld | TrainingCancelled
BoardEvent = BoardTrainingRequired | BoardTrained
