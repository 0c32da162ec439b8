"""Requests for refills: a reader lacks a lane's events after a position and asks their service for them.

Reading is strict: whatever is not a request is None, so that a record of anybody's can do no harm. Old requests are not read:
who still lacks something asks again.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from shared.kafka.identity import Lasting
from shared.kafka.record import Outgoing
from shared.kafka.topics import refills_topic
from shared.kernel.lanes import LANES

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refill:
    """Publish a lane again from the store, after a position. `by` says who asks, for the log."""

    source: str
    lane: int
    after: int
    by: str
    contested: int | None = None
    """A position at which the reader has two records that follow, or one that the log has not: which is the log's?"""
    taken: str | None = None
    """The hash that the reader has taken at the contested position, in hexadecimal digits."""
    sign: bool = False
    """The reader wants a fresh signed checkpoint: it is at a gap, or ahead of the newest signed head."""

    def record(self) -> Outgoing:
        """As it is published."""
        value: dict[str, Any] = {"after": self.after, "by": self.by, "lane": self.lane, "source": self.source}
        if self.contested is not None:
            value |= {"contested": self.contested, "taken": self.taken}
        if self.sign:
            value["sign"] = True
        return Outgoing(refills_topic(self.source), 0, b"%d" % self.lane, json.dumps(value, sort_keys=True).encode(), [])


def read_refill(value: bytes | None) -> Refill | None:
    """The request of a record, None if it is none."""
    try:
        found: Any = json.loads(value or b"")
        lane, after, contested = found["lane"], found["after"], found.get("contested")
        refill = Refill(
            str(found["source"]),
            lane,
            after,
            str(found["by"])[:100],
            contested,
            _hash(found.get("taken")),
            found.get("sign") is True,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    whole = type(lane) is int and type(after) is int
    asked = contested is None or (type(contested) is int and 1 <= contested < 2**62)
    return refill if whole and asked and 0 <= refill.lane < LANES and 0 <= refill.after < 2**62 else None


def _hash(text: object) -> str | None:
    return text if isinstance(text, str) and re.fullmatch(r"[0-9a-f]{64}", text) else None


class Requests:
    """Listens for the requests to one service, from now on. Blocks; call it in a thread."""

    def __init__(self, bootstrap: str, source: str) -> None:
        self._source = source
        self._bootstrap = bootstrap
        self._lasting: Lasting | None = None
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"{source}.refills",
                "enable.auto.commit": False,
                "reconnect.backoff.max.ms": 1000,
                "log_level": 2,
            },
            logger=log,
        )
        self._consumer.assign([TopicPartition(refills_topic(source), 0, OFFSET_END)])

    def waiting(self, seconds: float) -> list[Refill]:
        """The requests that have come, after a short wait for the first. May raise one of `BROKER_FAILURES`."""
        found: list[Refill] = []
        for message in self._consumer.consume(200, seconds):
            refill = None if message.error() else read_refill(message.value())
            if refill is not None and refill.source == self._source:
                found.append(refill)
        return found

    def over(self) -> bool:
        """Whether the topic was made anew, so that another listener is needed. May raise one of `BROKER_FAILURES`."""
        if self._lasting is None:
            self._lasting = Lasting(self._bootstrap, [(refills_topic(self._source), 0)])
        return self._lasting.over()

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()
