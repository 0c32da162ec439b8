"""Monthly reports: the meeting, the eight areas, both funds, loans. A choice of months, dense in the last half year.

Ranges are those of published reports: funds of 20 million to a billion đồng, loans of 3 to 10 million, few borrowers a month.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from shared.local.demo.entries import OPENING, Book, office_hours
from shared.local.demo.registry import Club

DENSE_MONTHS = 6


Month = tuple[date, date]
"""The first and the last day of a month."""


def calendar(until: date) -> list[Month]:
    """The months from the opening of the record up to the running one."""
    month, found = OPENING.replace(day=1), list[Month]()
    while month <= until:
        following = _next(month)
        found.append((month, following - timedelta(days=1)))
        month = following
    return found


def months_of(club: Club, months: Sequence[Month]) -> list[date]:
    """The months that a club could report: after that of its founding, while it worked."""
    founded = club.founded_on
    if club.suspended is None and club.dissolved_on is None:
        return [first for first, _ in months if first > founded]
    return [first for first, last in months if first > founded and club.lives_on(first) and club.lives_on(last)]


def dense_from(until: date) -> date:
    """The first of the last months, for which most clubs report."""
    month = until.replace(day=1)
    for _ in range(DENSE_MONTHS - 1):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def report_month(club: Club, month: date, rng: Random, book: Book) -> None:
    """One monthly report, a few days after the meeting or weeks later."""
    held = rng.random() < 0.95
    met_on = month + timedelta(days=rng.randint(2, 26))
    roll = rng.random()
    delay = rng.randint(1, 12) if roll < 0.8 else rng.randint(13, 45) if roll < 0.95 else rng.randint(46, 120)
    at = office_hours(rng, met_on + timedelta(days=delay), club.recorded_at)
    if club.last_word is not None and at >= club.last_word:
        return
    book.add(f"month/{club.index}/{month.isoformat()}", "clubs.report-month", _report(club, rng, month, met_on, held=held), at)


def _report(club: Club, rng: Random, month: date, met_on: date, *, held: bool) -> dict[str, object]:
    data: dict[str, object] = {"club": club.stream, "month": month.isoformat(), "meeting_held": held}
    if held and rng.random() < 0.92:
        data["met_on"] = met_on.isoformat()
    if rng.random() < 0.8:
        data["areas"] = _areas(club, rng)
    if rng.random() < 0.75:
        years = max(0.0, (month - club.founded_on).days / 365.25)
        data["income_fund"] = round((30 + 25 * club.lively + years * 9) * rng.uniform(0.7, 1.3)) * 1_000_000
        if rng.random() < 0.9:
            data["operating_fund"] = round((3 + years) * rng.uniform(0.5, 1.6)) * 500_000
    if rng.random() < 0.35:
        borrowers = rng.randint(1, 5)
        number = borrowers + (rng.random() < 0.1)
        data["loans"] = {"borrowers": borrowers, "number": number, "total": number * rng.randint(3, 10) * 1_000_000}
    return data


def _areas(club: Club, rng: Random) -> dict[str, object]:
    chance = 0.7 + 0.3 * club.lively
    areas: dict[str, object] = {
        "income": {"income_group": rng.random() < 0.6, "members_supported": rng.randint(0, 9)},
        "health": {"checkups_organised": rng.randint(0, 1), "members_checked": rng.randint(10, max(11, club.size - 12))},
        "home_care": {"volunteers": rng.randint(3, 10), "people_cared_for": rng.randint(1, 10)},
        "mutual_help": {"people_helped": rng.randint(1, 15), "working_days": rng.randint(0, 30)},
        "rights": {"talks": rng.randint(0, 2), "claims_helped": rng.randint(0, 3)},
        "communication": {"sessions": rng.randint(1, 3), "attendances": rng.randint(20, 90)},
        "culture": {"events": rng.randint(0, 3), "visits": rng.randint(0, 6)},
        "resources": {
            "from_state": 0,
            "from_society": rng.randint(0, 30) * 100_000,
            "from_members": rng.randint(5, 40) * 50_000,
        },
    }
    return {name: counted for name, counted in areas.items() if rng.random() < chance}


def _next(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)
