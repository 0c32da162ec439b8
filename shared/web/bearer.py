"""The bearer token of a request: read strictly, and asked after on every request.

Guarantees that a header which is there twice, is of another scheme or has no token in it is refused, never guessed at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from fastapi import FastAPI, Request

from shared.kernel.errors import Refused
from shared.kernel.principal import Principal

Authenticate = Callable[[str], Awaitable[Principal]]
"""From a token's text to its principal. May raise `Refused` with 401."""


class _State(Protocol):
    authenticate: Authenticate


def use_tokens(app: FastAPI, authenticate: Authenticate) -> None:
    """Tell an application how tokens are checked."""
    app.state.authenticate = authenticate


async def principal_of(request: Request, token: str) -> Principal:
    """Whose token it is. May raise `Refused` (401)."""
    return await cast("_State", request.app.state).authenticate(token)


def bearer_of(request: Request) -> str | None:
    """The token that a request brings in its header, or None. May raise `Refused` (401): `token-malformed`."""
    values = request.headers.getlist("authorization")
    if not values:
        return None
    scheme, _, token = values[0].partition(" ")
    token = token.strip()
    if len(values) > 1 or scheme.lower() != "bearer" or not token or len(token) > 200 or not token.isascii():
        raise Refused(
            "token-malformed",
            "Tiêu đề Authorization phải có dạng `Bearer <mã>`.",
            "The Authorization header must have the form `Bearer <token>`.",
            status=401,
        )
    return token
