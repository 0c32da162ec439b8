"""Which fields each form has, in the programme's words. The few that everybody knows stand first, the rest is folded.

A field's path is the path of the fact in the command, so what the service says of a fact is shown beside its field.
"""

from __future__ import annotations

from typing import Final

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry.fields import NO, YES, Field, Section

MEMBERS: Final = "members."
"""In the founding form the facts of the membership are below this."""

BASES: Final = (
    ("counted", Words("Đếm từng người", "Counted one by one")),
    ("declared", Words("Kê khai theo tổng", "Declared as a sum")),
    ("estimated", Words("Ước tính", "Estimated")),
)
BODIES: Final = (
    ("association-of-the-elderly", Words("Hội Người cao tuổi", "Association of the Elderly")),
    ("womens-union", Words("Hội Liên hiệp Phụ nữ", "Women's Union")),
    ("other", Words("Tổ chức khác", "Another body")),
)
YES_NO: Final = ((YES, Words("Có", "Yes")), (NO, Words("Không", "No")))

MORE: Final = Words("Thêm (không bắt buộc)", "More (optional)")
_BLANK: Final = Words(
    "Chưa biết thì để trống; chỉ ghi 0 khi đã đếm là không có ai.", "Leave blank what is not known; 0 means none."
)


def _count(path: str, vi: str, en: str, hint: Words | None = None, *, required: bool = False) -> Field:
    return Field(path, "count", Words(vi, en), hint, required)


def _money(path: str, vi: str, en: str) -> Field:
    return Field(path, "money", Words(f"{vi} (đồng)", f"{en} (VND)"))


def _members(under: str, *, required: bool) -> tuple[Field, ...]:
    return (
        _count(f"{under}total", "Số thành viên", "Members", None if required else _BLANK, required=required),
        _count(f"{under}aged_60_plus", "Trong đó người cao tuổi (từ 60 tuổi)", "Of these aged 60 and over"),
        _count(f"{under}women", "Trong đó nữ", "Of these women"),
    )


def _more_members(under: str) -> tuple[Field, ...]:
    return (
        _count(f"{under}aged_55_plus", "Từ 55 tuổi", "Aged 55 and over"),
        _count(f"{under}poor", "Hộ nghèo", "Of poor households"),
        _count(f"{under}near_poor", "Hộ cận nghèo", "Of near-poor households"),
        _count(f"{under}hardship", "Hoàn cảnh khó khăn khác", "In other hardship"),
        _count(f"{under}ethnic_minority", "Dân tộc thiểu số", "Of ethnic minorities"),
        _count(f"{under}health_insured", "Có thẻ bảo hiểm y tế", "With health insurance"),
        _count(f"{under}older_women", "Phụ nữ cao tuổi", "Older women"),
        _count(f"{under}older_poor_women", "Phụ nữ cao tuổi nghèo", "Older poor women"),
        _count(f"{under}older_near_poor_women", "Phụ nữ cao tuổi cận nghèo", "Older near-poor women"),
        _count(f"{under}older_ethnic_minority", "Người cao tuổi dân tộc thiểu số", "Older people of ethnic minorities"),
        _count(f"{under}older_hardship", "Người cao tuổi khó khăn", "Older people in hardship"),
        _count(f"{under}families_reached", "Hộ gia đình được hưởng lợi", "Families reached"),
        _count(f"{under}others_reached", "Người hưởng lợi không phải thành viên", "People reached who are not members"),
    )


_AS_OF: Final = Words("Số liệu thành viên tính đến ngày", "Membership as of")
_BASIS: Final = Words("Số này có được do", "How the numbers came to be")
BASIS: Final = Field("basis", "choice", _BASIS, None, required=True, choices=BASES)

FOUNDING: Final = (
    Section(
        (
            Field(
                "name", "text", Words("Tên câu lạc bộ", "Name of the club"),
                Words("Ví dụ: CLB liên thế hệ tự giúp nhau thôn 3", "Such as: CLB liên thế hệ thôn 3"), required=True,
            ),
            Field("founded_on", "day", Words("Ngày quyết định thành lập", "Date of the founding decision"), required=True),
            *_members(MEMBERS, required=False),
        )
    ),
    Section(
        (
            Field("village", "text", Words("Thôn, tổ dân phố", "Village or quarter")),
            Field("decision_number", "text", Words("Số quyết định", "Number of the decision"), longest=120),
            Field("launched_on", "day", Words("Ngày ra mắt", "Date of the launch ceremony")),
            Field("managing_body", "choice", Words("Đơn vị quản lý", "Managing body"), None, required=True, choices=BODIES),
            Field(
                "funding_project", "text", Words("Dự án hỗ trợ", "Funding project"), Words("Ví dụ: VIE071", "Such as: VIE071"),
                longest=120,
            ),
            Field(f"{MEMBERS}as_of", "day", _AS_OF),
            Field(f"{MEMBERS}basis", "choice", _BASIS, None, required=True, choices=BASES),
            *_more_members(MEMBERS),
        ),
        MORE,
    ),
)  # fmt: skip

