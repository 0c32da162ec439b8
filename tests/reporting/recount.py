"""An independent count of a club's figures: plain Python over the reports as known at an instant, day by day.

It shares no code with the ledger: it keeps the newest report of each day or month by the order of recording, and asks
what holds on a day. Slow and obvious on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from shared.events.clubs import (
    BoardRenewed,
    ClubDissolved,
    ClubFounded,
    ClubResumed,
    ClubSuspended,
    FoundingCorrected,
    MembersReported,
    MonthReported,
)

History = Iterable[tuple[datetime, Any]]


def last_day(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def anniversary(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 2, 28)
    return date(day.year + 1, day.month, day.day)


def recount(history: History, on: date, known_at: datetime) -> dict[str, int]:  # noqa: C901 one rule after the other
    """The figures of one club on a day, from the events recorded until an instant."""
    known = [event for recorded_at, event in history if recorded_at <= known_at]
    if not known:
        return {}
    founding = known[0]
    snapshots: dict[date, MembersReported] = {}
    months: dict[date, MonthReported] = {}
    dissolved: date | None = None
    stops: list[list[date | None]] = []
    boards = 0
    for event in known:
        if isinstance(event, FoundingCorrected):
            founding = event
        elif isinstance(event, MembersReported):
            snapshots[event.as_of] = event
        elif isinstance(event, MonthReported):
            months[event.month] = event
        elif isinstance(event, ClubSuspended):
            stops.append([event.suspended_on, None])
        elif isinstance(event, ClubResumed):
            for stop in stops:
                stop[1] = stop[1] or event.resumed_on
        elif isinstance(event, ClubDissolved):
            dissolved = event.dissolved_on
        elif isinstance(event, BoardRenewed):
            boards += event.renewed_on <= on
    figures: dict[str, int] = {"boards_renewed": boards}
    figures["clubs_founded"] = int(founding.founded_on <= on)
    gone = dissolved is not None and dissolved <= on
    figures["clubs_existing"] = int(founding.founded_on <= on and not (dissolved is not None and dissolved <= on))
    stopped = any(start <= on and (end is None or on < end) for start, end in stops if start is not None)
    meetings = [report.met_on or last_day(month) for month, report in months.items() if report.meeting_held]
    recently = any(met <= on < met + timedelta(days=90) for met in meetings)
    figures["clubs_active"] = int(recently and not stopped and not gone)
    done = [report for month, report in sorted(months.items()) if last_day(month) <= on]
    figures["month_reports"] = len(done)
    figures["meetings"] = sum(report.meeting_held for report in done)
    figures["loans_number"] = sum(report.loans.number or 0 for report in done if report.loans)
    figures["loans_total"] = sum(report.loans.total or 0 for report in done if report.loans)
    if gone:
        return figures
    past = [day for day in snapshots if day <= on]
    if past:
        latest = snapshots[max(past)]
        figures["members"] = latest.total
        figures["members_stated"] = 1
        for name in ("women", "aged_60_plus", "poor"):
            if (value := getattr(latest, name)) is not None:
                figures[name] = value
                figures[f"{name}_base"] = latest.total
                figures[f"{name}_stated"] = 1
        if on >= anniversary(max(past)):
            figures["members_stale"] = latest.total
            figures["members_stale_clubs"] = 1
    stated = [report for report in done if report.areas is not None]
    if stated:
        figures["areas_stated"] = 1
        areas = stated[-1].areas
        figures["areas_all"] = int(stated[-1].meeting_held and all(part is not None for _, part in areas))
    funds = [report for report in done if report.income_fund is not None or report.operating_fund is not None]
    if funds:
        last = funds[-1]
        figures["income_fund"] = last.income_fund or 0
        figures["operating_fund"] = last.operating_fund or 0
        both = last.income_fund is not None and last.operating_fund is not None
        figures["funds_stated"] = int(both)
        figures["funds_both"] = int(both and min(last.income_fund, last.operating_fund) > 0)
        if on >= anniversary(last_day(last.month)):
            figures["income_fund_stale"] = last.income_fund or 0
    lending = [
        report
        for report in done
        if report.loans is not None
        and report.loans.borrowers is not None
        and any(day <= last_day(report.month) for day in snapshots)
    ]
    if lending:
        end = last_day(lending[-1].month)
        figures["borrowers"] = lending[-1].loans.borrowers
        figures["borrowers_stated"] = 1
        figures["borrowers_base"] = snapshots[max(day for day in snapshots if day <= end)].total
    return figures


def founded_in(history: History, known_at: datetime) -> tuple[str, str]:
    """The commune and the cohort of the club as known at an instant."""
    founding = [event for at, event in history if at <= known_at and isinstance(event, ClubFounded | FoundingCorrected)][-1]
    day = founding.founded_on
    return founding.commune.key, "before" if day < date(2020, 8, 31) else "1336" if day < date(2025, 8, 1) else "1648"
