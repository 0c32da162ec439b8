"""How typed texts are read: numbers in one way only, days in two, a blank as unknown."""

from __future__ import annotations

import re
from datetime import date

import pytest

from services.reporting.pages.entry import sheets
from services.reporting.pages.entry.fields import Unreadable, day, fields_of, nested, number, read, typed_from

SECTIONS = (sheets.FOUNDING, sheets.MEMBERSHIP, sheets.MONTH, sheets.BOARD)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("52", 52),
        ("1164", 1164),
        ("1.164", 1164),
        ("1,164", 1164),
        ("1 164", 1164),
        ("1\u00a0164", 1164),
        (" 1.164 ", 1164),
        ("12.345.678", 12_345_678),
        ("50,000,000", 50_000_000),
        ("007", 7),
        ("456.470", 456_470),
    ],
)
def test_a_number_is_read_with_separators_between_groups_of_three(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "1.1", "1,16", "1.1640", "11.64", "1164.000", "1.164,000", "1.164.00", "1..164", ".164", "1.", "1.164 000", "-3", "+3",
        "3.5", "1e3", "năm hai", "52 người", "５２", "٥٢", "1'164", "1_164", "0x10", "9" * 25, "1\n164",
    ],
)  # fmt: skip
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(Unreadable):
        number(text)


@pytest.mark.parametrize("text", ["2025-09-02", "02/09/2025", "2/9/2025", "02-09-2025", "2.9.2025", " 02/09/2025 "])
def test_a_day_is_read_as_browsers_send_it_and_as_people_write_it(text: str) -> None:
    assert day(text) == date(2025, 9, 2)


@pytest.mark.parametrize("text", ["31/02/2025", "09/2025", "02/09/25", "2/13/2025", "1989-12-31", "02/09/2100", "mùng 2"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        day(text)


def test_a_blank_is_unknown_and_zero_is_zero() -> None:
    found = read(sheets.MEMBERSHIP, {"total": "52", "women": " ", "poor": "0", "as_of": "2025-09-02", "basis": "counted"})
    assert not found.errors
    assert found.values == {"total": 52, "poor": 0, "as_of": "2025-09-02", "basis": "counted"}


def test_a_choice_that_was_not_offered_is_refused() -> None:
    assert "basis" in read(sheets.MEMBERSHIP, {"total": "5", "as_of": "2025-09-02", "basis": "guessed"}).errors


def test_what_is_prefilled_says_the_same_when_it_is_sent_unchanged() -> None:
    facts = {
        "meeting_held": False, "income_fund": 50_000_000, "areas": {"rights": {"talks": 2}, "income": {"income_group": True}},
        "loans": {"number": 0},
    }  # fmt: skip
    found = read(sheets.MONTH, typed_from(sheets.MONTH, facts))
    assert not found.errors
    assert nested(found.values) == facts


def test_no_form_has_two_fields_of_one_name_and_every_name_is_a_path() -> None:
    for sections in SECTIONS:
        names = [each.path for each in fields_of(sections)]
        assert len(names) == len(set(names))
        assert all(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", name) for name in names)


def test_a_founding_shows_at_most_eight_fields_before_the_fold() -> None:
    assert sum(len(section.fields) for section in sheets.FOUNDING if section.title is None) == 5


def test_a_number_with_too_many_digits_is_told_that_it_is_too_large() -> None:
    with pytest.raises(Unreadable) as raised:
        number("1" + ".000" * 8)
    assert "quá lớn" in raised.value.words.vi
