"""Signing in and out: by a one-time link or by a token, on this device or on a phone beside it.

Guarantees that opening a link uses nothing up (chat programs and mail scanners open links too): only its button does. Whoever
signs in goes on to where they wanted to go on this site, or to the page of their own area. Refuses forms of other sites.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

import segno
from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup
from starlette.responses import RedirectResponse

from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.site import ROLES, Site
from services.reporting.pages.words import Language, say
from shared.kernel.errors import Refused
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Principal
from shared.web.attempts import Attempts, TooManyAttempts
from shared.web.links import Links, code_in
from shared.web.origin import address_of, peer_of, safe_path
from shared.web.session_store import Sessions, Started
from shared.web.sessions import Arriving, Post, Posted, SignedIn, Visiting, Visitor, arrival_proof, enter, gate_of, leave
from shared.web.tokens import PREFIX, Tokens

PHONE: Final = timedelta(minutes=15)
"""How long a link for the phone works: it is scanned at once."""

SIDES: Final = {"state": "ngành Y tế", "association": "Hội Người cao tuổi"}

_WRONG: Final = frozenset({"link-unknown", "token-unknown", "token-revoked", "token-expired"})

Next = Annotated[str | None, Query(max_length=1600)]


def home_of(principal: Principal) -> str:
    """The page that somebody wants first: that of their own area."""
    match principal.area.level:
        case "commune":
            return f"/xa/{principal.area.key}"
        case "province":
            return f"/tinh/{principal.area.key}"
        case "nation":
            return "/"


def rights_of(principal: Principal, places: PlaceBook, language: Language) -> str:
    """Whose rights these are, in words: `Tỉnh, thành phố · Hội Người cao tuổi · Thanh Hóa`."""
    area = places.name(principal.area)
    role, side = say(language, ROLES[principal.role]), say(language, SIDES[principal.side])
    return f"{role} · {area}" if principal.role in ("operator", "reader") else f"{role} · {side} · {area}"


@dataclass(frozen=True, slots=True)
class _Door:
    """What the routes work with."""

    site: Site
    links: Links
    sessions: Sessions
    tokens: Tokens
    attempts: Attempts

    async def by(self, key: str) -> Started:
        """A session by what somebody pasted: a token, a code, or a whole link. May raise `Refused`."""
        if key.startswith(PREFIX):
            await self.tokens.authenticate(key)
            return await self.sessions.start(key)
        return await self.links.use(code_in(key) or "")

    async def entered(self, request: Request, post: Post, started: Started) -> Response:
        """The way on, with the cookie of the new session."""
        await enter(request, post.visitor, started)
        session = await self.sessions.find(started.secret)
        home = "/" if session is None else home_of(session.principal)
        return RedirectResponse(safe_path(post.form.get("next")) or quote(home, safe="/:"), 303)

    def refused(self, request: Request, visitor: Visitor, reading: Reading, refused: Refused, onward: str | None) -> Response:
        """The sign-in page, saying why not."""
        if refused.slug in _WRONG:
            try:
                self.attempts.wrong(peer_of(request))
            except TooManyAttempts as many:
                refused = many
        response = self.page(request, visitor, reading, "sign_in.html", status=refused.status, problem=refused, next=onward)
        if isinstance(refused, TooManyAttempts):
            response.headers["retry-after"] = str(refused.seconds)
        return response

    def page(self, request: Request, visitor: Visitor, reading: Reading, template: str, /, **context: Any) -> Response:
        """A page that nothing keeps."""
        places = self.site.desk.places
        mine = None if visitor.principal is None else rights_of(visitor.principal, places, reading.language)
        response = self.site.page(request, visitor, reading, template, mine=mine, csrf=arrival_proof(request), **context)
        response.headers["cache-control"] = "no-store"
        return response


def router(site: Site) -> APIRouter:
    """Every route of signing in and out."""
    pool, places = site.desk.pool, site.desk.places
    sessions = Sessions(pool)
    door = _Door(site, Links(pool, sessions), sessions, Tokens(pool, places), Attempts())
    routes = APIRouter(include_in_schema=False)
    _add_sign_in(routes, door)
    _add_phone(routes, door)
    _add_link(routes, door)
    return routes


def _add_sign_in(routes: APIRouter, door: _Door) -> None:
    @routes.get("/dang-nhap", response_class=Response)
    async def sign_in(request: Request, visitor: Visiting, reading: Chosen, next: Next = None) -> Response:
        """What a link is, how to get one, and where to paste one."""
        return door.page(request, visitor, reading, "sign_in.html", problem=None, next=safe_path(next))

    @routes.post("/dang-nhap", response_class=Response)
    async def pasted(request: Request, post: Arriving, reading: Chosen) -> Response:
        """Sign in by what was pasted: a token, a code, or a whole link."""
        try:
            started = await door.by(post.form.get("key", "").strip())
        except Refused as refused:
            return door.refused(request, post.visitor, reading, refused, safe_path(post.form.get("next")))
        return await door.entered(request, post, started)

    @routes.post("/dang-xuat", response_class=Response)
    async def sign_out(request: Request, post: Posted) -> Response:
        """End the session at once, here and wherever its cookie was copied to."""
        await leave(request, post.visitor)
        return RedirectResponse("/", 303)

    _ = (sign_in, pasted, sign_out)


def _add_phone(routes: APIRouter, door: _Door) -> None:
    @routes.get("/dang-nhap/dien-thoai", response_class=Response)
    async def phone(request: Request, visitor: SignedIn, reading: Chosen) -> Response:
        """Offer a link for the phone."""
        return door.page(request, visitor, reading, "sign_in_phone.html", address=None, code=None, until=None)

    @routes.post("/dang-nhap/dien-thoai", response_class=Response)
    async def phone_link(request: Request, post: Posted, reading: Chosen) -> Response:
        """A one-time link with the same rights, to be scanned."""
        link = await door.links.make(post.visitor.token or "", PHONE)
        address = address_of(request, gate_of(request).public) + link.path
        svg = segno.make(address, error="m", micro=False).svg_inline(scale=6, border=4, dark="#000", light="#fff")
        return door.page(
            request, post.visitor, reading, "sign_in_phone.html",
            address=address, code=Markup(svg), until=link.expires_at,  # noqa: S704  drawn by us; holds no text
        )  # fmt: skip

    _ = (phone, phone_link)


def _add_link(routes: APIRouter, door: _Door) -> None:
    @routes.get("/dang-nhap/{code}", response_class=Response)
    async def link(request: Request, visitor: Visiting, code: str, reading: Chosen, next: Next = None) -> Response:
        """Whose rights a link gives, and the button that uses it; looking uses nothing up."""
        onward = safe_path(next)
        try:
            principal = await door.links.look(code)
        except Refused as refused:
            return door.refused(request, visitor, reading, refused, onward)
        rights = rights_of(principal, door.site.desk.places, reading.language)
        return door.page(request, visitor, reading, "sign_in_link.html", rights=rights, next=onward)

    @routes.post("/dang-nhap/{code}", response_class=Response)
    async def use(request: Request, post: Arriving, code: str, reading: Chosen) -> Response:
        """Use the link up and sign in."""
        try:
            started = await door.links.use(code)
        except Refused as refused:
            return door.refused(request, post.visitor, reading, refused, safe_path(post.form.get("next")))
        return await door.entered(request, post, started)

    _ = (link, use)
