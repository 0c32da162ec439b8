"""What a decision about a club needs to remember of its events, and how each event changes that.

Of a report only its digest is kept, enough to see that the same report came again; of a month also its meeting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import blake2b
from typing import Literal, assert_never

from shared.events.clubs import (
    BoardRenewed,
    ClubDissolved,
    ClubEvent,
    ClubFounded,
    ClubResumed,
    ClubSuspended,
    FoundingCorrected,
    FoundingFacts,
    MembersReported,
    MonthReported,
)
from shared.kernel.event import Event

Status = Literal["active", "suspended", "dissolved"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A membership report: its total and the digest of all of it."""

    total: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Month:
    """A monthly report: the day of its meeting, if one was held, and the digest of all of it."""

    met_on: date | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class Club:
    """A founded club (câu lạc bộ). Reports by their day or month; `since` is the day from which `status` holds."""

    founding: FoundingFacts
    status: Status = "active"
    since: date = date.min
    members: Mapping[date, Snapshot] = field(default_factory=dict[date, Snapshot])
    months: Mapping[date, Month] = field(default_factory=dict[date, Month])
    boards: Mapping[date, bytes] = field(default_factory=dict[date, bytes])

    def earliest(self) -> date | None:
        """The first day of which anything but the founding is known; the club must have been founded by then."""
        days = [*self.members, *self.boards, *(month_end(month) for month in self.months)]
        if self.since > date.min:
            days.append(self.since)
        return min(days, default=None)

    def latest(self) -> date | None:
        """The last day of which a report speaks; a club cannot have been dissolved before."""
        return max([*self.members, *self.boards, *self.months], default=None)

    def members_on(self, day: date) -> int | None:
        """The total of the last membership report up to a day."""
        known = max((as_of for as_of in self.members if as_of <= day), default=None)
        return None if known is None else self.members[known].total

    def meeting_before(self, month: date) -> date | None:
        """The last meeting before a month."""
        held = (report.met_on for start, report in self.months.items() if start < month and report.met_on is not None)
        return max(held, default=None)


def evolve(club: Club | None, event: ClubEvent) -> Club:
    """Fold one event."""
    if isinstance(event, ClubFounded):
        return Club(event)
    assert club is not None, "a club begins with its founding"  # noqa: S101 - dense versions promise it
    match event:
        case FoundingCorrected():
            return replace(club, founding=event)
        case MembersReported():
            return replace(club, members={**club.members, event.as_of: Snapshot(event.total, digest(event))})
        case MonthReported():
            return replace(club, months={**club.months, event.month: Month(met_on(event), digest(event))})
        case BoardRenewed():
            return replace(club, boards={**club.boards, event.renewed_on: digest(event)})
        case ClubSuspended():
            return replace(club, status="suspended", since=event.suspended_on)
        case ClubResumed():
            return replace(club, status="active", since=event.resumed_on)
        case ClubDissolved():
            return replace(club, status="dissolved", since=event.dissolved_on)
        case _:
            assert_never(event)


def digest(event: Event) -> bytes:
    """Equal for equal reports."""
    return blake2b(event.to_json().encode(), digest_size=16).digest()


def met_on(report: MonthReported) -> date | None:
    """The day of the meeting; the month's last day when one was held on an unknown day."""
    return (report.met_on or month_end(report.month)) if report.meeting_held else None


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def same_founding(one: FoundingFacts, other: FoundingFacts) -> bool:
    """Whether two records say the same of a founding."""
    return all(getattr(one, name) == getattr(other, name) for name in FoundingFacts.model_fields)
