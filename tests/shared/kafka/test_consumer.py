"""The batch reader, on a real broker: nothing is passed over, and nothing that a record contains breaks it."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Message
from faststream import AckPolicy

from shared.kafka import topics
from shared.kafka.consumer import BatchConsumer, received
from shared.kafka.producer import Producer
from shared.kafka.record import Outgoing, Partition, Received
from tests.shared.flow import new_source, until


async def nowhere(_: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
    return {}


async def topic_with(bootstrap: str, records: Sequence[tuple[bytes, list[Any]]]) -> str:
    topic = f"{new_source()}.events"
    await asyncio.to_thread(topics.apply, bootstrap, (topic.removesuffix(".events"),))
    producer = Producer(bootstrap)
    await producer.publish([Outgoing(topic, n % 6, b"k", value, headers) for n, (value, headers) in enumerate(records)])
    await producer.close()
    return topic


async def test_every_subscriber_acknowledges_by_hand() -> None:
    """Seen to fail with FastStream's default policy, which is at most once."""
    consumer = BatchConsumer("127.0.0.1:1", ["a.events"], "g", lambda _: asyncio.sleep(0), nowhere)
    assert [subscriber.ack_policy for subscriber in consumer.broker.subscribers] == [AckPolicy.MANUAL]


async def test_a_batch_whose_handler_fails_comes_again_whole(kafka_bootstrap: str) -> None:
    """Over six partitions. Seen to fail with `_read_again` doing nothing: records were passed over."""
    topic = await topic_with(kafka_bootstrap, [(b"%d" % n, []) for n in range(60)])
    done: list[Received] = []
    failures = iter([True, True])

    async def handle(records: Sequence[Received]) -> None:
        if next(failures, False):
            raise RuntimeError("not yet")
        done.extend(records)

    consumer = BatchConsumer(kafka_bootstrap, [topic], topic, handle, nowhere, max_records=25)
    await consumer.start()
    await until(lambda: len(done) >= 60)
    await consumer.stop()
    assert sorted(int(record.value or b"") for record in done) == list(range(60))
    for partition in range(6):
        offsets = [record.offset for record in done if record.partition == partition]
        assert offsets == list(range(10))
    assert consumer.failures == 2


async def test_headers_of_any_kind_reach_the_handler_as_they_are(kafka_bootstrap: str) -> None:
    """Seen to fail with FastStream's own parser: the batch was passed over without a call."""
    headers = [("ce_id", b"\xff\xfe"), ("ce_type", None), ("ce_type", b"twice")]
    topic = await topic_with(kafka_bootstrap, [(b"x", headers), (b"y", [])])
    done: list[Received] = []

    async def handle(records: Sequence[Received]) -> None:
        done.extend(records)

    consumer = BatchConsumer(kafka_bootstrap, [topic], topic, handle, nowhere)
    assert not consumer.ready
    await consumer.start()
    await until(lambda: len(done) == 2)
    assert consumer.ready
    assert consumer.assigned == {(topic, partition) for partition in range(6)}
    await consumer.stop()
    assert {record.value: record.headers for record in done} == {b"x": headers, b"y": []}


def test_a_record_that_was_read_gives_its_headers_away() -> None:
    """FastStream holds the record for longer than the batch. Seen to fail with headers that it keeps."""
    given: list[tuple[str, str | bytes | None]] = [("a", b"1"), ("a", None)]
    record = Message(topic="t", partition=3, offset=7, key=b"k", value=b"v", headers=given)
    assert received(record) == Received("t", 3, 7, b"k", b"v", [("a", b"1"), ("a", None)])
    assert record.headers() == []


async def test_nothing_holds_a_batch_that_was_handled(kafka_bootstrap: str) -> None:
    """A rebuild would hold whole topics. Seen to fail: timers held the context of FastStream, cycles its message.

    The one batch that FastStream handled last may still be in its hands. No collector of cycles runs.
    """
    topic = await topic_with(kafka_bootstrap, [(b"x", [])] * 60)
    done: list[int] = []
    contexts: list[contextvars.Context] = []

    async def handle(records: Sequence[Received]) -> None:
        done.append(len(records))
        contexts.append(contextvars.copy_context())

    gc.collect()
    gc.disable()
    try:
        before = messages()
        consumer = BatchConsumer(kafka_bootstrap, [topic], topic, handle, nowhere, max_records=5)
        await consumer.start()
        await until(lambda: sum(done) == 60)
        assert len(done) >= 12
        assert messages() - before <= 10
        await consumer.stop()
    finally:
        gc.enable()
    assert [list(context) for context in contexts] == [[]] * len(contexts)


def messages() -> int:
    """How many records of the client are alive."""
    return sum(isinstance(each, Message) for each in gc.get_objects())


async def test_the_collector_of_cycles_is_patient_while_a_batch_is_worked_on_and_only_then(kafka_bootstrap: str) -> None:
    """Though the handler fails; and it is never off. Seen to fail without the patience, and without its end."""
    topic = await topic_with(kafka_bootstrap, [(b"x", [])] * 3)
    before = gc.get_threshold()
    working: list[tuple[bool, int]] = []
    failures = iter([True])

    async def handle(_: Sequence[Received]) -> None:
        working.append((gc.isenabled(), gc.get_threshold()[0]))
        if next(failures, False):
            raise RuntimeError("not yet")

    consumer = BatchConsumer(kafka_bootstrap, [topic], topic, handle, nowhere)
    await consumer.start()
    await until(lambda: len(working) >= 2 and gc.get_threshold() == before)
    await consumer.stop()
    assert {each == (True, 1_000_000) for each in working} == {True}
    assert gc.get_threshold() == before


async def test_reading_starts_where_the_owner_says(kafka_bootstrap: str) -> None:
    topic = await topic_with(kafka_bootstrap, [(b"%d" % n, []) for n in range(60)])
    done: list[Received] = []

    async def handle(records: Sequence[Received]) -> None:
        done.extend(records)

    async def third(partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        assert all(p.of == 6 for p in partitions)
        return {(topic, p.partition): 7 for p in partitions if p.partition < 5}

    consumer = BatchConsumer(kafka_bootstrap, [topic], topic, handle, third)
    await consumer.start()
    await until(lambda: len(done) >= 25)
    await asyncio.sleep(0.3)
    await consumer.stop()
    assert sorted((r.partition, r.offset) for r in done) == [
        *((p, offset) for p in range(5) for offset in range(7, 10)),
        *((5, offset) for offset in range(10)),
    ]


async def test_F16_an_offset_out_of_range_leads_to_the_first_record_never_past_what_is_there(kafka_bootstrap: str) -> None:
    """Seen to fail with `auto_offset_reset="latest"`: nothing was read."""
    topic = await topic_with(kafka_bootstrap, [(b"%d" % n, []) for n in range(12)])
    done: list[Received] = []

    async def handle(records: Sequence[Received]) -> None:
        done.extend(records)

    async def beyond(partitions: Sequence[Partition]) -> Mapping[tuple[str, int], int]:
        return {(p.topic, p.partition): 1000 for p in partitions}

    consumer = BatchConsumer(kafka_bootstrap, [topic], topic, handle, beyond)
    await consumer.start()
    await until(lambda: len(done) >= 12)
    await consumer.stop()
    assert sorted((r.partition, r.offset) for r in done) == [(p, offset) for p in range(6) for offset in range(2)]
