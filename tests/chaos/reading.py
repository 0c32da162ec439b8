"""Topics as they are, read from their beginning by kafka-python, which shares no code with the product."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

_ATTEMPTS = 3
_PATIENCE = 15.0


def records_of(bootstrap: str, topic: str) -> list[Any]:
    """Every record up to the present end, each partition in order. May raise what kafka-python raises, and `TimeoutError`.
    Blocks."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(TimeoutError, KafkaError):
            return _read(bootstrap, topic)
    return _read(bootstrap, topic)


def _read(bootstrap: str, topic: str) -> list[Any]:
    consumer = consumer_of(bootstrap)
    try:
        parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        if not parts:
            raise TimeoutError(f"{topic} is not there")
        consumer.assign(parts)
        ends = consumer.end_offsets(parts)
        consumer.seek_to_beginning(*parts)
        return list(until(consumer, ends))
    finally:
        consumer.close()


def consumer_of(bootstrap: str) -> Any:
    """One that does not wait for ever for a broker that is away."""
    return KafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest", bootstrap_timeout_ms=8000
    )


def until(consumer: Any, ends: Mapping[TopicPartition, int]) -> Iterator[Any]:
    """The records up to these ends. May raise `TimeoutError` when nothing comes any more."""
    moved = time.monotonic()
    while any(consumer.position(part, timeout_ms=10_000) < end for part, end in ends.items()):
        for records in consumer.poll(timeout_ms=500, max_records=2000).values():
            yield from records
            moved = time.monotonic()
        if time.monotonic() - moved > _PATIENCE:
            raise TimeoutError("no more records come, though the topic does not end here")


def id_of(record: Any) -> str:
    """The event's id that a record carries; empty without one."""
    return (dict(record.headers).get("ce_id") or b"").decode(errors="replace")
