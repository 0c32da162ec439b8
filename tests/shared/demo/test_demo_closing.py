"""The demo's last words: computed from the answers of the API alone."""

from typing import Any

from shared.local.demo.closing import CLUBS, EACH, PUBLISHED_MEMBERS, national_table, surprise, to_open


def number(indicator: str, title: str, display: str, **more: Any) -> dict[str, Any]:
    base = {"id": f"n-{indicator}", "indicator": indicator, "title": {"vi": title}, "display": {"vi": display}}
    return {**base, "mix": None, "targets": [], "counted": None, **more}


def progress(*numbers: dict[str, Any], generated: bool = True) -> dict[str, Any]:
    return {"as_of": "2023-12-31", "generated": generated, "numbers": list(numbers)}


def test_the_table_has_a_line_an_indicator_with_its_mix_and_its_verdict():
    rounds = number("training-rounds", "Đợt tập huấn", "4", targets=[{"words": {"vi": "4/5-7 đợt: chưa đạt, thiếu 1"}}])
    clubs = number("clubs-founded", "CLB", "6.521", mix={"vi": "6.521 = 5.357 đếm được + 1.164 kê khai"})
    assert national_table(progress(rounds, clubs)) == [
        "TIẾN ĐỘ CẢ NƯỚC / NATIONAL PROGRESS · 2023-12-31 · có dữ liệu mô phỏng / contains generated data",
        "  Đợt tập huấn      4  4/5-7 đợt: chưa đạt, thiếu 1",
        "  CLB           6.521  6.521 = 5.357 đếm được + 1.164 kê khai",
    ]


def test_only_generated_figures_are_called_so():
    assert national_table(progress(generated=False)) == ["TIẾN ĐỘ CẢ NƯỚC / NATIONAL PROGRESS · 2023-12-31"]


def test_the_published_members_are_explained_as_70_times_the_clubs_beside_the_count():
    assert PUBLISHED_MEMBERS == EACH * CLUBS
    vi, en = surprise(progress(number("members", "Thành viên", "345.000", counted=345_000)))
    assert "456.470" in vi
    assert "70 x 6.521" in vi
    assert "345.000" in vi
    assert "345,000" in en


def test_without_a_count_nothing_is_said_of_one():
    vi, _ = surprise(progress(number("members", "Thành viên", "456.470")))
    assert "đếm được" not in vi


def test_the_figure_to_open_is_named_by_its_id():
    assert to_open(progress(number("members", "Thành viên", "1")))[1] == "  ./clb trace n-members"
