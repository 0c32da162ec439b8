"""The events of the clubs service: the life of an intergenerational self-help club (câu lạc bộ liên thế hệ tự giúp nhau)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.events.common import Basis, Count, Day, Money, Name, Reference, Text
from shared.kernel.event import Event
from shared.kernel.place import PlaceRef

ManagingBody = Literal["association-of-the-elderly", "womens-union", "other"]
"""Who runs the club: Hội Người cao tuổi, Hội Liên hiệp Phụ nữ (135 clubs of Thái Nguyên in 2018), another."""


class Part(BaseModel):
    """A part of an event; unknown fields of a newer writer are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class FoundingFacts(Part):
    """What is known of a founding. The command that wishes it and the event that records it share these fields."""

    name: Name
    commune: PlaceRef
    village: Name | None = None
    founded_on: Day
    decision_number: Reference | None = None
    launched_on: Day | None = None
    """The launch ceremony (lễ ra mắt), up to months after the decision."""
    managing_body: ManagingBody = "association-of-the-elderly"
    funding_project: Reference | None = None
    """E.g. VIE071, or a local scheme."""


class ClubFounded(FoundingFacts, Event, type="clubs.club-founded", version=1):
    """A club was founded by decision of the commune's People's Committee (thành lập câu lạc bộ)."""

    provisional_board: Reference | None = None
    """The provisional board (ban chủ nhiệm lâm thời) that a training round named when it trained it before the founding."""
    generated: bool = False
    """True for clubs of a generated registry, which every figure says of itself."""


class FoundingCorrected(FoundingFacts, Event, type="clubs.founding-corrected", version=1):
    """The facts of the founding were recorded wrongly; these stand instead (đính chính thông tin thành lập)."""

    reason: Text


class MembersFacts(Part):
    """The membership of a club as of a day, by the categories that reports count."""

    as_of: Day
    basis: Basis
    total: Count
    women: Count | None = None
    aged_60_plus: Count | None = None
    aged_55_plus: Count | None = None
    poor: Count | None = None
    near_poor: Count | None = None
    hardship: Count | None = None
    ethnic_minority: Count | None = None
    health_insured: Count | None = None
    older_women: Count | None = None
    older_poor_women: Count | None = None
    older_near_poor_women: Count | None = None
    older_ethnic_minority: Count | None = None
    older_hardship: Count | None = None
    families_reached: Count | None = None
    others_reached: Count | None = None
    """People reached who are not members: beneficiaries besides members."""


class MembersReported(MembersFacts, Event, type="clubs.members-reported", version=1):
    """The membership of a club as of a day (báo cáo thành viên). A second report for the same day corrects the first.

    Blank (None) is unknown, never zero. Shares divide by the clubs that stated the number.
    """


class IncomeArea(Part):
    """1 Tăng thu nhập."""

    income_group: bool | None = None
    members_supported: Count | None = None


class HealthArea(Part):
    """2 Chăm sóc sức khỏe."""

    checkups_organised: Count | None = None
    members_checked: Count | None = None


class HomeCareArea(Part):
    """3 Tình nguyện viên chăm sóc tại nhà."""

    volunteers: Count | None = None
    people_cared_for: Count | None = None


class MutualHelpArea(Part):
    """4 Tự giúp nhau, hỗ trợ cộng đồng."""

    people_helped: Count | None = None
    working_days: Count | None = None


class RightsArea(Part):
    """5 Bảo vệ quyền và lợi ích."""

    talks: Count | None = None
    claims_helped: Count | None = None


class CommunicationArea(Part):
    """6 Truyền thông, nâng cao nhận thức."""

    sessions: Count | None = None
    attendances: Count | None = None


class CultureArea(Part):
    """7 Văn hóa, văn nghệ, thể thao, thăm hỏi."""

    events: Count | None = None
    visits: Count | None = None


class ResourcesArea(Part):
    """8 Vận động nguồn lực: money raised in the month, by source, in VND."""

    from_state: Money | None = None
    from_society: Money | None = None
    from_members: Money | None = None


class Areas(Part):
    """The eight areas of activity (tám mảng hoạt động). An area that is present was carried out in the month."""

    income: IncomeArea | None = None
    health: HealthArea | None = None
    home_care: HomeCareArea | None = None
    mutual_help: MutualHelpArea | None = None
    rights: RightsArea | None = None
    communication: CommunicationArea | None = None
    culture: CultureArea | None = None
    resources: ResourcesArea | None = None


class Loans(Part):
    """Lending from the income fund in the month: people who borrowed, loans (lượt), sum in VND.

    People are never summed over months.
    """

    borrowers: Count | None = None
    number: Count | None = None
    total: Money | None = None


class MonthFacts(Part):
    """What a club did in a month: the meeting, the eight areas, both funds, its loans."""

    month: Day
    """The first day of the month."""
    meeting_held: bool
    met_on: Day | None = None
    """The day of the meeting; when a meeting was held on an unknown day, the month's last day counts."""
    areas: Areas | None = None
    """None: not stated."""
    income_fund: Money | None = None
    """Quỹ tăng thu nhập at the end of the month."""
    operating_fund: Money | None = None
    """Quỹ hoạt động at the end of the month."""
    loans: Loans | None = None


class MonthReported(MonthFacts, Event, type="clubs.month-reported", version=1):
    """The monthly report of a club (báo cáo tháng). A second report for the same month corrects the first."""


class BoardRenewed(Event, type="clubs.board-renewed", version=1):
    """The board (ban chủ nhiệm) was renewed: kiện toàn."""

    renewed_on: Day
    board_size: Count
    decision_number: Reference | None = None


class ClubSuspended(Event, type="clubs.club-suspended", version=1):
    """The club has stopped for the time being (tạm dừng hoạt động)."""

    suspended_on: Day
    reason: Text


class ClubResumed(Event, type="clubs.club-resumed", version=1):
    """A suspended club works again (hoạt động trở lại)."""

    resumed_on: Day


class ClubDissolved(Event, type="clubs.club-dissolved", version=1):
    """The club was dissolved (giải thể). It still counts as founded."""

    dissolved_on: Day
    decision_number: Reference | None = None
    reason: Text


ClubEvent = (
    ClubFounded
    | FoundingCorrected
    | MembersReported
    | MonthReported
    | BoardRenewed
    | ClubSuspended
    | ClubResumed
    | ClubDissolved
)


def month_start(day: date) -> date:
    """The first day of a day's month: the form in which `MonthReported.month` is kept."""
    return day.replace(day=1)
