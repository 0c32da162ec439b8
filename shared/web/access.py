"""Who is asking: exactly one access dependency on every route, and a list of the routes that forgot it.

`anyone` reads what is public; `holder` needs a token that is valid now; `operator` needs an operator's token. Pages have the
four of `shared.web.sessions`, which know cookies too; the API knows none. A token that is wrong, expired or revoked is refused
everywhere with 401, also on public routes: a typing mistake is not a stranger. Nothing is remembered between requests, so a
revocation takes effect at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from shared.kernel.errors import Refused
from shared.kernel.principal import Principal
from shared.web.bearer import bearer_of, principal_of
from shared.web.sessions import arriving, posted, signed_in, visitor


async def anyone(request: Request) -> Principal | None:
    """Public: with a token its principal, without one None."""
    token = bearer_of(request)
    return None if token is None else await principal_of(request, token)


async def holder(request: Request) -> Principal:
    """The principal of a valid token; `token-missing` (401) without one."""
    principal = await anyone(request)
    if principal is None:
        raise Refused(
            "token-missing",
            "Cần mã truy cập: gửi tiêu đề `Authorization: Bearer <mã>`.",
            "This needs a token: send the header `Authorization: Bearer <token>`.",
            status=401,
        )
    return principal


async def operator(request: Request) -> Principal:
    """The principal of an operator's token; `not-your-role` (403) for another's."""
    principal = await holder(request)
    if principal.role != "operator":
        raise Refused(
            "not-your-role",
            "Việc này dành cho người vận hành hệ thống.",
            "This is for the operator of the system.",
            status=403,
        )
    return principal


Anyone = Annotated[Principal | None, Depends(anyone)]
Holder = Annotated[Principal, Depends(holder)]
Operator = Annotated[Principal, Depends(operator)]

ACCESS: tuple[Callable[..., object], ...] = (anyone, holder, operator, visitor, signed_in, posted, arriving)


def access_of(route: RouteContext) -> tuple[str, ...]:
    """The names of the access dependencies that a route declares; a route that is right has exactly one."""
    if not isinstance(route.original_route, APIRoute):
        return ()
    return tuple(call.__name__ for call in _calls(cast("Dependant", route.dependant)) if call in ACCESS)


def routes_of(app: FastAPI) -> Iterator[RouteContext]:
    """Every route of an application, those of included routers too; a mounted application is one route without access."""
    return iter_route_contexts(app.routes)


def routes_without_access(app: FastAPI) -> list[str]:
    """Every route that does not pass exactly one access dependency, as `METHOD /path`. A test wants this empty."""
    return [describe(route) for route in routes_of(app) if len(access_of(route)) != 1]


def describe(route: RouteContext) -> str:
    """`GET /v1/progress`; a mounted application by its class."""
    methods = ",".join(sorted(route.methods or ())) or type(route.original_route).__name__
    return f"{methods} {route.path}"


def _calls(dependant: Dependant) -> Iterator[Callable[..., object]]:
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from _calls(inner)
