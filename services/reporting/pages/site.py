"""What every page works with: the ledger's desk, the other services, the templates; and how a page becomes an answer.

Guarantees that what comes from outside is escaped, that a page of somebody signed in is kept by no cache in between, and that a
refusal of another service reaches the reader as that refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, cast
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import TypeAdapter, ValidationError

from services.reporting.api import Desk
from services.reporting.indicators import ALL
from services.reporting.pages import static_files
from services.reporting.pages.citations import Citing
from services.reporting.pages.filters import filters_of
from services.reporting.pages.kept import KEEPABLE, Kept, lacks
from services.reporting.pages.reading import Reading
from services.reporting.pages.words import Language, say, translations
from services.reporting.questions import wording
from shared.events.common import StreamId
from shared.kernel.clock import HO_CHI_MINH
from shared.kernel.errors import Refused
from shared.kernel.principal import Role
from shared.reference.book import Places
from shared.web.sessions import Visitor
from shared.web.upstream import Down, Upstreams

Json = dict[str, Any]

TEMPLATES: Final = Path(__file__).parent / "templates"
ROLES: Final[dict[Role, str]] = {
    "commune": "Xã, phường",
    "province": "Tỉnh, thành phố",
    "centre": "Trung ương",
    "operator": "Vận hành",
    "reader": "Người xem",
}
YEARLY: Final = frozenset(each.slug for each in ALL if each.window == "year")
"""The indicators that are counted from the beginning of the year: wherever one is shown, its year is said."""
_READ_SECONDS: Final = 3
_WRITE_SECONDS: Final = 20
_HEADERS: Final = {"cache-control": KEEPABLE, "vary": "cookie, accept-language"}


_STREAM: Final = TypeAdapter[str](StreamId)


def stream_named(stream: str) -> str:
    """The stream that an address names. May raise `Refused` (404) for what no stream can be called."""
    try:
        return _STREAM.validate_python(stream)
    except ValidationError:
        raise Refused(
            "unknown-stream",
            "Không có trang nào ở địa chỉ này; hãy kiểm tra lại mã trong địa chỉ, hoặc tìm theo tên ở trang Tìm.",
            "There is no page at this address; check the id in it, or look for the name on the search page.",
            status=404,
        ) from None


Named = Annotated[str, Depends(stream_named)]
"""The part `{stream}` of an address."""


@dataclass(frozen=True, slots=True)
class Live:
    """An open page that follows the feed: from which message on, and which places' figures it shows."""

    after: int
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """The pages' common part."""

    desk: Desk
    kept: Kept

    def pages(self) -> APIRouter:
        """A router of pages that may be given again to whoever is not signed in."""
        return APIRouter(include_in_schema=False, route_class=self.kept.route())

    @property
    def services(self) -> Upstreams:
        """The other services over HTTP."""
        return self.desk.reads.services

    async def live(self, reading: Reading, *places: str) -> Live | None:
        """How an open page follows what changes; a page of the past follows nothing."""
        return None if reading.past else Live(await self.desk.reads.feed.head(), places)

    async def ask(
        self, service: str, target: str, visitor: Visitor, *, method: str = "GET", body: Any = None, **parameters: object
    ) -> Json:
        """The answer of another service to the visitor. May raise its `Refused`, or `Down`."""
        given = {name: value for name, value in parameters.items() if value is not None}
        address = quote(target, safe="/:@") + (f"?{urlencode(given)}" if given else "")
        headers = [(b"content-type", b"application/json")]
        if visitor.token is not None:
            headers.append((b"authorization", f"Bearer {visitor.token}".encode()))
        try:
            async with asyncio.timeout(_READ_SECONDS if method == "GET" else _WRITE_SECONDS):
                status, answer = await self.services.json(service, method, address, headers, body)
        except TimeoutError as late:
            lacks(service)
            raise Down(service) from late
        except Down:
            lacks(service)
            raise
        if status >= 400:
            raise refused_by(status, answer)
        return answer

    def page(
        self, request: Request, visitor: Visitor, reading: Reading, template: str, /, *, status: int = 200, **context: Any
    ) -> Response:
        """The page of a template. `live` in the context makes it follow what changes."""
        html = (
            environment(reading.language)
            .get_template(template)
            .render(
                {"live": None, **context},
                visitor=visitor,
                reading=reading,
                lang=reading.language,
                here=request.url.path,
                citation=Citing.on(request, self.desk.reads.public_url, reading.language),
                link=reading.link,
                today=reading.now.astimezone(HO_CHI_MINH).date().isoformat(),
                who=role_of(visitor, self.desk.places, reading.language),
            )
        )
        response = Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=_HEADERS)
        reading.remember(response)
        return response


def role_of(visitor: Visitor, places: Places, language: Language) -> str:
    """Who is signed in, in words: the role and the area."""
    who = visitor.principal
    return "" if who is None else f"{say(language, ROLES[who.role])}, {places.name(who.area)}"


def refused_by(status: int, answer: Mapping[str, Any]) -> Refused:
    """What another service refused with."""
    return Refused(
        str(answer.get("slug", "service-answered-wrongly")),
        str(answer.get("detail", "Dịch vụ trả lời sai.")),
        str(answer.get("detail_en", "The service answered wrongly.")),
        status=status,
        field=answer.get("field"),
    )


@cache
def environment(language: Language) -> Environment:
    """The templates in a language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  the extension adds it
    made.filters.update(filters_of(language))
    known = cast("dict[str, object]", made.globals)
    known.update(static=static_files.address, bases=wording.BASES, yearly=YEARLY)
    return made
