"""Finds one event in its topic through kafka-python, which shares no code with the client that put it there.

A lane's events stand in order in their partition, so the event at position n of its lane is never before offset n - 1, and
reading starts there. Blocks; call it in a thread.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# kafka-python has no types; what comes from it is turned into our own in this one function.

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from kafka import KafkaConsumer
from kafka.structs import TopicPartition


@dataclass(frozen=True, slots=True)
class Found:
    """Where a record stands and what its headers say of it."""

    topic: str
    partition: int
    offset: int
    written_at: datetime
    size: int
    hash: str
    """The hash that the record carries; equal to the store's unless somebody changed one of the two."""


def find(bootstrap: str, topic: str, partition: int, event_id: str, position: int, *, seconds: float = 30.0) -> Found | None:
    """The first record of an event, or None if the partition holds none up to its end."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, client_id="clb-find")
    try:
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        first, end = consumer.beginning_offsets([where])[where], consumer.end_offsets([where])[where]
        consumer.seek(where, max(first, min(position - 1, end)))
        deadline = time.monotonic() + seconds
        while (consumer.position(where) or 0) < end and time.monotonic() < deadline:
            for record in consumer.poll(timeout_ms=500, max_records=2000).get(where, ()):
                headers = dict(record.headers or ())
                if headers.get("ce_id") == event_id.encode():
                    written = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                    carried = (headers.get("ce_hash") or b"").decode("ascii", "replace")
                    return Found(topic, partition, record.offset, written, len(record.value or b""), carried)
        return None
    finally:
        consumer.close()
