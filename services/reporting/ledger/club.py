"""What the ledger remembers of a club (câu lạc bộ): the dated reports, from which every timeline of it follows.

Frozen: a fold makes a new one. The reports are kept in order of their days, whatever the order in which they came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from services.reporting.ledger.days import month_end, year_later
from services.reporting.ledger.entries import COUNTED, FOREVER
from services.reporting.ledger.history import SNAPSHOTS, History
from services.reporting.ledger.measures import MEMBER_ATTRIBUTES, measure
from services.reporting.ledger.steps import ALWAYS, Amounts, Rule, Step
from shared.events.clubs import MembersReported, MonthReported

ACTIVE_DAYS: Final = 90
"""A club is active (duy trì hoạt động) while it met within 90 days: our rule, version 1."""

HOLDS_A_YEAR: Final = Rule(year_later, holds=True)
ACTIVE: Final = Rule(lambda day: day + ACTIVE_DAYS, holds=False)
MEETING: Final[Amounts] = {measure("clubs_active"): 1}

_ATTRIBUTE: Final = tuple(measure(name) for name in MEMBER_ATTRIBUTES)
_ATTRIBUTES_OF: Final = attrgetter(*MEMBER_ATTRIBUTES)
_REMEMBERED: Final = 8192
"""Steps that are made twice: as what a report brings, and as what the club's next report takes back."""
_WOMEN: Final = MEMBER_ATTRIBUTES.index("women")
_OLDER: Final = MEMBER_ATTRIBUTES.index("aged_60_plus")
_M: Final = {
    name: measure(name)
    for name in (
        "members", "members_stated", "members_stale", "members_stale_clubs", "women_stale", "aged_60_plus_stale",
        "month_reports", "meetings", "areas_all", "areas_stated", "income_fund", "operating_fund", "income_fund_stated",
        "operating_fund_stated", "funds_stated", "funds_both", "income_fund_stale", "operating_fund_stale",
        "funds_stale_clubs", "loans_number", "loans_number_stated", "loans_total", "loans_total_stated", "borrowers",
        "borrowers_base", "borrowers_stated", "raised_from_state", "raised_from_society", "raised_from_members",
    )
}  # fmt: skip


class Snapshot(NamedTuple):
    """A report of members: as of a day, counted or declared or estimated; None is unknown."""

    day: int
    basis: str
    total: int
    attributes: tuple[int | None, ...]


class Month(NamedTuple):
    """A monthly report, as far as figures need it; None is not stated. `areas` says whether all eight were carried out."""

    month: int
    meeting: int | None
    areas: bool | None
    income_fund: int | None
    operating_fund: int | None
    borrowers: int | None
    loans_number: int | None
    loans_total: int | None
    raised_from_state: int | None
    raised_from_society: int | None
    raised_from_members: int | None

    @property
    def day(self) -> int:
        """The day on which the month's numbers hold: its last."""
        return month_end(self.month)


@dataclass(frozen=True, slots=True)
class Club:
    """The dated facts of a club. Snapshots and months are plain rows, made into their classes one by one when needed."""

    place: str
    founded_on: int
    generated: bool
    dissolved_on: int = FOREVER
    suspensions: tuple[tuple[int, int], ...] = ()
    boards: tuple[int, ...] = ()
    history: History = field(default_factory=History)

    @property
    def stock(self) -> tuple[tuple[int, int], ...]:
        """When its members and funds count: until it is dissolved (giải thể)."""
        return ALWAYS if self.dissolved_on == FOREVER else ((0, self.dissolved_on),)

    @property
    def working(self) -> tuple[tuple[int, int], ...]:
        """When it can be active: neither suspended (tạm dừng) nor dissolved."""
        if not self.suspensions:
            return self.stock
        windows: list[tuple[int, int]] = []
        opens = 0
        for start, end in sorted(self.suspensions):
            windows.append((opens, min(start, self.dissolved_on)))
            opens = max(opens, start, end)
        windows.append((opens, self.dissolved_on))
        return tuple((opens, closes) for opens, closes in windows if opens < closes)

    def told(self, history: History) -> Club:
        """The club with another history. Written out, since `dataclasses.replace` costs as much as a fold."""
        return Club(self.place, self.founded_on, self.generated, self.dissolved_on, self.suspensions, self.boards, history)

    def members_on(self, day: int) -> int | None:
        """The members by the last report as of that day or before."""
        last = self.history.around(SNAPSHOTS, day + 1)[0]
        return None if last is None else Snapshot._make(last).total


