"""Whether a Kafka really works: a record goes in by an idempotent producer, comes back, and a group coordinator answers.

An open port is no proof: a young broker accepts connections seconds before it serves. Refuses by raising `TimeoutError`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

TOPIC = "clb.round-trip"


def round_trip(bootstrap: str, seconds: float = 30.0, *, give_up: Callable[[], bool] = lambda: False) -> None:
    """Return when a round trip succeeded; raise `TimeoutError` when time is up or `give_up` says so. Blocks."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline and not give_up():
        try:
            _once(bootstrap, min(10.0, deadline - time.monotonic()))
            return
        except (KafkaException, TimeoutError) as failure:
            last = failure
            time.sleep(0.1)  # blocks, as is said above: callers use a thread
    raise TimeoutError(f"no round trip through Kafka at {bootstrap} in {seconds:.0f} s: {last}")


def _quiet(bootstrap: str) -> dict[str, str | int | float | bool]:
    return {
        "bootstrap.servers": bootstrap,
        "log_level": 0,
        "reconnect.backoff.ms": 20,
        "reconnect.backoff.max.ms": 100,
        "retry.backoff.ms": 20,
        "topic.metadata.refresh.fast.interval.ms": 20,
    }


def _once(bootstrap: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    admin = AdminClient(_quiet(bootstrap))
    if TOPIC not in admin.list_topics(timeout=2).topics:
        topic = NewTopic(TOPIC, 1, config={"retention.ms": "3600000", "segment.ms": "3600000"})
        created = cast("dict[str, Future[None]]", cast("Any", admin).create_topics([topic], request_timeout=seconds))
        created[TOPIC].result(timeout=seconds)
    token = uuid.uuid4().bytes
    consumer = Consumer({**_quiet(bootstrap), "group.id": "clb.round-trip", "enable.auto.commit": False})
    try:
        # A client that knows the leader before it needs it saves a second: librdkafka looks it up by a slow timer otherwise.
        consumer.list_topics(TOPIC, timeout=seconds)
        offset = _put(bootstrap, token, seconds)
        consumer.committed([TopicPartition(TOPIC, 0)], timeout=seconds)
        consumer.assign([TopicPartition(TOPIC, 0, offset)])
        while time.monotonic() < deadline:
            record = consumer.poll(0.2)
            if record is not None and record.error() is None and record.value() == token:
                return
        raise TimeoutError("the record did not come back")
    finally:
        consumer.close()


def _put(bootstrap: str, token: bytes, seconds: float) -> int:
    placed: list[int] = []

    def acknowledged(error: KafkaError | None, record: Message) -> None:
        offset = record.offset()
        if error is None and offset is not None:
            placed.append(offset)

    producer = Producer({**_quiet(bootstrap), "enable.idempotence": True, "linger.ms": 0})
    producer.list_topics(TOPIC, timeout=seconds)
    producer.produce(TOPIC, token, partition=0, on_delivery=acknowledged)
    producer.flush(seconds)
    if not placed:
        raise TimeoutError("the record was not acknowledged")
    return placed[0]
