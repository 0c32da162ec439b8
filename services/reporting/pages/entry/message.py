"""The receipt as a text for a message (Zalo): a few short lines that can be read without opening anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry.record import Record
from services.reporting.pages.filters import both, instant
from services.reporting.pages.words import Language, say

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a receipt, in words."""

    event: Json
    title: Words
    facts: list[tuple[Words, Words]]
    corrects: bool


def message_of(shown: Sequence[Told], record: Record, place: str, by: str, address: str, language: Language) -> str:
    """The lines; nothing for a receipt of nothing."""
    if not shown:
        return ""
    lines = [f"{record.name} ({place})"]
    for each in shown:
        lines.append(f"{both(each.title, language)}:")
        lines += [f"- {both(label, language)}: {both(value, language)}" for label, value in each.facts]
    lines += [
        say(language, "Ghi lúc %(at)s, %(by)s.", at=instant(shown[-1].event["recorded_at"], language), by=by),
        say(language, "Biên nhận: %(address)s", address=address),
    ]
    return "\n".join(lines)
