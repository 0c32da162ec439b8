"""How a trace is found again without being stored: the 128 bits of a command's id are its trace id (record 0014).

Guarantees that every process which knows the id of a command or of an event knows the trace and the spans that others made for
it, so that nothing travels or is stored for the sake of tracing. Pure. Refuses a `traceparent` that W3C Trace Context refuses.
"""

from __future__ import annotations

import re
import secrets
from hashlib import blake2b
from typing import Final, NamedTuple
from uuid import UUID

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Point(NamedTuple):
    """A span, from afar: its trace, itself, and whether it is recorded."""

    trace: int
    span: int
    sampled: bool = True

    def traceparent(self) -> str:
        """As W3C Trace Context writes it."""
        return f"00-{self.trace:032x}-{self.span:016x}-{'01' if self.sampled else '00'}"


def trace_of(command_id: str) -> int:
    """The trace of a command: the number that its id is. May raise `ValueError` for what is no UUID."""
    return UUID(command_id).int or 1  # the nil UUID is a valid command id and no valid trace id


def command_span(command_id: str) -> int:
    """The span in which a command was handled for the first time."""
    return _span("command", command_id)


def append_span(command_id: str) -> int:
    """The span in which a command was stored."""
    return _span("append", command_id)


def publish_span(event_id: str) -> int:
    """The span in which an event was published; published twice it is the same span twice."""
    return _span("publish", event_id)


def published(command_id: str, event_id: str, *, sampled: bool = True) -> Point:
    """What a reader of an event continues from."""
    return Point(trace_of(command_id), publish_span(event_id), sampled)


def fresh(trace: int | None = None) -> Point:
    """A span that nobody has made, in a new trace if none is given."""
    return Point(trace or secrets.randbits(128) or 1, secrets.randbits(64) or 1)


def parse(traceparent: str | None) -> Point | None:
    """The caller's span, or None if there is none that can be read."""
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent and len(traceparent) <= 200 else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    return Point(trace, span, bool(int(found[4], 16) & 1)) if trace and span else None


def _span(what: str, identity: str) -> int:
    return int.from_bytes(blake2b(f"{what}:{identity.lower()}".encode(), digest_size=8).digest()) or 1
