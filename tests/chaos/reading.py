"""Topics as they are, read from their beginning by kafka-python, which shares no code with the product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition


def records_of(bootstrap: str, topic: str) -> Iterator[Any]:
    """Every record up to the present end, each partition in order. May raise what kafka-python raises. Blocks."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        if not parts:
            return
        consumer.assign(parts)
        ends = consumer.end_offsets(parts)
        consumer.seek_to_beginning(*parts)
        while any(consumer.position(part) < ends[part] for part in parts):
            for records in consumer.poll(timeout_ms=1000, max_records=2000).values():
                yield from records
    finally:
        consumer.close()


def id_of(record: Any) -> str:
    """The event's id that a record carries; empty without one."""
    return (dict(record.headers).get("ce_id") or b"").decode(errors="replace")
