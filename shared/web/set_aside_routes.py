"""Records on Kafka that no reader of this service believed, for operators: listed, and read with their bytes.

Refuses (404) what was not set aside, and (403) who is no operator: a record may name a club. It changes nothing: what was set
aside stays so.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.projections import set_aside
from shared.web.access import Operator
from shared.web.questions import Limit


class SetAsideAnswer(BaseModel):
    """A record that was not believed (bản ghi để ngoài). `hash` is what it carries; `stands_hash` and `stands_offset` are of
    the record that stands in its place, or before it, as far as that is known."""

    topic: str
    partition: int
    kafka_offset: int
    kind: Literal["unroutable", "unlinked", "fork", "ruled-out", "beyond"]
    reason: str
    source: str | None
    lane: int | None
    position: int | None
    hash: str | None
    stands_hash: str | None
    stands_offset: int | None
    bytes: int | None
    seen_at: datetime


class WholeSetAside(SetAsideAnswer):
    """With what came from Kafka, byte for byte: `value` as base64, and as text where it is UTF-8."""

    key: str | None
    headers: list[tuple[str, str | None]]
    value: str | None
    text: str | None


class SetAsideList(BaseModel):
    """The newest first; `counts` are of all there are, by kind."""

    records: list[SetAsideAnswer]
    counts: dict[str, int]


def router(pool: Pool) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/set-aside", tags=["set-aside"])

    @routes.get("")
    async def listing(
        principal: Operator, source: Annotated[str | None, Query(max_length=60)] = None, limit: Limit = 100
    ) -> SetAsideList:
        """What this service's readers did not believe."""
        del principal
        async with pool.acquire() as connection:
            rows = await set_aside.listed(connection, limit, source)
            counts = await set_aside.counted(connection)
        return SetAsideList(records=[SetAsideAnswer(**row) for row in rows], counts=counts)

    @routes.get("/{topic}/{partition}/{offset}")
    async def one(
        principal: Operator,
        topic: Annotated[str, Path(max_length=249)],
        partition: Annotated[int, Path(ge=0, lt=2**31)],
        offset: Annotated[int, Path(ge=0, lt=2**63)],
    ) -> WholeSetAside:
        """One record with its bytes and headers."""
        del principal
        async with pool.acquire() as connection:
            row = await set_aside.one(connection, topic, partition, offset)
        if row is None:
            raise Refused(
                "unknown-record",
                "Không có bản ghi nào để ngoài ở vị trí này; xem ./clb set-aside list.",
                "No record at this place was set aside; see ./clb set-aside list.",
                status=404,
            )
        return _whole(row)

    _ = (listing, one)
    return routes


def _whole(row: Any) -> WholeSetAside:
    value: bytes | None = row["value"]
    return WholeSetAside(
        **{name: row[name] for name in SetAsideAnswer.model_fields},
        key=_shown(row["key"]),
        headers=[(name, _shown(text)) for name, text in zip(row["header_names"], row["header_values"], strict=True)],
        value=None if value is None else base64.b64encode(value).decode(),
        text=_text(value),
    )


def _shown(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
