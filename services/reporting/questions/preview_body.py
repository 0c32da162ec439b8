"""The body of a preview: events that a service says it would record, as if they were delivered. Refuses what is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import pydantic
from pydantic import BaseModel, Field

from shared.events.common import StreamId
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.event import EventCodec, Undecodable, UnknownEventType
from shared.kernel.lanes import lane_of
from shared.projections.view import Delivered

MOST_EVENTS = 2000


class PreviewEvent(BaseModel, extra="ignore"):
    """An event that is not recorded yet."""

    source: Annotated[str, Field(pattern=r"^[a-z]{1,40}$")]
    stream: StreamId
    type: Annotated[str, Field(max_length=120)]
    schema_version: Annotated[int, Field(ge=1, le=1000)]
    data: dict[str, Any]
    recorded_at: datetime | None = None


class PreviewBody(BaseModel, extra="forbid"):
    """Events in the order in which they would be recorded."""

    events: Annotated[list[PreviewEvent], Field(max_length=MOST_EVENTS)]


def deliver(body: object, codec: EventCodec, now: datetime) -> Sequence[Delivered]:
    """The events, decoded; types that the ledger does not read are left out. May raise `Refused` (`not-an-event`)."""
    try:
        wished = PreviewBody.model_validate(body)
    except pydantic.ValidationError as error:
        raise _no_event(error.errors()[0]["loc"]) from None
    delivered: list[Delivered] = []
    for index, each in enumerate(wished.events):
        data = pydantic.TypeAdapter(dict[str, Any]).dump_json(each.data).decode()
        try:
            event = codec.decode(each.type, each.schema_version, data)
        except UnknownEventType:
            continue
        except Undecodable:
            raise _no_event(("events", index, "data")) from None
        recorded = Recorded(
            source=each.source, lane=lane_of(each.stream), position=-index - 1, stream=each.stream, version=index + 1,
            event_id=f"preview-{index}", type=each.type, schema_version=each.schema_version,
            recorded_at=each.recorded_at or now, command_id="", actor="", data=data, hash=b"", fingerprint=b"",
        )  # fmt: skip
        delivered.append(Delivered(recorded, event))
    return delivered


def _no_event(where: Sequence[int | str]) -> Refused:
    return Refused(
        "not-an-event",
        "Không phải sự kiện mà hệ thống biết; mỗi sự kiện có source, stream, type, schema_version, data.",
        "Not an event that this system knows; each has source, stream, type, schema_version and data.",
        field=".".join(str(part) for part in where),
    )
