"""Vague dates become the days for which a figure was valid."""

from datetime import date

import pytest

from shared.reference.points.dates import interval
from shared.reference.points.problem import BadCell


@pytest.mark.parametrize(
    ("printed", "first", "last"),
    [
        ("2023-12-31", date(2023, 12, 31), date(2023, 12, 31)),
        ("2016-08", date(2016, 8, 1), date(2016, 8, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2018", date(2018, 1, 1), date(2018, 12, 31)),
        ("2025 (before 1 July)", date(2025, 1, 1), date(2025, 6, 30)),
        ("2025 (before August)", date(2025, 1, 1), date(2025, 7, 31)),
        ("unknown (before 2016-08)", date(1990, 1, 1), date(2016, 7, 31)),
        ("unknown (before 2020)", date(1990, 1, 1), date(2019, 12, 31)),
        ("unknown (2010 to 2016)", date(2010, 1, 1), date(2016, 12, 31)),
        ("unknown (about 2020)", date(2019, 1, 1), date(2021, 12, 31)),
        ("unknown (September 2022 or 2023)", date(2022, 9, 1), date(2023, 9, 30)),
        ("unknown", None, None),
        ("không rõ", None, None),
        ("  2023-12-31 ", date(2023, 12, 31), date(2023, 12, 31)),
    ],
)
def test_a_printed_date_is_an_interval_of_days(printed: str, first: date | None, last: date | None):
    assert interval(printed) == (first, last)


@pytest.mark.parametrize(
    ("printed", "rule"),
    [
        ("", "unreadable-date"),
        ("31/12/2023", "unreadable-date"),
        ("03/04/2024", "unreadable-date"),
        ("2023-2-1", "unreadable-date"),
        ("around Tết", "unreadable-date"),
        ("2023-02-29", "no-such-date"),
        ("2023-13", "no-such-date"),
        ("2025 (before 31 June)", "no-such-date"),
        ("1789", "date-out-of-range"),
        ("unknown (2016 to 2010)", "dates-out-of-order"),
    ],
)
def test_a_date_that_cannot_be_read_is_refused_by_its_rule(printed: str, rule: str):
    with pytest.raises(BadCell) as refusal:
        interval(printed)
    assert refusal.value.rule == rule
    assert refusal.value.vi
    assert refusal.value.en
