"""Quix Streams, exactly once: partial sums a partition in its RocksDB state, with changelog topics and Kafka transactions.

The state of a message is kept by its key; the sums of a partition are put beside it through the transaction under one prefix,
which costs less than the second topic that the public way (`group_by`) would need: generous. The answer is read from the
changelog, committed records alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.peers.task import Clock, Task, answer, header, orders

SUMS = b"sums"


def main() -> None:
    import json

    from confluent_kafka import Consumer, TopicPartition
    from quixstreams import Application

    asked = orders()
    task, clock = Task(asked["places"]), Clock()
    app = Application(
        broker_address=asked["bootstrap"],
        consumer_group=asked["group"],
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=asked["folder"],
        commit_interval=1.0,
        loglevel="ERROR",
        consumer_extra_config={"fetch.queue.backoff.ms": 1},
        producer_extra_config={"compression.type": "lz4"},
    )

    def fold(value, key, timestamp, headers, state):
        clock.first()
        store = state._transaction
        stream = key.decode() if isinstance(key, bytes) else key

        def get(name):
            return store.get("club", prefix=name.encode())

        def put(name, text):
            store.set("club", text, prefix=name.encode())

        for name, amount in task.deltas(header(headers, "ce_type"), stream, value, get, put):
            store.set(name, store.get(name, default=0, prefix=SUMS) + amount, prefix=SUMS)

    for topic in asked["topics"]:
        frame = app.dataframe(app.topic(topic, value_deserializer="bytes", key_deserializer="bytes"))
        frame.update(fold, metadata=True, stateful=True)
    app.run(count=asked["events"])
    spent = clock.read()

    consumer = Consumer({"bootstrap.servers": asked["bootstrap"], "group.id": "read", "isolation.level": "read_committed", "enable.auto.commit": False})
    rows: dict[str, int] = {}
    names = [n for n in consumer.list_topics(timeout=10).topics if n.startswith("changelog__" + asked["group"])]
    for topic in names:
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            latest: dict[str, int] = {}
            where = TopicPartition(topic, partition, 0)
            low, high = consumer.get_watermark_offsets(where, timeout=10)
            consumer.assign([where])
            while consumer.position([where])[0].offset < high:
                records = consumer.consume(10_000, 1.0)
                for record in records:
                    if record.error() is None and (record.key() or b"").startswith(SUMS + b"|"):
                        latest[json.loads(record.key().split(b"|", 1)[1])] = json.loads(record.value())
                if not records:
                    break
            for name, amount in latest.items():
                rows[name] = rows.get(name, 0) + amount
    answer(asked["events"], spent, rows)


if __name__ == "__main__":
    main()
