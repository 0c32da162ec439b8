"""Where one event stands: its place in the store, and how far the relay has carried its lane to Kafka.

The data flow is never hidden; the event's data are not shown here. An event of a club is seen by the holders of a token of
the club's area, any other by the holder of any token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter
from pydantic import BaseModel

from shared.eventlog.log import Log
from shared.kernel.authority import require_area
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.lanes import partition_of
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.web.access import Holder

Relayed = Callable[[int], Awaitable[int]]
"""The last position of a lane that Kafka has acknowledged."""


class EventAnswer(BaseModel):
    """The coordinates of one event (toạ độ của một sự kiện)."""

    source: str
    event_id: str
    type: str
    schema_version: int
    stream: str
    version: int
    lane: int
    position: int
    recorded_at: datetime
    command_id: str
    actor: str
    hash: str
    topic: str
    partition: int
    relayed: bool
    relay_position: int


def router(log: Log, places: PlaceBook, relayed: Relayed, partitions: int) -> APIRouter:
    """The one route."""
    routes = APIRouter(prefix="/v1", tags=["events"])

    @routes.get("/events/{event_id}")
    async def event(principal: Holder, event_id: UUID) -> EventAnswer:
        """One event by its id."""
        recorded = await log.event(str(event_id))
        if recorded is None:
            raise unknown_event()
        commune = _commune((await log.load([recorded.stream]))[recorded.stream])
        if commune is not None:
            require_area(principal, commune, places)
        carried = await relayed(recorded.lane)
        return EventAnswer(
            source=recorded.source,
            event_id=recorded.event_id,
            type=recorded.type,
            schema_version=recorded.schema_version,
            stream=recorded.stream,
            version=recorded.version,
            lane=recorded.lane,
            position=recorded.position,
            recorded_at=recorded.recorded_at,
            command_id=recorded.command_id,
            actor=recorded.actor,
            hash=recorded.hash.hex(),
            topic=f"{recorded.source}.events",
            partition=partition_of(recorded.lane, partitions),
            relayed=carried >= recorded.position,
            relay_position=carried,
        )

    _ = event
    return routes


def unknown_event() -> Refused:
    """No service has such an event."""
    return Refused(
        "unknown-event",
        "Không có sự kiện nào mang mã này; mã sự kiện có trong câu trả lời của mỗi lệnh.",
        "There is no event with this id; the answer of each command names its events.",
        status=404,
    )


def _commune(events: Sequence[Recorded]) -> PlaceRef | None:
    """The commune that a stream's last event about it names; None for a stream that is no commune's."""
    for event in reversed(events):
        data: Any = orjson.loads(event.data)
        if "commune" in data:
            return PlaceRef.model_validate(data["commune"])
    return None
