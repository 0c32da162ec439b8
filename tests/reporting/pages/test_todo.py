"""What needs doing: who is late, and where sources disagree."""

from __future__ import annotations

from typing import Any

from services.reporting.pages.todo_list import contradictions, late_provinces


def claim(value: int, valid_to: str | None, stream: str, **other: Any) -> dict[str, Any]:
    base = {"area": "63:66", "scope": None, "valid_from": valid_to, "qualifier": "exact"}
    return {**base, "value": value, "valid_to": valid_to, "stream": stream, **other}


def answer(
    value: int,
    *others: dict[str, Any],
    declarations: tuple[dict[str, Any], ...] = (),
    unit: str = "clubs",
    map_: str = "34",
) -> dict[str, Any]:
    said = {"declarations": [*declarations], "others": [*others]}
    number = {"id": "X", "indicator": "clubs-founded", "unit": unit, "value": value, **said}
    group = {"key": "63:66", "kind": "province", "name": "Đắk Lắk", "numbers": [number]}
    return {"as_of": "2026-03-02", "map": map_, "area": {"key": "VN"}, "numbers": [], "groups": [group]}


def test_two_sources_of_the_same_days_with_two_numbers_are_a_disagreement():
    found = contradictions([answer(225, claim(220, "2025-06-30", "b"), declarations=(claim(225, "2025-06-30", "a"),))])
    assert [sorted(each["value"] for each in one.claims) for one in found] == [[220, 225]]


def test_the_same_number_twice_and_numbers_of_different_days_are_none():
    assert contradictions([answer(300, claim(225, "2025-06-30", "a"), claim(225, "2025-06-30", "b"))]) == []
    assert contradictions([answer(300, claim(225, "2025-06-30", "a"), claim(220, "2024-06-30", "b"))]) == []


def test_a_newer_published_number_that_is_larger_than_the_count_is_a_disagreement():
    (found,) = contradictions([answer(3421, claim(3021, "2023-12-31", "a"), claim(6000, "2025-05-08", "b"))])
    assert [each["value"] for each in found.claims] == [6000]


def test_what_is_of_a_later_day_or_of_a_part_or_a_share_or_already_shown_is_none():
    assert contradictions([answer(3, claim(9, "2027-01-01", "a"))]) == []
    assert contradictions([answer(3, claim(9, "2025-01-01", "a", scope="VIE071"))]) == []
    assert contradictions([answer(3, claim(9, "2025-01-01", "a"), unit="percent")]) == []
    assert contradictions([answer(9, claim(12, "2024-01-01", "a"), declarations=(claim(9, "2025-01-01", "b"),))]) == []


def test_places_of_one_map_are_not_held_against_places_of_the_other():
    """Seen to fail: the 63 provinces of June 2025 against the 34 of today."""
    before, after = claim(63, "2025-06-30", "a"), claim(40, "2025-12-31", "b")
    assert contradictions([answer(34, before, unit="provinces")]) == []
    assert contradictions([answer(34, after, unit="provinces", map_="63")]) == []
    (on_34,) = contradictions([answer(34, before, after, unit="provinces")])
    (on_63,) = contradictions([answer(61, before, after, unit="provinces", map_="63")])
    assert [each["value"] for one in (on_34, on_63) for each in one.claims] == [40, 63]


def test_a_disagreement_that_both_maps_tell_is_told_once():
    one = answer(225, claim(220, "2025-06-30", "b"), declarations=(claim(225, "2025-06-30", "a"),))
    assert len(contradictions([one, one])) == 1


def test_who_has_not_reported_the_last_whole_month_is_late_by_months_and_gets_a_reminder():
    fresh = [
        {"kind": "nation", "key": "VN", "name": "Cả nước", "latest_month": "2026-02"},
        {"kind": "province", "key": "34:01", "name": "Hà Nội", "latest_month": "2026-02"},
        {"kind": "province", "key": "34:38", "name": "Thanh Hóa", "latest_month": "2025-11"},
        {"kind": "province", "key": "34:04", "name": "Cao Bằng", "latest_month": None},
    ]
    late = late_provinces({"as_of": "2026-03-02", "freshness": fresh}, "vi")
    assert [(each.name, each.months) for each in late] == [("Cao Bằng", 18), ("Thanh Hóa", 3)]
    assert "gửi báo cáo tháng 02/2026" in late[1].reminder
    assert "Thanh Hóa" in late[1].reminder
    assert "11/2025" in late[1].reminder
