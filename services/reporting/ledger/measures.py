"""What the ledger counts: every measure (đại lượng) has a number for ever, because entries are stored by it.

Never renumber and never reuse a number: a stored sum would change its meaning. A stock is a difference that later entries
take back, a flow is never taken back except by a correction; both are plain sums.
"""

from __future__ import annotations

from typing import Final

MEMBER_ATTRIBUTES: Final = (
    "women", "aged_60_plus", "aged_55_plus", "poor", "near_poor", "hardship", "ethnic_minority", "health_insured",
    "older_women", "older_poor_women", "older_near_poor_women", "older_ethnic_minority", "older_hardship",
    "families_reached", "others_reached",
)  # fmt: skip
"""What a report of members may leave blank, in the order in which a snapshot is kept."""

_NUMBERS: Final[dict[str, int]] = {
    "clubs_founded": 1, "clubs_existing": 2, "clubs_active": 3, "clubs_generated": 4, "clubs_suspended": 5, "boards_renewed": 6,
    "members": 10, "members_stated": 11, "members_stale": 12, "members_stale_clubs": 13, "women_stale": 14,
    "aged_60_plus_stale": 15,
    "month_reports": 100, "meetings": 101,
    "areas_all": 105, "areas_stated": 106,
    "income_fund": 110, "operating_fund": 111, "income_fund_stated": 112, "operating_fund_stated": 113,
    "funds_stated": 114, "funds_both": 115, "income_fund_stale": 116, "operating_fund_stale": 117, "funds_stale_clubs": 118,
    "loans_number": 120, "loans_number_stated": 121, "loans_total": 122, "loans_total_stated": 123,
    "borrowers": 124, "borrowers_base": 125, "borrowers_stated": 126,
    "raised_from_state": 130, "raised_from_society": 131, "raised_from_members": 132,
    "rounds": 200, "rounds_lead": 201, "rounds_planned": 202, "rounds_generated": 203, "attendances": 204,
    "attendances_stated": 205, "participants": 206, "participants_women": 207,
    "cost_state_budget": 210, "cost_contribution": 211, "cost_international": 212, "cost_other": 213,
    "board_todos_open": 220,
    "inspections": 300, "inspections_planned": 301, "inspections_generated": 302, "clubs_visited": 303, "findings": 304,
    "recommendations": 305, "recommendations_open": 306, "recommendations_remedied": 307, "recommendations_overdue": 308,
}  # fmt: skip

for _index, _name in enumerate(MEMBER_ATTRIBUTES):
    _NUMBERS[_name] = 20 + 3 * _index
    _NUMBERS[f"{_name}_base"] = 21 + 3 * _index
    _NUMBERS[f"{_name}_stated"] = 22 + 3 * _index

NAMES: Final[dict[int, str]] = {number: name for name, number in _NUMBERS.items()}
"""The name of each measure by its number."""


FLOWS: Final = frozenset(
    name
    for name in _NUMBERS
    if name.startswith(("loans_", "raised_", "rounds", "cost_", "attendances", "participants"))
    or name in {"month_reports", "meetings", "boards_renewed", "inspections", "clubs_visited", "findings", "recommendations"}
)
"""What a month adds, as against what a month finds: a series shows the flows of each month and the stocks at its end."""


def measure(name: str) -> int:
    """The number of a measure. May raise `KeyError`."""
    return _NUMBERS[name]
