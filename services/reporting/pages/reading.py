"""What a reader chose for a page: both clocks, the map, the basis and the language. Links carry the choice along.

Guarantees that a page which is not of now says so, and that a choice which means nothing is refused as in the API.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Protocol, cast
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request, Response

from services.reporting.pages.words import LANGUAGES, Language
from services.reporting.questions.ask import Ask, Asked, understand
from shared.kernel.clock import Clock, day_of
from shared.reference.book import Places, load

LANGUAGE_COOKIE: Final = "lt_lang"
_A_YEAR: Final = 365 * 86400
_NOW: Final = timedelta(seconds=5)
Text = Annotated[str | None, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Reading:
    """The choice as it was written, and what it means at the time of asking."""

    asked: Asked
    language: Language
    chosen: bool
    now: datetime
    ask: Ask

    @property
    def past(self) -> bool:
        """Whether the page is not of now: another day, or another instant of knowledge."""
        clocks = self.ask.clocks
        return clocks.as_of != day_of(self.now) or clocks.known_at < self.now - _NOW

    @property
    def parameters(self) -> dict[str, str]:
        """What links carry along: only what was chosen."""
        asked = self.asked
        given = {"as_of": asked.as_of, "known_at": asked.known_at, "map": asked.map, "basis": asked.basis}
        return {name: value for name, value in given.items() if value}

    def link(self, path: str, **changes: Any) -> str:
        """An address of this site with the choice; a change to None leaves that part out."""
        query = {name: str(value) for name, value in {**self.parameters, **changes}.items() if value is not None}
        return quote(path, safe="/:@") + (f"?{urlencode(query)}" if query else "")

    def of(self, places: Places, **changes: str | None) -> Reading:
        """The same reader's choice with other indicators, another area or another clock. May raise `Refused`."""
        asked = replace(self.asked, **changes)
        return replace(self, asked=asked, ask=understand(asked, places, self.now))

    def remember(self, response: Response) -> None:
        """Keep the language that was chosen in this address."""
        if self.chosen:
            response.set_cookie(LANGUAGE_COOKIE, self.language, max_age=_A_YEAR, httponly=True, samesite="lax", path="/")


class _State(Protocol):
    clock: Clock


async def read(
    request: Request,
    as_of: Text = None,
    known_at: Text = None,
    map: Text = None,
    basis: Text = None,
    lang: Annotated[Literal["vi", "en"] | None, Query()] = None,
) -> Reading:
    """What the address says. An empty field of the form is one that was not filled in. May raise `Refused`."""
    now = cast("_State", request.app.state).clock()
    asked = Asked(None, None, as_of or None, known_at or None, map or None, basis or None)
    kept = request.cookies.get(LANGUAGE_COOKIE)
    language = lang or (kept if kept in LANGUAGES else "vi")
    return Reading(asked, language, lang is not None, now, understand(asked, load(), now))


Chosen = Annotated[Reading, Depends(read)]
"""The dependency of every page that shows figures."""
