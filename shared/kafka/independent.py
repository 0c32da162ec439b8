"""Reads whole topics through kafka-python, which shares no code with the clients that carry the events.

Reading ends where the topic ended when it began, so it always ends. Blocks; call it in a thread. Knows nothing of what the
records mean.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# kafka-python has no types; what comes from it is turned into our own here.

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from typing import Any

from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from shared.kafka.record import Received

_BATCH = 2000


def read_topic(
    bootstrap: str,
    topic: str,
    only: Collection[int] | None = None,
    *,
    starts: Mapping[int, int] | None = None,
    seconds: float = 30.0,
) -> Iterator[list[Received]]:
    """All records up to the present end, of all partitions or only these, batch by batch.

    `starts`: from which offset on a partition is read, if not from its beginning; one that ends before it is read whole, for
    it was made anew. May raise `TimeoutError` when nothing comes any more.
    """
    consumer: Any = KafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        client_id="clb-reader",
    )
    with closing(consumer):
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        partitions = [where for where in partitions if only is None or where.partition in only]
        if not partitions:
            return
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        for where in partitions:
            if (start := (starts or {}).get(where.partition, 0)) and start <= ends[where]:
                consumer.seek(where, start)
        waited = 0.0
        while any(consumer.position(where) < end for where, end in ends.items()):
            batches = consumer.poll(timeout_ms=500, max_records=_BATCH)
            waited = 0.0 if batches else waited + 0.5
            if waited > seconds:
                raise TimeoutError(f"{topic}: no more records came before its end")
            for where, records in batches.items():
                yield [
                    Received(topic, where.partition, record.offset, record.key, record.value, list(record.headers or ()))
                    for record in records
                    if record.offset < ends[where]
                ]


def last_record(bootstrap: str, topic: str, partition: int = 0, *, seconds: float = 10.0) -> Received | None:
    """The last record of a partition, None if it is empty. May raise `TimeoutError`."""
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, client_id="clb-reader")
    with closing(consumer):
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        first, end = consumer.beginning_offsets([where])[where], consumer.end_offsets([where])[where]
        if end <= first:
            return None
        consumer.seek(where, end - 1)
        for _ in range(int(seconds * 2)):
            for record in consumer.poll(timeout_ms=500).get(where, ()):
                return Received(topic, partition, record.offset, record.key, record.value, list(record.headers or ()))
        raise TimeoutError(f"{topic}: its last record did not come")


def record_at(bootstrap: str, topic: str, partition: int, offset: int, *, seconds: float = 5.0) -> Received | None:
    """The record at an offset, None if the partition does not hold it."""
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, client_id="clb-reader")
    with closing(consumer):
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        if not consumer.beginning_offsets([where])[where] <= offset < consumer.end_offsets([where])[where]:
            return None
        consumer.seek(where, offset)
        for _ in range(int(seconds * 2)):
            for record in consumer.poll(timeout_ms=500, max_records=1).get(where, ()):
                return Received(topic, partition, record.offset, record.key, record.value, list(record.headers or ()))
        return None


def record_count(bootstrap: str, topic: str) -> int:
    """How many records a topic holds now, for telling how far a reading is."""
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, client_id="clb-reader")
    with closing(consumer):
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        if not partitions:
            return 0
        first, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        return sum(ends[where] - first[where] for where in partitions)
