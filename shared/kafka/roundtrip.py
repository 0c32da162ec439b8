"""Whether a Kafka really works: a record goes in by an idempotent producer, comes back, and a group coordinator answers.

An open port is no proof: a young broker accepts connections seconds before it serves. Refuses by raising `TimeoutError`.
"""

from __future__ import annotations

import time
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

TOPIC = "clb.round-trip"


def round_trip(bootstrap: str, seconds: float = 30.0) -> None:
    """Return when a round trip succeeded; raise `TimeoutError` with the last failure otherwise. Blocks."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            _once(bootstrap, min(10.0, deadline - time.monotonic()))
            return
        except (KafkaException, TimeoutError) as failure:
            last = failure
            time.sleep(0.1)
    raise TimeoutError(f"no round trip through Kafka at {bootstrap} in {seconds:.0f} s: {last}")


def _quiet(bootstrap: str) -> dict[str, str | int | bool]:
    return {"bootstrap.servers": bootstrap, "log_level": 0, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100}


def _once(bootstrap: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    admin = AdminClient({**_quiet(bootstrap)})
    if TOPIC not in admin.list_topics(timeout=2).topics:
        config = {"retention.ms": "3600000", "segment.ms": "3600000"}
        for future in admin.create_topics([NewTopic(TOPIC, 1, config=config)], request_timeout=seconds).values():
            future.result(timeout=seconds)
    token = uuid.uuid4().bytes
    placed: list[int] = []
    producer = Producer({**_quiet(bootstrap), "enable.idempotence": True, "linger.ms": 0})
    producer.produce(
        TOPIC, token, partition=0, on_delivery=lambda error, record: placed.append(-1 if error else record.offset())
    )
    producer.flush(seconds)
    if not placed or placed[0] < 0:
        raise TimeoutError("the record was not acknowledged")
    consumer = Consumer({**_quiet(bootstrap), "group.id": "clb.round-trip", "enable.auto.commit": False})
    try:
        consumer.committed([TopicPartition(TOPIC, 0)], timeout=seconds)
        consumer.assign([TopicPartition(TOPIC, 0, placed[0])])
        while time.monotonic() < deadline:
            record = consumer.poll(0.2)
            if record is not None and record.error() is None and record.value() == token:
                return
        raise TimeoutError("the record did not come back")
    finally:
        consumer.close()
