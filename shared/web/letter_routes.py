"""Dead letters over HTTP, for operators only: what a view could not read, its raw bytes, and reading it again in order.

Guarantees that reading again takes the same way as the page of sources. Refuses (404) a view or a letter that is not here, and
who is no operator (403): a letter names a stream, which may be a club's.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.kafka.headers import Coordinates
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.projections import letters
from shared.projections.view import View
from shared.web.access import Operator
from shared.web.body import json_body
from shared.web.problems import refused_by
from shared.web.questions import Limit


class LetterAnswer(BaseModel):
    """A parked event (sự kiện để riêng). `poison`: it is itself the bad one; otherwise it waits behind one of its stream."""

    view: str
    source: str
    lane: int
    position: int
    stream: str
    poison: bool
    reason: str
    topic: str
    partition: int
    kafka_offset: int
    bytes: int | None
    parked_at: datetime


class WholeLetter(LetterAnswer):
    """With what came from Kafka, byte for byte: `value` as base64, and as text where it is UTF-8."""

    key: str | None
    headers: list[tuple[str, str | None]]
    value: str | None
    text: str | None


class LettersAnswer(BaseModel):
    """The letters of a view, the oldest first."""

    letters: list[LetterAnswer]


class Again(BaseModel):
    """Which stream to read again."""

    model_config = ConfigDict(extra="forbid")

    stream: Annotated[str, Field(min_length=1, max_length=120)]


class AgainAnswer(BaseModel):
    """How many events were applied, how many still wait, and why the first of those fails."""

    applied: int
    waiting: int
    reason: str | None


def router(pool: Pool, views: Sequence[View]) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/projections/{view}", tags=["letters"])
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": Again.model_json_schema()}}}}

    @routes.get("/letters")
    async def listing(
        principal: Operator,
        view: str,
        stream: Annotated[str | None, Query(max_length=120)] = None,
        limit: Limit = 100,
    ) -> LettersAnswer:
        """What the view could not read, and what waits behind it."""
        del principal
        letters.view_named(views, view)
        async with pool.acquire() as connection:
            rows = await letters.listed(connection, view, stream=stream, limit=limit)
        return LettersAnswer(letters=[LetterAnswer(view=view, **row) for row in rows])

    @routes.get("/letters/{source}/{lane}/{position}")
    async def one(principal: Operator, view: str, source: str, lane: int, position: int) -> WholeLetter:
        """One letter with its bytes and headers."""
        del principal
        letters.view_named(views, view)
        row = None
        if 0 <= lane < 2**15 and 0 <= position < 2**63:
            async with pool.acquire() as connection:
                row = await letters.letter(connection, view, Coordinates(source, lane, position))
        if row is None:
            raise _no_letter()
        return _whole(row)

    @routes.post("/letters:replay", openapi_extra=body)
    async def again(request: Request, principal: Operator, view: str) -> AgainAnswer:
        """Read a stream's letters again, in order, up to the first that still fails."""
        del principal
        try:
            wish = Again.model_validate(await json_body(request))
        except ValidationError as error:
            raise refused_by(error) from None
        done = await letters.read_again(pool, letters.view_named(views, view), wish.stream)
        return AgainAnswer(applied=done.applied, waiting=done.waiting, reason=done.reason)

    _ = (listing, one, again)
    return routes


def _whole(row: Any) -> WholeLetter:
    plain = {name: row[name] for name in LetterAnswer.model_fields}
    value: bytes | None = row["value"]
    headers = [
        (name, None if text is None else text.decode("utf-8", "backslashreplace"))
        for name, text in zip(row["header_names"], row["header_values"], strict=True)
    ]
    return WholeLetter(
        **plain,
        key=None if row["key"] is None else row["key"].decode("utf-8", "backslashreplace"),
        headers=headers,
        value=None if value is None else base64.b64encode(value).decode(),
        text=_text(value),
    )


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _no_letter() -> Refused:
    return Refused(
        "unknown-letter",
        "Không có sự kiện nào để riêng ở vị trí này; xem ./clb letters list.",
        "No event is parked at this position; see ./clb letters list.",
        status=404,
    )
