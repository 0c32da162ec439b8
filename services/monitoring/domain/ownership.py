"""Whose business an inspection, a remedy and a re-check are. The centre may inspect anywhere, a province in its area.

A remedy is recorded by the place concerned or above; its re-check never by the same level, so that nobody approves their
own remedy.
"""

from __future__ import annotations

from shared.events.monitoring import Finding, Team
from shared.kernel.decider import Jurisdiction
from shared.kernel.place import NATION, PlaceRef

_SIDES = {
    "lead-department": "state",
    "province-department": "state",
    "association-centre": "association",
    "province-association": "association",
}


def inspection_owner(team: Team, places: tuple[PlaceRef, ...]) -> Jurisdiction:
    """By who leads the delegation, and by every place it goes to."""
    side = _SIDES.get(team.led_by)
    if team.led_by in ("lead-department", "association-centre"):
        return Jurisdiction(NATION, side, roles=("centre",))
    first, *others = places
    return Jurisdiction(first, side, roles=("province", "centre"), also=tuple(others))


def moved_owner(before: Jurisdiction, after: Jurisdiction) -> Jurisdiction:
    """A correction needs the right over what stood before and over what stands after; across the sides, the centre's."""
    if before.side is not None and after.side is not None and before.side != after.side:
        return Jurisdiction(NATION, after.side, roles=("centre",))
    roles = tuple(role for role in after.roles if role in before.roles)
    also = tuple(place for place in (before.area, *before.also, *after.also) if place != after.area)
    return Jurisdiction(after.area, after.side or before.side, roles, tuple(dict.fromkeys(also)))


def remedy_owner(finding: Finding) -> Jurisdiction:
    """The place concerned or above, whichever side."""
    return Jurisdiction(finding.place)


def recheck_owner(finding: Finding, team: Team | None) -> Jurisdiction:
    """The level above the place concerned, on the delegation's side."""
    side = None if team is None else _SIDES.get(team.led_by)
    return Jurisdiction(finding.place, side, roles=("province", "centre") if finding.place.level == "commune" else ("centre",))
