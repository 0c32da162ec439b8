"""The timeline of a stream that is no club's, in words, and the names of clubs that are known by their streams only."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.reporting.pages.site import Site
from services.reporting.pages.story_parts import Block, allowed, recorder
from services.reporting.pages.story_words import type_name
from services.reporting.pages.words import Language, say
from shared.reference.book import Places
from shared.web.sessions import Visitor

Json = dict[str, Any]
NAMES: Final = 24
"""How many clubs are asked for by name; a page that lists more shows the streams of the rest."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a stream in words."""

    event_id: str
    version: int
    sentence: str
    by: str
    recorded_at: str


def happened(events: Block, places: Places, language: Language) -> list[Happened]:
    """The events of a stream, the newest first. A second report of the same kind is a correction."""
    if events.found is None:
        return []
    found: Sequence[Json] = events.found["events"]
    earlier = [each["type"] for each in reversed(found)]
    told: list[Happened] = []
    for place, each in enumerate(reversed(found)):
        words = type_name(each["type"], language)
        if each["type"].endswith(("-held", "-completed")) and each["type"] in earlier[:place]:
            words = say(language, "Đính chính: %(words)s", words=words)
        data: Json = each["data"] or {}
        if data.get("finding") is not None:
            words = f"{words} ({say(language, 'phát hiện số %(n)s', n=data['finding'])})"
        if data.get("reason"):
            words = f"{words}: {data['reason']}"
        by = recorder(each["actor"], places, language)
        told.append(Happened(each["event_id"], each["version"], words, by, each["recorded_at"]))
    return told[::-1]


async def names_of(site: Site, visitor: Visitor, clubs: Sequence[str]) -> dict[str, str]:
    """The names of some clubs, as far as the visitor may know them and the clubs service answers."""
    asked = list(clubs)[:NAMES] if visitor.signed_in else []
    answers = await asyncio.gather(*(allowed(site.ask("clubs", f"/v1/clubs/{each}", visitor, limit=1)) for each in asked))
    return {
        each: answer.found["founding"]["name"] for each, answer in zip(asked, answers, strict=True) if answer.found is not None
    }
