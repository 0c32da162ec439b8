"""Commands as a client would send them: foundings, reports in any order of their days, late, corrected, some of them wrong."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from services.clubs.domain import FoundClub, ReportMembers, ReportMonth, ResumeClub, SuspendClub
from services.monitoring.domain import SetTarget
from services.trainings.domain.rounds import HoldTraining
from shared.events.clubs import ClubFounded, ClubResumed, ClubSuspended, Loans, MembersReported, MonthReported
from shared.kernel.place import NATION, PlaceRef

COMMUNES = tuple(PlaceRef.parse(key) for key in ("63:14758", "34:14758", "63:00001", "34:00004", "63:22015", "34:22333"))
START = date(2022, 1, 1)


def a_day(rng: random.Random, days: int = 1200) -> date:
    return START + timedelta(days=rng.randrange(days))


def a_command(rng: random.Random, service: str, clubs: list[str]) -> Any:
    """A command for a service; most are in order."""
    match service:
        case "trainings":
            day = a_day(rng)
            return HoldTraining(
                title="Tập huấn", organiser="lead-department", level="regional", kind="first-course",
                contents=("founding-and-consolidation",), starts_on=day, ends_on=day + timedelta(days=rng.randrange(-1, 4)),
                place=PlaceRef(code="38", list="34"), attendances=rng.choice((None, 80)),
            )  # fmt: skip
        case "monitoring":
            return SetTarget(
                scheme="1336", indicator=rng.choice(("clubs-founded", "members")), area=NATION, period_from=date(2020, 8, 31),
                period_to=date(2025, 12, 31), low=rng.randrange(100), source="QĐ 1336",
            )  # fmt: skip
        case _:
            return _about_clubs(rng, clubs)


def _about_clubs(rng: random.Random, clubs: list[str]) -> Any:
    kind = rng.random()
    if kind < 0.25 or not clubs:
        return FoundClub(name="CLB thôn 1", commune=rng.choice(COMMUNES), founded_on=a_day(rng, 600))
    club = rng.choice(clubs) if rng.random() < 0.97 else "club-of-nobody"
    if kind < 0.6:
        total = rng.randrange(30, 90)
        women = rng.choice((None, rng.randrange(total + 5)))
        return ReportMembers(club=club, as_of=a_day(rng), basis=rng.choice(("counted", "declared")), total=total, women=women)
    if kind < 0.85:
        month = a_day(rng).replace(day=1)
        held = rng.random() < 0.8
        return ReportMonth(
            club=club, month=month, meeting_held=held, met_on=month.replace(day=17) if held else None,
            income_fund=rng.choice((None, 0, 10**7)), loans=rng.choice((None, Loans(number=3, total=10**6))),
        )  # fmt: skip
    if kind < 0.93:
        return SuspendClub(club=club, suspended_on=a_day(rng), reason="dịch")
    return ResumeClub(club=club, resumed_on=a_day(rng))


EVENTS: dict[type[Any], type[Any]] = {
    FoundClub: ClubFounded,
    ReportMembers: MembersReported,
    ReportMonth: MonthReported,
    SuspendClub: ClubSuspended,
    ResumeClub: ClubResumed,
}
"""What a club's command becomes once it is accepted."""


def fact_of(command: Any) -> Any:
    """The fact that an accepted command stands for, made from the command alone."""
    return EVENTS[type(command)].model_validate(command.model_dump(exclude={"club"}))
