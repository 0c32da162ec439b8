"""Who visits a page: the bearer of a token, of a session cookie, or nobody; and what a form post must bring.

Four access dependencies for pages. `Visiting`: anyone, and who it is. `SignedIn`: else off to the sign-in page and back.
`Posted`: a signed-in visitor's form, sent from a page of ours and made for this very session. `Arriving`: the form of somebody
who is about to sign in. Guarantees that nothing that another site makes a browser send passes `Posted` or `Arriving`, that a
cookie which is dead counts as none and is deleted, and that a wrong bearer token is refused with 401 as everywhere.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Annotated, Protocol, cast
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response
from starlette.responses import RedirectResponse
from starlette.routing import Match

from shared.kernel.errors import Refused
from shared.kernel.principal import Principal
from shared.web.bearer import bearer_of, principal_of
from shared.web.cookies import SESSION, VISIT, Jar
from shared.web.forms import read_form
from shared.web.origin import asked_path, page_before, require_same_origin, safe_path
from shared.web.sealing import proof
from shared.web.session_store import Sessions, Started

CSRF = "csrf"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks for a page. The token is to be used towards the other services on the visitor's behalf, and never shown."""

    principal: Principal | None
    token: str | None = field(default=None, repr=False)
    session: bytes | None = field(default=None, repr=False)
    """Which session it is (not its secret); None with a bearer token, and for nobody."""
    csrf: str = field(default="", repr=False)
    """What every form of a page of this visitor carries in the field `csrf`."""

    @property
    def signed_in(self) -> bool:
        """Whether we know whose rights the visitor has."""
        return self.principal is not None


@dataclass(frozen=True, slots=True)
class Post:
    """A signed-in visitor's form."""

    visitor: Visitor
    form: dict[str, str]


@dataclass(frozen=True, slots=True)
class Gate:
    """What signing in works with: the sessions, the cookies, and the public address if one is set."""

    sessions: Sessions
    public: str | None = None

    @property
    def jar(self) -> Jar:
        """The cookies, as safe as the public address allows."""
        return Jar(secure=(self.public or "").startswith("https://"))


class SignInNeeded(Exception):
    """The page is for somebody who is signed in; the application answers with the way to the sign-in page."""

    def __init__(self, path: str | None) -> None:
        super().__init__(path or "")
        self.path = path


class _State(Protocol):
    gate: Gate


def use_sessions(app: FastAPI, gate: Gate) -> None:
    """Tell an application how sessions are kept, and where those go who need one."""
    app.state.gate = gate

    async def on_needed(request: Request, error: Exception) -> Response:
        del request
        onward = safe_path(error.path) if isinstance(error, SignInNeeded) else None
        return RedirectResponse("/dang-nhap" if onward is None else f"/dang-nhap?next={quote(onward, safe='/')}", 303)

    app.add_exception_handler(SignInNeeded, on_needed)


def gate_of(request: Request) -> Gate:
    """The gate of the application that serves this request."""
    return cast("_State", request.app.state).gate


async def visitor(request: Request) -> Visitor:
    """Anyone: the bearer of a token or of a session, or nobody."""
    token = bearer_of(request)
    if token is not None:
        return Visitor(await principal_of(request, token), token, None, proof(token))
    gate = gate_of(request)
    if not gate.jar.came(request, SESSION):
        return Visitor(None)
    secret = gate.jar.read(request, SESSION)
    session = None if secret is None else await gate.sessions.find(secret)
    if secret is None or session is None:
        gate.jar.delete(request, SESSION)
        return Visitor(None)
    return Visitor(session.principal, session.token, session.hash, proof(secret))


async def signed_in(request: Request) -> Visitor:
    """A visitor whose rights are known; others are sent to the sign-in page, and back after it."""
    found = await visitor(request)
    if not found.signed_in:
        raise SignInNeeded(asked_path(request))
    return found


async def posted(request: Request) -> Post:
    """A signed-in visitor's form. May raise `Refused`: `other-site` or `form-not-yours` (403), and what `read_form` raises.

    Others come back, after signing in, to the same address if it is one of a page, else to the page that the form was on.
    """
    found = await visitor(request)
    if not found.signed_in:
        raise SignInNeeded(asked_path(request) if _is_page(request) else page_before(request, gate_of(request).public))
    require_same_origin(request, gate_of(request).public)
    form = await read_form(request)
    _require_proof(form, found.csrf)
    return Post(found, form)


async def arriving(request: Request) -> Post:
    """The form of somebody who is about to sign in. The visitor is whoever the browser was until now."""
    gate = gate_of(request)
    found = await visitor(request)
    require_same_origin(request, gate.public)
    form = await read_form(request)
    value = gate.jar.read(request, VISIT)
    _require_proof(form, "" if value is None else proof(value))
    return Post(found, form)


Visiting = Annotated[Visitor, Depends(visitor)]
SignedIn = Annotated[Visitor, Depends(signed_in)]
Posted = Annotated[Post, Depends(posted)]
Arriving = Annotated[Post, Depends(arriving)]


def arrival_proof(request: Request) -> str:
    """What a sign-in form carries in the field `csrf`; the browser gets the cookie that it belongs to."""
    jar = gate_of(request).jar
    value = jar.read(request, VISIT)
    if value is None:
        value = secrets.token_urlsafe(32)
        jar.set(request, VISIT, value)
    return proof(value)


async def enter(request: Request, before: Visitor, started: Started) -> None:
    """Give the browser its new session; the one that it had until now ends."""
    gate = gate_of(request)
    if before.session is not None:
        await gate.sessions.end(before.session)
    gate.jar.set(request, SESSION, started.secret, started.seconds)
    gate.jar.delete(request, VISIT)


async def leave(request: Request, who: Visitor) -> None:
    """End the visitor's session at once, in the database and in the browser."""
    gate = gate_of(request)
    if who.session is not None:
        await gate.sessions.end(who.session)
    gate.jar.delete(request, SESSION)


def _is_page(request: Request) -> bool:
    """Whether the address of a form's receiver answers GET too."""
    asked = {**request.scope, "method": "GET"}
    app: FastAPI = request.app
    return any(route.matches(asked)[0] is Match.FULL for route in app.router.routes)


def _require_proof(form: dict[str, str], expected: str) -> None:
    given = form.pop(CSRF, "")
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Refused(
            "form-not-yours",
            "Biểu mẫu đã cũ hoặc không thuộc phiên này; hãy tải lại trang rồi gửi lại. Trình duyệt phải cho phép cookie.",
            "The form is old or not of this session; load the page again and send it again. Cookies must be allowed.",
            status=403,
        )
