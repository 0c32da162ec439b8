"""The records that stand at given offsets, for who wants to know whether what was published is still there.

Guarantees that an offset whose record is there is answered, or that it fails: silence is never taken for an absent record.
Blocks; call it in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, TopicPartition

from shared.kafka.consumer import received
from shared.kafka.record import Received


def records_at(bootstrap: str, topic: str, offsets: Mapping[int, int], *, seconds: float = 4.0) -> dict[int, Received]:
    """Of each partition the record at an offset that it holds. May raise `KafkaException` and `TimeoutError`."""
    client = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "lien-the-lookback",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50,
            "fetch.message.max.bytes": 65_536,
            "log_level": 2,
        }
    )
    found: dict[int, Received] = {}
    try:
        client.assign([TopicPartition(topic, partition, offset) for partition, offset in offsets.items()])
        deadline = time.monotonic() + seconds
        while len(found) < len(offsets):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic}: the records at {dict(offsets)} did not come")
            for message in client.consume(500, 0.1):
                if message.error() is None:
                    record = received(message)
                    if record.offset == offsets[record.partition]:
                        found[record.partition] = record
    finally:
        client.close()
    return found
