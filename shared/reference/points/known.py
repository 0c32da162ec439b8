"""What is known of a few published figures beyond their rows: when they were published, and how they were computed.

The formulas are exact arithmetic on published figures: 456.470 is 70 times 6.521, nobody counted it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.events.reporting import DeclaredBasis, Qualifier


@dataclass(frozen=True, slots=True)
class Known:
    """How a figure was made. None: as the table of metrics says."""

    formula: str
    basis: DeclaredBasis | None = None
    qualifier: Qualifier | None = None
    indicator: str | None = None


KNOWN_FORMULAS: Mapping[tuple[str, str, str], Known] = {
    # (metric, key of the area, value as printed)
    ("members_total", "VN", "456470"): Known("70 x 6521", "estimated", "about"),
    ("new_clubs_since_1336_estimated", "VN", "3021"): Known("6521 - 3500"),
    ("members_of_new_clubs", "VN", "330000"): Known("6000 x 55", "estimated", indicator="members-of-new-clubs-1336"),
    ("older_members_of_new_clubs", "VN", "231000"): Known("70 % x 330000", "estimated", indicator="older-members-of-new-clubs"),
    ("attainment_pct_provinces_as_printed", "VN", "105"): Known("100 % / 95 %"),
    ("attainment_pct_older_members_as_printed", "VN", "231"): Known("231000 / 100000"),
    ("share_members_borrowing_pct_as_printed", "VN", "45"): Known("150000 / 330000"),
    ("income_fund_average_per_club_vnd_min_as_printed", "34:08", "48000000"): Known("6500000000 / 135"),
}

_PUBLICATIONS = (("Decision 1335/QĐ-LĐTBXH of 29 Aug 2024", date(2024, 8, 29)),)


def published_on(source: str) -> date | None:
    """The day a dated document was published; None where only a page without a date is named."""
    return next((day for document, day in _PUBLICATIONS if source.startswith(document)), None)
