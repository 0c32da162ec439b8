"""The names of events, of their fields and of the words that fields hold, in Vietnamese; the catalogue has the English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    "clubs.club-founded": "Thành lập câu lạc bộ",
    "clubs.founding-corrected": "Đính chính thông tin thành lập",
    "clubs.members-reported": "Báo cáo thành viên",
    "clubs.month-reported": "Báo cáo tháng",
    "clubs.board-renewed": "Kiện toàn ban chủ nhiệm",
    "clubs.club-suspended": "Tạm dừng hoạt động",
    "clubs.club-resumed": "Hoạt động trở lại",
    "clubs.club-dissolved": "Giải thể câu lạc bộ",
    "trainings.training-planned": "Lập kế hoạch đợt tập huấn",
    "trainings.training-held": "Báo cáo đợt tập huấn đã tổ chức",
    "trainings.training-cancelled": "Hủy đợt tập huấn",
    "trainings.board-training-required": "Ban chủ nhiệm cần được tập huấn",
    "trainings.board-trained": "Ban chủ nhiệm đã được tập huấn",
    "monitoring.target-set": "Đặt chỉ tiêu",
    "monitoring.inspection-planned": "Lập kế hoạch kiểm tra, giám sát",
    "monitoring.inspection-completed": "Báo cáo kết quả kiểm tra, giám sát",
    "monitoring.recommendation-remedied": "Kiến nghị đã được khắc phục",
    "monitoring.recommendation-rechecked": "Kiểm tra lại việc khắc phục",
    "reporting.figure-declared": "Ghi số liệu đã công bố",
}

FIELDS: Final[Mapping[str, str]] = {
    "name": "Tên câu lạc bộ", "title": "Tên", "commune": "Xã, phường", "commune.code": "Mã xã, phường",
    "commune.list": "Danh mục địa bàn", "village": "Thôn, tổ dân phố", "founded_on": "Ngày thành lập",
    "decision_number": "Số quyết định", "launched_on": "Ngày ra mắt", "managing_body": "Đơn vị quản lý",
    "funding_project": "Dự án tài trợ", "provisional_board": "Ban chủ nhiệm lâm thời", "generated": "Dữ liệu mô phỏng",
    "reason": "Lý do", "as_of": "Tính đến ngày", "basis": "Căn cứ", "total": "Thành viên", "women": "Nữ",
    "aged_60_plus": "NCT (từ 60 tuổi)", "aged_55_plus": "Từ 55 tuổi", "poor": "Hộ nghèo", "near_poor": "Hộ cận nghèo",
    "hardship": "Hoàn cảnh khó khăn", "ethnic_minority": "Dân tộc thiểu số", "health_insured": "Có thẻ BHYT",
    "older_women": "NCT nữ", "older_poor_women": "NCT nữ hộ nghèo", "older_near_poor_women": "NCT nữ hộ cận nghèo",
    "older_ethnic_minority": "NCT dân tộc thiểu số", "older_hardship": "NCT hoàn cảnh khó khăn",
    "families_reached": "Gia đình được hưởng lợi", "others_reached": "Người khác được hưởng lợi",
    "month": "Tháng", "meeting_held": "Có họp", "met_on": "Ngày họp", "income_fund": "Quỹ tăng thu nhập",
    "operating_fund": "Quỹ hoạt động", "loans.borrowers": "Người vay", "loans.number": "Lượt vay",
    "loans.total": "Tổng tiền cho vay", "areas.income": "Tăng thu nhập", "areas.health": "Chăm sóc sức khỏe",
    "areas.home_care": "Tình nguyện viên chăm sóc tại nhà", "areas.mutual_help": "Tự giúp nhau, hỗ trợ cộng đồng",
    "areas.rights": "Bảo vệ quyền và lợi ích", "areas.communication": "Truyền thông, nâng cao nhận thức",
    "areas.culture": "Văn hóa, văn nghệ, thể thao", "areas.resources": "Vận động nguồn lực",
    "income_group": "Có tổ tăng thu nhập", "members_supported": "Thành viên được hỗ trợ tăng thu nhập",
    "checkups_organised": "Đợt khám sức khỏe", "members_checked": "Thành viên được khám",
    "volunteers": "Tình nguyện viên", "people_cared_for": "Người được chăm sóc tại nhà",
    "people_helped": "Người được giúp đỡ", "working_days": "Ngày công giúp nhau", "talks": "Buổi nói chuyện về quyền",
    "claims_helped": "Hồ sơ được giúp đỡ", "sessions": "Buổi truyền thông", "attendances": "Lượt người",
    "communication.attendances": "Lượt người nghe truyền thông",
    "events": "Buổi văn hóa, thể thao", "visits": "Lượt thăm hỏi", "from_state": "Vận động từ Nhà nước",
    "from_society": "Vận động từ xã hội", "from_members": "Vận động từ thành viên", "renewed_on": "Ngày kiện toàn",
    "board_size": "Số người trong ban chủ nhiệm", "suspended_on": "Tạm dừng từ ngày", "resumed_on": "Trở lại từ ngày",
    "dissolved_on": "Ngày giải thể", "status": "Trạng thái", "since": "Từ ngày", "organiser": "Đơn vị tổ chức",
    "level": "Cấp", "kind": "Loại", "contents": "Nội dung", "starts_on": "Từ ngày", "ends_on": "Đến ngày",
    "place": "Địa điểm", "provinces": "Tỉnh, thành có người dự", "places": "Địa bàn", "clubs": "Câu lạc bộ",
    "club": "Câu lạc bộ", "provisional_boards": "Ban chủ nhiệm lâm thời", "participants": "Người dự", "role": "Thành phần",
    "men": "Nam", "unstated": "Không ghi giới tính", "distinct_people": "Số người (không trùng)", "costs": "Kinh phí",
    "source": "Nguồn", "amount": "Số tiền", "cancelled_on": "Ngày hủy", "round": "Đợt tập huấn",
    "trained_on": "Ngày tập huấn", "scheme": "Đề án", "indicator": "Chỉ tiêu", "area": "Địa bàn", "period_from": "Kỳ từ ngày",
    "period_to": "Kỳ đến ngày", "low": "Ít nhất", "high": "Nhiều nhất", "measure": "Cách đo",
    "team.led_by": "Trưởng đoàn thuộc",
    "team.members": "Số người trong đoàn", "completed_on": "Ngày hoàn thành", "clubs_visited": "Câu lạc bộ đã đến",
    "questions": "Câu hỏi kiểm tra", "answers": "Trả lời", "question": "Câu hỏi", "satisfied": "Đạt", "remark": "Ghi chú",
    "findings": "Phát hiện", "number": "Số thứ tự", "text": "Nội dung", "recommendation.text": "Kiến nghị",
    "recommendation.deadline": "Hạn khắc phục", "finding": "Phát hiện số", "remedied_on": "Ngày khắc phục",
    "rechecked_on": "Ngày kiểm tra lại", "metric": "Chỉ số", "value": "Giá trị", "unit": "Đơn vị tính",
    "qualifier": "Mức độ", "valid_from": "Có giá trị từ ngày", "valid_to": "Có giá trị đến ngày",
    "date_as_printed": "Ngày ghi trong tài liệu", "published_on": "Ngày công bố", "scope": "Phạm vi", "note": "Ghi chú",
    "formula": "Công thức", "origin.file": "Từ tệp", "origin.row": "Dòng trong tệp",
}  # fmt: skip
"""By the end of a field's path."""

