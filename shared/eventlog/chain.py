"""The hash chain of a lane: `hash = sha256(hash before || canonical bytes)`, event by event.

So the 64 lane heads prove every event behind them, and checking needs no batch boundaries. The bytes are those that
`sql/canonical.sql` builds, and those that stand in a record's headers: the format, then one line a field, the data last. No
field but the data holds a line break (the table checks it), so two different events never have the same bytes. Refuses to
repair: it only says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from shared.eventlog.records import LaneHead, LogIdentity
from shared.kernel.envelope import FORMAT, Recorded
from shared.kernel.lanes import lane_of


class ChainBroken(Exception):
    """An event is not what its lane's chain says: it was changed, removed or put in afterwards."""

    def __init__(self, lane: int, position: int, reason: str) -> None:
        super().__init__(f"lane {lane}, position {position}: {reason}")
        self.lane = lane
        self.position = position
        self.reason = reason


def time_text(instant: datetime) -> str:
    """A recorded time as it is hashed and published: UTC, to the microsecond, always 27 characters."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def canonical(event: Recorded, deployment: str) -> bytes:
    """The bytes of an event that its hash covers: everything that is recorded of it."""
    return (
        f"{FORMAT}\n/{deployment}/{event.source}\n{event.lane}\n{event.position}\n{event.stream}\n{event.version}\n"
        f"{event.event_id}\n{event.type}\n{event.schema_version}\n{time_text(event.recorded_at)}\n{event.command_id}\n"
        f"{event.fingerprint.hex()}\n{event.actor}\n{event.origin}\n{event.data}"
    ).encode()


def link(before: bytes, event: Recorded, deployment: str) -> bytes:
    """The hash of an event that follows the event with the hash `before`."""
    return sha256(before + canonical(event, deployment)).digest()


def verify(
    events: Iterable[Recorded], identity: LogIdentity, head: LaneHead | None = None, *, after: LaneHead | None = None
) -> LaneHead | None:
    """Check the events of one lane, in order, from the lane's start or from the head `after`, up to `head`.

    Returns the head that the events lead to (`after` if there are none). May raise `ChainBroken`.
    """
    reached = after
    for event in events:
        position = reached.position + 1 if reached else 1
        if event.position != position:
            raise ChainBroken(event.lane, position, f"missing: position {event.position} comes next")
        if event.lane != lane_of(event.stream):
            raise ChainBroken(event.lane, position, f"stream {event.stream} belongs to lane {lane_of(event.stream)}")
        if reached and (event.lane != reached.lane or event.recorded_at < reached.last_at):
            raise ChainBroken(event.lane, position, "another lane, or a time before that of the event before it")
        if event.hash != link(reached.hash if reached else identity.genesis(event.lane), event, identity.deployment):
            raise ChainBroken(event.lane, position, "the event is not the one that was recorded: its hash differs")
        reached = LaneHead(event.lane, event.position, event.hash, event.recorded_at)
    begun = (reached.position, reached.hash) if reached else (0, identity.genesis(head.lane) if head else b"")
    if head is not None and (head.position, head.hash) != begun:
        raise ChainBroken(head.lane, head.position, "the head of the lane is not where its events lead")
    return reached
