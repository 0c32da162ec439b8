"""Five years of membership reports: yearly, for some clubs half-yearly; some late, some corrected, some blank, some missing.

What is stated can be true together: parts no larger than the whole, crossings no larger than what they cross.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from shared.local.demo.country import THANH_HOA
from shared.local.demo.entries import Book, office_hours
from shared.local.demo.registry import Club

SEED_DAY = date(2023, 12, 31)
"""The day of the published 62.000 members of Thanh Hóa, on which all its clubs report."""


def report_members(club: Club, rng: Random, book: Book, until: date) -> None:
    """All membership reports of a club, first ones and corrections."""
    half_yearly = rng.random() < 0.22
    for day in _days(club, rng, until, half_yearly=half_yearly):
        total = _size_on(club, rng, day)
        delay = rng.randint(4, 45) if _must_report(club, day) else _delay(rng)
        at = office_hours(rng, day + timedelta(days=delay), club.recorded_at)
        if club.last_word is not None and at >= club.last_word:
            continue
        corrected_at = office_hours(rng, (at + timedelta(days=rng.randint(20, 150))).date(), at)
        wrong = rng.random() < 0.03 and (club.last_word is None or corrected_at < club.last_word)
        printed = max(20, round(total * rng.choice((0.88, 0.93, 1.06, 1.1)))) if wrong else total
        key = f"members/{club.index}/{day.isoformat()}"
        if book.add(key, "clubs.report-members", _report(club, rng, day, printed), at) and wrong:
            book.add(f"{key}/corrected", "clubs.report-members", _report(club, rng, day, total), corrected_at)


def _days(club: Club, rng: Random, until: date, *, half_yearly: bool) -> Iterator[date]:
    if club.founded_on > date(2020, 10, 1) and rng.random() < 0.5:
        yield club.founded_on
    for year in range(2020, until.year + 1):
        for day in (date(year, 6, 30), date(year, 12, 31)):
            if day.month == 6 and (not half_yearly or year == 2020):
                continue
            reported = _must_report(club, day) or (club.lives_on(day) and rng.random() > 0.06)
            if club.founded_on < day <= until and reported:
                yield day


def _must_report(club: Club, day: date) -> bool:
    return day == SEED_DAY and club.province.code == THANH_HOA


def _delay(rng: Random) -> int:
    roll = rng.random()
    return rng.randint(4, 45) if roll < 0.88 else rng.randint(46, 100) if roll < 0.96 else rng.randint(101, 240)


def _size_on(club: Club, rng: Random, day: date) -> int:
    if day == SEED_DAY:
        return club.size
    years = (day - SEED_DAY).days / 365.25
    return max(24, min(125, round(club.size + club.trend * years + rng.uniform(-1.5, 1.5))))


def _report(club: Club, rng: Random, day: date, total: int) -> dict[str, object]:
    women = round(total * rng.uniform(0.66, 0.79))
    older = round(total * rng.uniform(0.56, 0.72))
    least, most = max(0, women + older - total), min(women, older)
    older_women = min(most, max(least, round(older * rng.uniform(0.66, 0.78))))
    poor, near_poor = round(total * club.poor * rng.uniform(0.8, 1.1)), round(total * club.poor * rng.uniform(0.7, 1.2))
    hardship = min(total - poor - near_poor, round(total * rng.uniform(0.05, 0.35)))
    minority = min(total, round(total * club.minority))
    older_poor_women = min(older_women, round(poor * rng.uniform(0.3, 0.55)))
    older_near_poor_women = min(older_women - older_poor_women, round(near_poor * rng.uniform(0.3, 0.55)))
    roll = rng.random()
    data: dict[str, object] = {
        "club": club.stream,
        "as_of": day.isoformat(),
        "basis": "counted" if roll < 0.88 else "declared" if roll < 0.95 else "estimated",
        "total": total,
    }
    if rng.random() < 0.06:
        return data
    data |= {"women": women, "aged_60_plus": older}
    if rng.random() < 0.7:
        data |= {"poor": poor, "near_poor": near_poor, "hardship": hardship, "older_women": older_women}
    if rng.random() < 0.6:
        data |= {"ethnic_minority": minority, "health_insured": min(total, round(total * rng.uniform(0.9, 1.0)))}
    if rng.random() < 0.25:
        data["aged_55_plus"] = min(total, older + round(total * rng.uniform(0.03, 0.12)))
    if "older_women" in data and rng.random() < 0.4:
        data |= {
            "older_poor_women": older_poor_women,
            "older_near_poor_women": older_near_poor_women,
            "older_hardship": min(older, hardship, round(hardship * rng.uniform(0.5, 0.8))),
        }
        if "ethnic_minority" in data:
            data["older_ethnic_minority"] = min(older, minority, round(minority * rng.uniform(0.55, 0.75)))
    if rng.random() < 0.2:
        data |= {"families_reached": round(total * rng.uniform(0.6, 0.95)), "others_reached": rng.randint(0, 60)}
    return data
