"""Tokens over HTTP: issue, list and revoke, for operators only; and who the bearer of one is."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel

from shared.kernel.principal import Role, Side
from shared.web.access import Holder, Operator
from shared.web.body import json_body
from shared.web.problems import refused_by
from shared.web.tokens import TokenAnswer, Tokens, TokenWish


class TokenList(BaseModel):
    """Every token ever issued."""

    tokens: list[TokenAnswer]


class Bearer(BaseModel):
    """Who the bearer of a token is to the system."""

    token: str
    role: Role
    area: str
    side: Side


TokenId = Annotated[str, Path(pattern=r"^t-[0-9a-z-]{1,40}$")]


def wish_of(body: Any) -> TokenWish:
    """What a body asks for. May raise `Refused`."""
    try:
        return TokenWish.model_validate(body)
    except pydantic.ValidationError as error:
        raise refused_by(error) from None


def router(tokens: Tokens) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", tags=["tokens"])
    schema = TokenWish.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

    @routes.post("/tokens", status_code=201, openapi_extra=body)
    async def issue(request: Request, principal: Operator) -> TokenAnswer:
        """Issue a token; it is shown in this answer and never again."""
        del principal
        return await tokens.issue(wish_of(await json_body(request)))

    @routes.get("/tokens")
    async def listing(principal: Operator) -> TokenList:
        """Every token ever issued, without the tokens themselves."""
        del principal
        return TokenList(tokens=await tokens.all())

    @routes.delete("/tokens/{identity}")
    async def revoke(principal: Operator, identity: TokenId) -> TokenAnswer:
        """Revoke a token at once and for ever."""
        del principal
        return await tokens.revoke(identity)

    @routes.get("/me")
    async def bearer(principal: Holder) -> Bearer:
        """What this token may do: its role, area and side."""
        return Bearer(token=principal.token, role=principal.role, area=principal.area.key, side=principal.side)

    _ = (issue, listing, revoke, bearer)
    return routes
