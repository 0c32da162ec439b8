"""What each kind of event is called in a list of entries, in both languages. A kind that is new here is shown by its name."""

from __future__ import annotations

from typing import Final

from services.reporting.indicators.definition import Words

_NAMES: Final = {
    "clubs.club-founded": Words("Thành lập câu lạc bộ", "Club founded"),
    "clubs.founding-corrected": Words("Sửa việc thành lập", "Founding corrected"),
    "clubs.members-reported": Words("Báo cáo thành viên", "Members reported"),
    "clubs.month-reported": Words("Báo cáo tháng", "Month reported"),
    "clubs.board-renewed": Words("Kiện toàn ban chủ nhiệm", "Board renewed"),
    "clubs.club-suspended": Words("Tạm dừng câu lạc bộ", "Club suspended"),
    "clubs.club-resumed": Words("Hoạt động trở lại", "Club resumed"),
    "clubs.club-dissolved": Words("Giải thể câu lạc bộ", "Club dissolved"),
    "trainings.training-planned": Words("Lên kế hoạch đợt tập huấn", "Training planned"),
    "trainings.training-held": Words("Đã mở đợt tập huấn", "Training held"),
    "trainings.training-cancelled": Words("Hủy đợt tập huấn", "Training cancelled"),
    "trainings.board-training-required": Words("Ban chủ nhiệm cần tập huấn", "Board needs training"),
    "trainings.board-trained": Words("Đã tập huấn ban chủ nhiệm", "Board trained"),
    "monitoring.target-set": Words("Đặt chỉ tiêu", "Target set"),
    "monitoring.inspection-planned": Words("Lên kế hoạch đoàn kiểm tra", "Inspection planned"),
    "monitoring.inspection-completed": Words("Đoàn kiểm tra đã kết thúc", "Inspection completed"),
    "monitoring.recommendation-remedied": Words("Đã thực hiện kiến nghị", "Recommendation remedied"),
    "monitoring.recommendation-rechecked": Words("Kiểm tra lại kiến nghị", "Recommendation rechecked"),
    "reporting.figure-declared": Words("Kê khai số liệu đã công bố", "Published figure declared"),
}


def name_of_event(type_: str) -> Words:
    """What people call it."""
    return _NAMES.get(type_) or Words(type_, type_)