MEMBERSHIP: Final = (
    Section((*_members("", required=True), Field("as_of", "day", Words("Tính đến ngày", "As of"), None, required=True))),
    Section((BASIS, *_more_members("")), MORE),
)


def _done(area: str, *fields: Field) -> tuple[Field, ...]:
    """An area's own numbers, and a box for an area that was carried out and not counted."""
    return (*fields, Field(area, "box", Words("Có làm trong tháng, chưa có số", "Carried out this month, not counted")))


AREAS: Final[tuple[tuple[str, Section], ...]] = tuple(
    (area, Section(_done(f"areas.{area}", *fields), title))
    for area, title, fields in (
        ("income", Words("1. Tăng thu nhập", "1. Raising incomes"), (
            _count("areas.income.members_supported", "Thành viên được hỗ trợ", "Members supported"),
            Field("areas.income.income_group", "choice", Words("Có tổ, nhóm tăng thu nhập", "There is an income group"), None,
                  choices=YES_NO),
        )),
        ("health", Words("2. Chăm sóc sức khỏe", "2. Health care"), (
            _count("areas.health.checkups_organised", "Số buổi khám sức khỏe", "Check-ups organised"),
            _count("areas.health.members_checked", "Thành viên được khám", "Members examined"),
        )),
        ("home_care", Words("3. Tình nguyện viên chăm sóc tại nhà", "3. Home care by volunteers"), (
            _count("areas.home_care.volunteers", "Số tình nguyện viên", "Volunteers"),
            _count("areas.home_care.people_cared_for", "Số người được chăm sóc", "People cared for"),
        )),
        ("mutual_help", Words("4. Tự giúp nhau, hỗ trợ cộng đồng", "4. Mutual help and community support"), (
            _count("areas.mutual_help.people_helped", "Số người được giúp", "People helped"),
            _count("areas.mutual_help.working_days", "Số ngày công", "Days of work"),
        )),
        ("rights", Words("5. Bảo vệ quyền, lợi ích", "5. Rights and interests"), (
            _count("areas.rights.talks", "Số buổi tuyên truyền, tư vấn", "Talks"),
            _count("areas.rights.claims_helped", "Số người được giúp hưởng chế độ", "Claims helped"),
        )),
        ("communication", Words("6. Truyền thông", "6. Communication"), (
            _count("areas.communication.sessions", "Số buổi truyền thông", "Sessions"),
            _count("areas.communication.attendances", "Số lượt người dự", "Attendances"),
        )),
        ("culture", Words("7. Thể thao, văn hóa văn nghệ", "7. Sports and culture"), (
            _count("areas.culture.events", "Số buổi giao lưu, biểu diễn", "Events"),
            _count("areas.culture.visits", "Số lượt thăm hỏi", "Visits"),
        )),
        ("resources", Words("8. Vận động nguồn lực", "8. Raising resources"), (
            _money("areas.resources.from_state", "Từ ngân sách nhà nước", "From the state"),
            _money("areas.resources.from_society", "Từ xã hội", "From society"),
            _money("areas.resources.from_members", "Thành viên đóng góp", "From members"),
        )),
    )
)  # fmt: skip

MONTH: Final = (
    Section(
        (
            Field(
                "meeting_held", "choice", Words("Tháng này câu lạc bộ có sinh hoạt không?", "Did the club meet this month?"),
                required=True, choices=YES_NO,
            ),
            Field("met_on", "day", Words("Ngày sinh hoạt", "Day of the meeting"),
                  Words("Không nhớ ngày thì để trống.", "Leave it blank if the day is not known.")),
            _money("income_fund", "Quỹ tăng thu nhập cuối tháng", "Income fund at the end of the month"),
            _money("operating_fund", "Quỹ hoạt động cuối tháng", "Operating fund at the end of the month"),
        )
    ),
    *(section for _, section in AREAS),
    Section(
        (
            _count("loans.borrowers", "Số người vay trong tháng", "People who borrowed this month"),
            _count("loans.number", "Số lượt vay", "Loans"),
            _money("loans.total", "Tổng số tiền cho vay", "Sum lent"),
        ),
        Words("Cho vay từ quỹ tăng thu nhập", "Loans from the income fund"),
    ),
)  # fmt: skip

BOARD: Final = (
    Section(
        (
            Field("renewed_on", "day", Words("Ngày kiện toàn", "Day of the renewal"), None, required=True),
            _count("board_size", "Số người trong ban chủ nhiệm", "People on the board",
                   Words("Thường là 5 người.", "Usually 5."), required=True),
            Field("decision_number", "text", Words("Số quyết định", "Number of the decision"), longest=120),
        )
    ),
)  # fmt: skip
