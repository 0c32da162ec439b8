"""Where events stand: their place in the store, how far the relay has carried their lane to Kafka, and what they said.

The data flow is never hidden. An event of a club is seen by the holders of a token of the club's area, any other by the holder
of any token; its data (which hold no personal data: no event does) are left out where they name clubs of another's area. What
names a club and no place at all is seen by the holders of nation-wide tokens.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel

from shared.eventlog.log import Log
from shared.events.common import StreamId
from shared.kernel.authority import holds_area, require_area
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.lanes import partition_of
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Principal
from shared.web.access import Holder
from shared.web.questions import Limit

Relayed = Callable[[int], Awaitable[int]]
"""The last position of a lane that Kafka has acknowledged."""

_NAMING = ("club", "clubs", "clubs_visited", "provisional_boards")
"""The fields by which data name clubs or boards."""


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
    data: dict[str, Any] | None
    """What it said, as stored; None where its stream names clubs and the asker holds no token of all its places."""


class StreamEvents(BaseModel):
    """The events of one stream, the newest first; `next_before` is the `before` of the page that follows."""

    stream: str
    events: list[EventAnswer]
    next_before: int | None


def router(log: Log, places: PlaceBook, relayed: Relayed, partitions: int) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", tags=["events"])

    async def answers(principal: Principal, stream: Sequence[Recorded], wanted: Sequence[Recorded]) -> list[EventAnswer]:
        """Some events of a stream, with the rights of whoever asks. May raise `Refused`."""
        facts = [orjson.loads(event.data) for event in stream]
        commune = next((each["commune"] for each in reversed(facts) if "commune" in each), None)
        if commune is not None:
            require_area(principal, PlaceRef.model_validate(commune), places)
        shown = commune is not None or not any(map(_names_clubs, facts)) or _holds_all(principal, facts, places)
        if not shown and not any(map(_placed, facts)):
            _require_nation(principal, places)
            shown = True
        carried = await relayed(wanted[0].lane)
        return [
            EventAnswer(
                source=event.source,
                event_id=event.event_id,
                type=event.type,
                schema_version=event.schema_version,
                stream=event.stream,
                version=event.version,
                lane=event.lane,
                position=event.position,
                recorded_at=event.recorded_at,
                command_id=event.command_id,
                actor=event.actor,
                hash=event.hash.hex(),
                topic=f"{event.source}.events",
                partition=partition_of(event.lane, partitions),
                relayed=carried >= event.position,
                relay_position=carried,
                data=orjson.loads(event.data) if shown else None,
            )
            for event in wanted
        ]

    @routes.get("/events/{event_id}")
    async def event(principal: Holder, event_id: UUID) -> EventAnswer:
        """One event by its id."""
        recorded = await log.event(str(event_id))
        if recorded is None:
            raise unknown_event()
        stream = (await log.load([recorded.stream]))[recorded.stream]
        (found,) = await answers(principal, stream, [recorded])
        return found

    @routes.get("/streams/{stream}/events")
    async def events(
        principal: Holder,
        stream: StreamId,
        before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only events before this version")] = None,
        limit: Limit = 50,
    ) -> StreamEvents:
        """What was recorded in one stream: of a club, a round, an inspection, a target, a declared figure."""
        recorded = (await log.load([stream]))[stream]
        if not recorded:
            raise _unknown_stream()
        earlier = [each for each in reversed(recorded) if before is None or each.version < before]
        found = await answers(principal, recorded, earlier[:limit]) if earlier else []
        return StreamEvents(
            stream=stream, events=found, next_before=found[-1].version if found and len(earlier) > limit else None
        )

    _ = (event, events)
    return routes


def unknown_event() -> Refused:
    """No service has such an event."""
    return Refused(
        "unknown-event",
        "Không có sự kiện nào mang mã này; mã sự kiện có trong câu trả lời của mỗi lệnh.",
        "There is no event with this id; the answer of each command names its events.",
        status=404,
    )


def _unknown_stream() -> Refused:
    return Refused(
        "unknown-stream",
        "Không có dòng sự kiện nào mang tên này.",
        "There is no stream of events with this name.",
        status=404,
        field="stream",
    )


def _names_clubs(facts: Any) -> bool:
    """Whether an event's data name a club or a board, at any depth."""
    if isinstance(facts, dict):
        named = cast("dict[str, Any]", facts)
        return any(named.get(name) for name in _NAMING) or any(map(_names_clubs, named.values()))
    return isinstance(facts, list) and any(map(_names_clubs, cast("list[Any]", facts)))


def _holds_all(principal: Principal, facts: Sequence[Any], places: PlaceBook) -> bool:
    """Whether all places of a stream, as last named, lie in the asker's area; of a stream without places: no."""
    last = next((found for each in reversed(facts) if (found := tuple(_places(each)))), ())
    return bool(last) and all(holds_area(principal, place, places) for place in last)


def _placed(facts: Any) -> bool:
    """Whether an event says of which places it is."""
    return next(_places(facts), None) is not None


def _require_nation(principal: Principal, places: PlaceBook) -> None:
    """Let those see a club's events who may see every club's; it is not known where this one lies."""
    if not holds_area(principal, NATION, places):
        raise Refused(
            "not-your-area",
            "Các sự kiện này nói về một câu lạc bộ mà không nói nó ở đâu; chỉ mã truy cập toàn quốc xem được.",
            "These events are about a club and do not say where it is; only nation-wide tokens may see them.",
            status=403,
        )


def _places(facts: Any) -> Iterator[PlaceRef]:
    """The places that an event is about."""
    for each in (facts.get("place"), facts.get("area"), *facts.get("places", ())):
        if each is not None:
            yield PlaceRef.model_validate(each)
