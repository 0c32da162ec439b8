"""The line that says how fresh a page is: until when, who is slowest, how many have sent this period, how much is counted.

Rule of freshness: a page is fresh when every province has reported the last whole month. In words, not in colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StampLine:
    """What the line says. `until` is the last event's instant, `counted` a share in percent or None where nothing is mixed."""

    until: str | None
    slowest: Json | None
    heard: int
    all: int
    counted: Decimal | None
    parked: int

    @property
    def fresh(self) -> bool:
        """Whether everybody who should have sent the last month has."""
        return self.heard == self.all and not self.parked


def stamp_of(answer: Json, mixed: str = "members") -> StampLine:
    """The line of an answer; `mixed` is the indicator whose counted share is told."""
    provinces = [each for each in answer["freshness"] if each["kind"] == "province"]
    whole = next((each for each in answer["freshness"] if each["kind"] == "nation"), None)
    due = due_month(date.fromisoformat(answer["as_of"]))
    heard = [each for each in provinces if each["latest_month"] is not None and each["latest_month"] >= due]
    behind = [each for each in provinces if each["last_event_at"] is not None]
    slowest = max(behind, key=lambda each: each["seconds_behind"], default=None)
    instants = [each["last_event_at"] for each in (provinces if answer["area"]["kind"] == "province" else [whole]) if each]
    return StampLine(
        max((each for each in instants if each is not None), default=None),
        slowest if len(provinces) > 1 else None,
        len(heard),
        len(provinces),
        counted_share(next((each for each in answer["numbers"] if each["indicator"] == mixed), None)),
        answer["parked"],
    )


def due_month(as_of: date) -> str:
    """The last whole month by a day, `2026-10`: what everybody should have reported."""
    return (as_of.replace(day=1) - timedelta(days=1)).isoformat()[:7]


def counted_share(number: Mapping[str, Any] | None) -> Decimal | None:
    """How much of a number was counted, in percent; None of nothing."""
    if number is None or not number["value"]:
        return None
    counted = sum(Decimal(str(part["amount"])) for part in number["parts"] if part["basis"] == "counted")
    return counted * 100 / Decimal(str(number["value"]))
