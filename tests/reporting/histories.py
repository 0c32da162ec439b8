"""Random lives of clubs: reports in any order of their days, late, corrected, partly blank."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.events.clubs import (
    Areas,
    BoardRenewed,
    ClubDissolved,
    ClubFounded,
    ClubResumed,
    ClubSuspended,
    CommunicationArea,
    CultureArea,
    FoundingCorrected,
    HealthArea,
    HomeCareArea,
    IncomeArea,
    Loans,
    MembersReported,
    MonthReported,
    MutualHelpArea,
    ResourcesArea,
    RightsArea,
)
from shared.kernel.place import PlaceRef

COMMUNES = tuple(PlaceRef.parse(key) for key in ("63:14758", "34:14758", "63:00001", "34:00004", "63:22015", "34:22333"))
START = date(2020, 1, 1)
FULL = Areas(
    income=IncomeArea(), health=HealthArea(), home_care=HomeCareArea(), mutual_help=MutualHelpArea(), rights=RightsArea(),
    communication=CommunicationArea(), culture=CultureArea(), resources=ResourcesArea(from_state=5),
)  # fmt: skip


def a_day(rng: random.Random, years: int = 4) -> date:
    return START + timedelta(days=rng.randrange(365 * years))


def day_in(rng: random.Random, month: date) -> date:
    return month.replace(day=rng.randrange(1, 28))


def life(rng: random.Random, events: int) -> list[tuple[datetime, Any]]:
    """A club's events with the instants at which they were recorded."""
    commune = rng.choice(COMMUNES)
    at = datetime(2021, 1, 1, tzinfo=UTC)
    history: list[tuple[datetime, Any]] = [
        (at, ClubFounded(name="CLB", commune=commune, founded_on=a_day(rng, 7), generated=rng.random() < 0.3))
    ]
    for _ in range(events):
        at += timedelta(minutes=rng.randrange(60 * 24 * 60))
        history.append((at, an_event(rng)))
    return history


def an_event(rng: random.Random) -> Any:
    kind = rng.random()
    if kind < 0.35:
        total = rng.randrange(30, 90)
        blank = [rng.choice((None, rng.randrange(total))) for _ in range(3)]
        return MembersReported(
            as_of=a_day(rng), basis=rng.choice(("counted", "declared", "estimated")), total=total,
            women=blank[0], aged_60_plus=blank[1], poor=blank[2],
        )  # fmt: skip
    if kind < 0.85:
        month = a_day(rng).replace(day=1)
        held = rng.random() < 0.8
        loans = Loans(
            borrowers=rng.choice((None, rng.randrange(40))),
            number=rng.choice((None, rng.randrange(9))),
            total=rng.choice((None, 10**6)),
        )
        return MonthReported(
            month=month, meeting_held=held, met_on=day_in(rng, month) if held and rng.random() < 0.7 else None,
            areas=rng.choice((None, FULL, Areas(health=HealthArea()))), income_fund=rng.choice((None, 0, 10**7)),
            operating_fund=rng.choice((None, 0, 10**6)), loans=rng.choice((None, loans)),
        )  # fmt: skip
    if kind < 0.89:
        return BoardRenewed(renewed_on=a_day(rng), board_size=5)
    if kind < 0.92:
        return FoundingCorrected(name="CLB", commune=rng.choice(COMMUNES), founded_on=a_day(rng, 7), reason="sai")
    if kind < 0.95:
        return ClubSuspended(suspended_on=a_day(rng), reason="dịch")
    if kind < 0.98:
        return ClubResumed(resumed_on=a_day(rng))
    return ClubDissolved(dissolved_on=a_day(rng), reason="hết")
