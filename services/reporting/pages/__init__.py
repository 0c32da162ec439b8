"""The national page: plain HTML, no script, nothing from elsewhere, readable on a phone and on paper.

Vietnamese with English beside it. Everything that came from outside is escaped by the template engine. The stamp line says of
when, as known when, and how fresh; generated data are marked wherever they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.reporting.indicators import indicator
from services.reporting.questions.ask import Ask

Json = dict[str, Any]

_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of the table of provinces."""

    slugs: tuple[str, ...]

    def of(self, ask: Ask) -> Ask:
        """The same question, cut by province."""
        return replace(ask, definitions=tuple(indicator(slug) for slug in self.slugs), group_by="province")


NATIONAL: Final = Table(("clubs-founded", "clubs-active", "members", "older-members", "share-women", "clubs-new-1648"))


def page(answer: Json, provinces: Json | None) -> Response:
    """The page of an answer, and of the table of provinces if there is one."""
    behind = [each for each in answer["freshness"] if each["kind"] == "province"]
    heard = [each for each in behind if each["last_event_at"] is not None]
    slowest = min(heard, key=lambda each: each["last_event_at"], default=None)
    html = _ENVIRONMENT.get_template("national.html").render(
        answer=answer, provinces=provinces, heard=len(heard), of=len(behind), slowest=slowest, today=answer["as_of"]
    )
    return Response(html, media_type="text/html; charset=utf-8", headers=_HEADERS)
