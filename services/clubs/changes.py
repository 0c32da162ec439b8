"""What differs between two records of one thing, field by field: how a timeline shows a correction. Pure."""

from __future__ import annotations

from typing import Any, cast

Facts = dict[str, Any]
"""An event's data as JSON has it."""


def changes(before: Facts, after: Facts) -> list[Facts]:
    """What differs, field by field down to the last number: `{"field": "areas.health.members_checked", "before", "after"}`."""
    old, new = _flat(before), _flat(after)
    if not old:
        return [{"field": field, "before": None, "after": value} for field, value in new.items() if value is not None]
    return [
        {"field": field, "before": old.get(field), "after": new.get(field)}
        for field in old | new
        if old.get(field) != new.get(field)
    ]


def _flat(facts: Facts) -> Facts:
    flat: Facts = {}
    for name, value in facts.items():
        if isinstance(value, dict) and value:
            for inner, number in _flat(cast("Facts", value)).items():
                flat[f"{name}.{inner}"] = number
        else:
            flat[name] = value
    return flat