ORGANISERS: Final[Mapping[str, str]] = {
    "lead-department": "Cục chủ trì đề án", "association-centre": "Trung ương Hội NCT",
    "province-department": "Sở chủ trì của tỉnh, thành phố", "province-association": "Hội NCT tỉnh, thành phố",
    "district": "Cấp huyện", "project": "Dự án", "other": "Đơn vị khác",
}  # fmt: skip

VALUES: Final[Mapping[str, str]] = {
    **ORGANISERS,
    "association-of-the-elderly": "Hội Người cao tuổi", "womens-union": "Hội Liên hiệp Phụ nữ",
    "counted": "đếm từng người", "declared": "kê khai", "estimated": "ước tính", "active": "đang hoạt động",
    "suspended": "tạm dừng hoạt động", "dissolved": "đã giải thể", "national": "toàn quốc", "regional": "vùng",
    "province": "cấp tỉnh", "commune": "cấp xã", "training-of-trainers": "tập huấn giảng viên",
    "first-course": "tập huấn ban đầu",
    "supplementary": "tập huấn bổ sung", "conference": "hội nghị", "at-the-club": "tại câu lạc bộ",
    "founding-and-consolidation": "thành lập, kiện toàn", "management-and-activities": "quản lý, vận hành và hoạt động",
    "inspection-and-supervision": "kiểm tra, giám sát", "state-officer": "cán bộ nhà nước", "association-officer": "cán bộ Hội",
    "board-member": "ban chủ nhiệm", "member": "thành viên", "trainer": "giảng viên", "state-budget": "ngân sách nhà nước",
    "contribution": "huy động, đóng góp", "international": "tài trợ quốc tế",
    "within-remit-and-law": "Hoạt động đúng chức năng và pháp luật",
    "activities-serve-their-purpose": "Hoạt động đúng mục đích",
    "support-reaches-the-right-people": "Hỗ trợ đến đúng đối tượng", "authority-passive": "chính quyền chưa chủ động",
    "weak-coordination": "phối hợp chưa chặt chẽ", "weak-communication": "truyền thông còn yếu",
    "no-starting-fund": "chưa có vốn ban đầu", "club-inactive": "câu lạc bộ ít hoạt động",
    "remote-area": "địa bàn xa, khó khăn", "areas-missing": "chưa đủ mảng hoạt động",
    "no-meeting-place": "chưa có nơi sinh hoạt", "too-little-lending": "cho vay còn ít",
    "wrong-beneficiaries": "hỗ trợ chưa đúng đối tượng", "books-missing": "sổ sách chưa đầy đủ",
    "level": "tại cuối kỳ", "per-year": "mỗi năm", "other": "khác",
}  # fmt: skip
"""Words that events hold."""

CODED: Final = frozenset({
    "basis", "managing_body", "status", "organiser", "level", "kind", "contents", "role", "questions", "question", "measure",
    "led_by",
})  # fmt: skip
"""The fields that hold them, by the last word of the path; what people typed elsewhere is shown as they typed it."""

ROUND_STATES: Final[Mapping[str, str]] = {"planned": "theo kế hoạch", "held": "đã tổ chức", "cancelled": "đã hủy"}
INSPECTION_STATES: Final[Mapping[str, str]] = {"planned": "theo kế hoạch", "completed": "đã hoàn thành"}
