"""What a liar puts on Kafka: written with a Kafka client and hashlib alone, from what anybody can read off the topic.

The rule of the chain stands here a second time: sha256(hash before, then one line a field, the data last).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

LINES = (
    "ce_format", "ce_source", "ce_lane", "ce_position", "ce_subject", "ce_streamversion", "ce_id", "ce_type",
    "ce_schemaversion", "ce_time", "ce_commandid", "ce_fingerprint", "ce_actor", "ce_origin",
)  # fmt: skip
TOPIC = "clubs.events"


@dataclass
class Lie:
    """One record, before it is put on the topic."""

    partition: int
    key: bytes
    value: bytes
    headers: dict[str, bytes]

    def linked(self, before: bytes) -> Lie:
        """With the hash that follows another."""
        lines = b"\n".join([*(self.headers[name] for name in LINES), self.value])
        self.headers["ce_hash"] = sha256(before + lines).hexdigest().encode()
        return self


def last_of_a_lane(bootstrap: str, true: set[str]) -> Lie:
    """The newest record among those with these event ids that is the last of them in its lane, as it stands on the topic."""
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        partitions = [TopicPartition(TOPIC, number) for number in sorted(consumer.partitions_for_topic(TOPIC))]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        last: dict[bytes, Lie] = {}
        while any(consumer.position(where) < end for where, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    headers = dict(record.headers)
                    if headers["ce_id"].decode() not in true:
                        continue
                    last[headers["ce_lane"]] = Lie(record.partition, record.key, record.value, headers)
    finally:
        consumer.close()
    return max(last.values(), key=lambda one: one.headers["ce_time"])


def next_in_lane(true: Lie, name: str) -> Lie:
    """A club that nobody founded, at the next position of a lane: a stream of its own that lives in the same lane."""
    from zlib import crc32  # noqa: PLC0415  only here

    lane = int(true.headers["ce_lane"])
    while True:
        stream = f"club-{uuid.uuid4()}"
        if crc32(stream.encode()) % 64 == lane:
            break
    data = f'{{"name":"{name}","commune":{{"code":"00004","list":"34"}},"founded_on":"2025-08-01"}}'
    headers = {
        **true.headers,
        "ce_position": str(int(true.headers["ce_position"]) + 1).encode(),
        "ce_subject": stream.encode(),
        "ce_streamversion": b"1",
        "ce_id": str(uuid.uuid4()).encode(),
        "ce_type": b"clubs.club-founded",
        "ce_commandid": str(uuid.uuid4()).encode(),
        "ce_actor": b"centre/state/VN/nobody",
        "ce_hash": b"0" * 64,
    }
    return Lie(true.partition, stream.encode(), data.encode(), headers)


def put(bootstrap: str, lie: Lie) -> int:
    """Put it on the topic, without credentials; the offset at which it stands."""
    producer: Any = KafkaProducer(bootstrap_servers=bootstrap)
    try:
        sent = producer.send(TOPIC, lie.value, lie.key, headers=list(lie.headers.items()), partition=lie.partition)
        return int(sent.get(timeout=15).offset)
    finally:
        producer.close()