def snapshot_of(event: MembersReported) -> Snapshot:
    """The snapshot that an event reports."""
    return Snapshot(event.as_of.toordinal(), event.basis, event.total, _ATTRIBUTES_OF(event))


def month_of_report(event: MonthReported) -> Month:
    """The month that an event reports. A meeting on an unknown day counts on the month's last day."""
    month = event.month.toordinal()
    meeting = None
    if event.meeting_held:
        meeting = event.met_on.toordinal() if event.met_on is not None else month_end(month)
    areas, loans = event.areas, event.loans
    done: bool | None = None
    raised: tuple[int | None, int | None, int | None] = (None, None, None)
    if areas is not None:
        done = None not in (
            areas.income, areas.health, areas.home_care, areas.mutual_help,
            areas.rights, areas.communication, areas.culture, areas.resources,
        )  # fmt: skip
        if (money := areas.resources) is not None:
            raised = (money.from_state, money.from_society, money.from_members)
    lent = (None, None, None) if loans is None else (loans.borrowers, loans.number, loans.total)
    return Month(month, meeting, done, event.income_fund, event.operating_fund, *lent, *raised)


@lru_cache(_REMEMBERED)
def member_step(snapshot: Snapshot) -> Step:
    """The amounts of a snapshot: each attribute with the members it is a share of and the clubs that stated it."""
    total, attributes = snapshot.total, snapshot.attributes
    live = {_M["members"]: total, _M["members_stated"]: 1}
    for number, value in zip(_ATTRIBUTE, attributes, strict=True):
        if value is not None:
            live[number] = value
            live[number + 1] = total
            live[number + 2] = 1
    stale = {_M["members_stale"]: total, _M["members_stale_clubs"]: 1}
    if (women := attributes[_WOMEN]) is not None:
        stale[_M["women_stale"]] = women
    if (older := attributes[_OLDER]) is not None:
        stale[_M["aged_60_plus_stale"]] = older
    return Step(snapshot.day, snapshot.basis, live, stale)


@lru_cache(_REMEMBERED)
def quality_step(month: Month) -> Step | None:
    """All eight areas and the monthly meeting, if the report states the areas."""
    if month.areas is None:
        return None
    live = {_M["areas_stated"]: 1}
    if month.areas and month.meeting is not None:
        live[_M["areas_all"]] = 1
    return Step(month.day, COUNTED, live, {})


@lru_cache(_REMEMBERED)
def funds_step(month: Month) -> Step | None:
    """Both funds at the end of the month, as far as stated."""
    income, operating = month.income_fund, month.operating_fund
    if income is None and operating is None:
        return None
    live: dict[int, int] = {}
    stale = {_M["funds_stale_clubs"]: 1}
    if income is not None:
        live[_M["income_fund"]] = stale[_M["income_fund_stale"]] = income
        live[_M["income_fund_stated"]] = 1
    if operating is not None:
        live[_M["operating_fund"]] = stale[_M["operating_fund_stale"]] = operating
        live[_M["operating_fund_stated"]] = 1
    if income is not None and operating is not None:
        live[_M["funds_stated"]] = 1
        live[_M["funds_both"]] = int(income > 0 and operating > 0)
    return Step(month.day, COUNTED, live, stale)


def borrowers_step(month: Month, club: Club) -> Step | None:
    """The borrowers of a month beside the members of that day; without known members they are a share of nothing."""
    if month.borrowers is None or (members := club.members_on(month.day)) is None:
        return None
    live = {_M["borrowers"]: month.borrowers, _M["borrowers_base"]: members, _M["borrowers_stated"]: 1}
    return Step(month.day, COUNTED, live, {})


def month_flows(month: Month) -> dict[int, int]:
    """What a month adds and no later month takes back. Borrowers are not among them: people are not summed over months."""
    flows = {_M["month_reports"]: 1, _M["meetings"]: int(month.meeting is not None)}
    if month.loans_number is not None:
        flows[_M["loans_number"]] = month.loans_number
        flows[_M["loans_number_stated"]] = 1
    if month.loans_total is not None:
        flows[_M["loans_total"]] = month.loans_total
        flows[_M["loans_total_stated"]] = 1
    if month.raised_from_state:
        flows[_M["raised_from_state"]] = month.raised_from_state
    if month.raised_from_society:
        flows[_M["raised_from_society"]] = month.raised_from_society
    if month.raised_from_members:
        flows[_M["raised_from_members"]] = month.raised_from_members
    return flows
