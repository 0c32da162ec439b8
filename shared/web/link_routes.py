"""`POST /v1/links`: the holder of a token makes a one-time link that signs a browser in with the same rights."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pydantic
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from shared.web.access import Holder
from shared.web.bearer import bearer_of
from shared.web.body import json_body
from shared.web.links import Links
from shared.web.problems import refused_by


class LinkWish(BaseModel):
    """What a link should be."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hours: int = Field(default=24, ge=1, le=168)
    """For how long it works, if nobody uses it."""


class LinkAnswer(BaseModel):
    """A new link; its code is in this answer and never again."""

    code: str
    path: str
    expires_at: datetime


def router(links: Links) -> APIRouter:
    """The route."""
    routes = APIRouter(prefix="/v1", tags=["links"])
    schema = LinkWish.model_json_schema()
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

    @routes.post("/links", status_code=201, openapi_extra=body)
    async def make(request: Request, principal: Holder) -> LinkAnswer:
        """Make a one-time link of the token's own rights; it works once."""
        del principal
        wish = _wish(await json_body(request))
        token = bearer_of(request) or ""
        link = await links.make(token, timedelta(hours=wish.hours))
        return LinkAnswer(code=link.code, path=link.path, expires_at=link.expires_at)

    _ = make
    return routes


def _wish(body: Any) -> LinkWish:
    try:
        return LinkWish.model_validate(body)
    except pydantic.ValidationError as error:
        raise refused_by(error) from None
