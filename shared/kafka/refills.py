"""A request for a refill as a record: a reader lacks a lane's events after a position and asks their service for them.

Reading is strict: whatever is not a request is None, so that a record of anybody's can do no harm.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shared.kafka.record import Outgoing
from shared.kafka.topics import refills_topic
from shared.kernel.lanes import LANES


@dataclass(frozen=True, slots=True)
class Refill:
    """Publish a lane again from the store, after a position. `by` says who asks, for the log."""

    source: str
    lane: int
    after: int
    by: str

    def record(self) -> Outgoing:
        """As it is published."""
        value = {"after": self.after, "by": self.by, "lane": self.lane, "source": self.source}
        return Outgoing(refills_topic(self.source), 0, b"%d" % self.lane, json.dumps(value, sort_keys=True).encode(), [])


def read_refill(value: bytes | None) -> Refill | None:
    """The request of a record, None if it is none."""
    try:
        found: Any = json.loads(value or b"")
        lane, after = found["lane"], found["after"]
        refill = Refill(str(found["source"]), lane, after, str(found["by"])[:100])
    except (ValueError, TypeError, KeyError):
        return None
    whole = type(lane) is int and type(after) is int
    return refill if whole and 0 <= refill.lane < LANES and 0 <= refill.after < 2**62 else None
