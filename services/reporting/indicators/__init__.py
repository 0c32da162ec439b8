"""Every indicator of the programme, one formula a file, in the order in which they are shown.

A slug and a number each name one indicator for ever. An old version of a definition stays here beside the new one.
"""

from __future__ import annotations

import hashlib

from services.reporting.indicators import (
    boards_renewed,
    boards_untrained,
    clubs_active,
    clubs_existing,
    clubs_founded,
    clubs_new_1336,
    clubs_new_1648,
    communes_with_clubs,
    funding_contribution,
    funding_international,
    funding_other,
    funding_state_budget,
    income_fund,
    inspections,
    loans_number,
    loans_total,
    members,
    members_of_new_clubs,
    members_of_new_clubs_1336,
    older_members,
    older_members_of_new_clubs,
    operating_fund,
    provinces_with_clubs,
    recommendations_open,
    recommendations_overdue,
    recommendations_remedied,
    resources_raised_members,
    resources_raised_society,
    resources_raised_state,
    share_clubs_all_areas,
    share_clubs_both_funds,
    share_members_borrowing,
    share_older,
    share_women,
    training_participants,
    training_rounds,
    training_rounds_all,
    women,
)
from services.reporting.indicators.definition import Definition
from shared.kernel.errors import Refused

ALL: tuple[Definition, ...] = (
    clubs_founded.DEFINITION,
    clubs_new_1336.DEFINITION,
    clubs_new_1648.DEFINITION,
    clubs_active.DEFINITION,
    clubs_existing.DEFINITION,
    members.DEFINITION,
    older_members.DEFINITION,
    women.DEFINITION,
    members_of_new_clubs.DEFINITION,
    members_of_new_clubs_1336.DEFINITION,
    older_members_of_new_clubs.DEFINITION,
    provinces_with_clubs.DEFINITION,
    communes_with_clubs.DEFINITION,
    share_women.DEFINITION,
    share_older.DEFINITION,
    share_clubs_all_areas.DEFINITION,
    share_clubs_both_funds.DEFINITION,
    share_members_borrowing.DEFINITION,
    income_fund.DEFINITION,
    operating_fund.DEFINITION,
    loans_number.DEFINITION,
    loans_total.DEFINITION,
    training_rounds.DEFINITION,
    training_rounds_all.DEFINITION,
    training_participants.DEFINITION,
    inspections.DEFINITION,
    recommendations_open.DEFINITION,
    recommendations_remedied.DEFINITION,
    recommendations_overdue.DEFINITION,
    boards_renewed.DEFINITION,
    boards_untrained.DEFINITION,
    funding_state_budget.DEFINITION,
    funding_contribution.DEFINITION,
    funding_international.DEFINITION,
    funding_other.DEFINITION,
    resources_raised_state.DEFINITION,
    resources_raised_society.DEFINITION,
    resources_raised_members.DEFINITION,
)

_BY_SLUG = {definition.slug: definition for definition in ALL}
_BY_NUMBER = {(definition.number, definition.version): definition for definition in ALL}


def indicator(slug: str) -> Definition:
    """The current version of an indicator. May raise `Refused` (`unknown-indicator`)."""
    definition = _BY_SLUG.get(slug)
    if definition is None:
        raise Refused(
            "unknown-indicator",
            "Không có chỉ tiêu này; xem danh sách ở /v1/indicators.",
            "There is no such indicator; see the list at /v1/indicators.",
            field="indicator",
        )
    return definition


def numbered(number: int, version: int) -> Definition | None:
    """The definition that a number's id cites, if there is one."""
    return _BY_NUMBER.get((number, version))


def fingerprint() -> str:
    """What all definitions say together: their number, and a SHA-256 that changes with any formula."""
    rules = "\n".join(f"{each.slug} {each.number} {each.version} {each.formula}" for each in ALL)
    return f"{len(ALL)}, sha256 {hashlib.sha256(rules.encode()).hexdigest()}"
