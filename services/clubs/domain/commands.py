"""The wishes that the clubs service answers. A command shares its fields with the event that it becomes."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field

from shared.events.clubs import FoundingFacts, MembersFacts, MonthFacts
from shared.events.common import Count, Day, Reference, StreamId, Text
from shared.kernel.command import Command
from shared.kernel.event import Event

ClubId = Annotated[StreamId, Field(pattern=r"^club-[a-z0-9-]{1,110}$")]


class FoundClub(FoundingFacts, Command, type="clubs.found-club"):
    """Record that a club was founded (thành lập câu lạc bộ): number and date of the commune's decision, launch apart."""

    provisional_board: Reference | None = None
    generated: bool = False


class CorrectFounding(FoundingFacts, Command, type="clubs.correct-founding"):
    """Put right what was recorded of a founding (đính chính): all its facts as they should have been."""

    club: ClubId
    reason: Text


class ReportMembers(MembersFacts, Command, type="clubs.report-members"):
    """Report the membership as of a day (báo cáo thành viên). The same day again corrects."""

    club: ClubId


class ReportMonth(MonthFacts, Command, type="clubs.report-month"):
    """Report a month (báo cáo tháng), named by any of its days. The same month again corrects."""

    club: ClubId


class RenewBoard(Command, type="clubs.renew-board"):
    """Record that the board was renewed (kiện toàn ban chủ nhiệm)."""

    club: ClubId
    renewed_on: Day
    board_size: Count
    decision_number: Reference | None = None


class SuspendClub(Command, type="clubs.suspend-club"):
    """Record that the club has stopped for the time being (tạm dừng hoạt động)."""

    club: ClubId
    suspended_on: Day
    reason: Text


class ResumeClub(Command, type="clubs.resume-club"):
    """Record that a suspended club works again (hoạt động trở lại)."""

    club: ClubId
    resumed_on: Day


class DissolveClub(Command, type="clubs.dissolve-club"):
    """Record that the club was dissolved (giải thể)."""

    club: ClubId
    dissolved_on: Day
    decision_number: Reference | None = None
    reason: Text


ClubCommand = FoundClub | CorrectFounding | ReportMembers | ReportMonth | RenewBoard | SuspendClub | ResumeClub | DissolveClub

E = TypeVar("E", bound=Event)


def recorded(event: type[E], command: Command) -> E:
    """The event that records a command: every field that the two share."""
    shared = event.model_fields.keys() & type(command).model_fields.keys()
    return event.model_validate({name: getattr(command, name) for name in shared})
