"""What a target would be by today is said in wholes wherever it is said, and stays exact where it is drawn."""

from __future__ import annotations

import re
from typing import Any

from services.reporting.pages.drawings import bullet_of


def number(expected: float, unit: str = "clubs") -> dict[str, Any]:
    aim = {
        "scheme": "1648", "period_to": "2030-12-31", "ended": False, "low": 4000, "high": None, "expected_by_now": expected,
        "words": {"vi": "đạt 25%, còn thiếu 3.000", "en": "25% reached, 3,000 missing"},
    }  # fmt: skip
    return {
        "indicator": "clubs-new-1648", "title": {"vi": "CLB thành lập mới", "en": "New clubs"}, "unit": unit, "value": 1000,
        "display": {"vi": "1.000", "en": "1,000"}, "parts": [{"basis": "counted", "amount": 1000}], "targets": [aim],
    }  # fmt: skip


def test_clubs_that_are_expected_are_whole_at_the_mark_in_the_table_and_in_both_languages():
    vietnamese, english = bullet_of(number(1461.3), "vi"), bullet_of(number(1461.3), "en")
    assert "đến nay cần 1.461<" in vietnamese.svg
    assert ("đến nay cần 1.461", "1.461") in vietnamese.table.rows
    assert "1.461,3" not in vietnamese.svg + vietnamese.sentence
    assert ("expected by now 1,461", "1,461") in english.table.rows


def test_the_mark_stands_at_the_exact_place():
    whole, half = bullet_of(number(3000.0), "vi"), bullet_of(number(3000.4), "vi")
    assert [row for row in whole.table.rows if "cần" in row[0]] == [row for row in half.table.rows if "cần" in row[0]]
    assert re.findall(r'd="M([0-9.]+)', whole.svg) != re.findall(r'd="M([0-9.]+)', half.svg)


def test_a_share_that_is_expected_keeps_its_decimal():
    assert ("đến nay cần 61,3%", "61,3%") in bullet_of({**number(61.3), "unit": "percent"}, "vi").table.rows
