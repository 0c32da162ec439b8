"""The limit: reads every record with librdkafka in batches of 10,000 and counts them. Nothing is decoded or written."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition


def main(orders: dict[str, Any]) -> None:
    """Count as many as were ordered."""
    consumer = Consumer(
        {
            "bootstrap.servers": orders["bootstrap"],
            "group.id": "count",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 1,
        }
    )
    consumer.list_topics(timeout=10)
    partitions = [TopicPartition(topic, number, OFFSET_BEGINNING) for topic in orders["topics"] for number in range(6)]
    print("ready", flush=True)
    sys.stdin.readline()
    wall, cpu = time.perf_counter(), time.process_time()
    consumer.assign(partitions)
    seen = size = 0
    while seen < orders["events"]:
        for record in consumer.consume(10_000, 1.0):
            if record.error() is None:
                seen += 1
                size += len(record.value() or b"")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"seconds": wall, "cpu": cpu, "events": seen, "value_mb": size / 1e6}), flush=True)
    consumer.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
