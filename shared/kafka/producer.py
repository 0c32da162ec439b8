"""Publishes batches and answers only when every record is acknowledged by all in-sync replicas.

Idempotent, `acks=all`, explicit partitions. Returning means that all records are on the topic in the order given, each
partition for itself; raising `PublishFailed` means that any part of them may be. librdkafka's calls block, so they run in
one worker thread. A producer that failed is thrown away: the next batch gets a fresh one, with nothing left in its queue.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as Client

from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.headers import hash_of
from shared.kafka.identity import Standing, first_of, standings
from shared.kafka.lookback import records_at
from shared.kafka.record import Outgoing, Placed, Received

log = logging.getLogger(__name__)

T = TypeVar("T")


class PublishFailed(Exception):
    """Not every record was acknowledged in time. Which ones were is unknown; publishing them again is safe."""


class Producer:
    """One idempotent producer behind one thread."""

    def __init__(self, bootstrap: str, *, seconds: float = 15.0, client_id: str = "lien-the-relay") -> None:
        """`seconds` is how long a batch may wait for its acknowledgements."""
        self._seconds = seconds
        self._bootstrap = bootstrap
        self._config: dict[str, str | int | float | bool] = {
            "bootstrap.servers": bootstrap,
            "client.id": client_id,
            "enable.idempotence": True,
            "acks": "all",
            "partitioner": "murmur2_random",
            "linger.ms": 2,
            "batch.num.messages": 10_000,
            "queue.buffering.max.messages": 200_000,
            "message.timeout.ms": int(seconds * 1000),
            "message.max.bytes": 2 * 1024 * 1024,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1000,
            "compression.type": "lz4",
            "log_level": 2,
        }
        self._client: Client | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kafka-producer")

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has. May raise `PublishFailed`."""
        return await self._in_thread(lambda: self._partitions(topic))

    async def standings(self, topic: str, ends: Mapping[int, int]) -> Mapping[int, Standing]:
        """What each partition of a topic is now, none if there is no such topic; it waits for no batch, and no batch for it.

        Of the partitions in `ends` also the hash of the event before that offset. May raise `PublishFailed` when the broker
        does not say it.
        """
        try:
            return await asyncio.to_thread(self._standings, topic, ends)
        except (
            *BROKER_FAILURES,
            OSError,
            RuntimeError,
            ValueError,
            KeyError,
        ) as failure:  # of a broker that comes or goes
            raise PublishFailed(f"{type(failure).__name__}: {failure}") from failure

    async def publish(
        self, records: Sequence[Outgoing], produced: Callable[[], None] = lambda: None
    ) -> Mapping[tuple[str, int], Placed]:
        """Publish and wait for all acknowledgements; `produced` is called between the two. May raise `PublishFailed`.

        Answers where the records stand, by topic and partition.
        """
        return await self._in_thread(lambda: self._publish(records, produced))

    async def close(self) -> None:
        """Let go of the broker. What is not acknowledged is dropped: it was never reported as published."""
        await self._in_thread(self._drop)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _standings(self, topic: str, ends: Mapping[int, int]) -> dict[int, Standing]:
        found = standings(self._bootstrap, topic)
        offsets = {
            partition: end - 1
            for partition, end in ends.items()
            if (one := found.get(partition)) is not None and first_of(one.identity) < end <= one.end
        }
        records = records_at(self._bootstrap, topic, offsets) if offsets else {}
        return {
            partition: one._replace(last=last_of(records[partition])) if partition in records else one
            for partition, one in found.items()
        }

    def _partitions(self, topic: str) -> int:
        try:
            found = self._connected().list_topics(topic, timeout=min(5.0, self._seconds)).topics[topic]
        except KafkaException as error:
            raise PublishFailed(str(error)) from error
        if found.error is not None:
            raise PublishFailed(f"{topic}: {found.error}")
        return len(found.partitions)

    def _publish(self, records: Sequence[Outgoing], produced: Callable[[], None]) -> dict[tuple[str, int], Placed]:
        client = self._connected()
        failures: list[KafkaError] = []
        placed: dict[tuple[str, int], Placed] = {}
        acknowledged = 0

        def delivered(error: KafkaError | None, message: Message) -> None:
            nonlocal acknowledged
            if error is None:
                acknowledged += 1
                _place(placed, message)
            else:
                failures.append(error)

        try:
            for record in records:
                topic, partition, key, value, headers = record
                client.produce(topic, value, key, partition, on_delivery=delivered, headers=headers)
            produced()
            deadline = time.monotonic() + self._seconds + 1
            while acknowledged < len(records) and not failures and time.monotonic() < deadline:
                client.flush(0.2)
        except (KafkaException, BufferError) as error:
            self._drop()
            raise PublishFailed(str(error)) from error
        if acknowledged < len(records):
            self._drop()
            reason = failures[0].str() if failures else "no acknowledgement in time"
            raise PublishFailed(f"{len(records) - acknowledged} of {len(records)} records: {reason}")
        return placed

    def _connected(self) -> Client:
        if self._client is None:
            self._client = Client(self._config, logger=log)
        return self._client

    def _drop(self) -> None:
        if self._client is not None:
            self._client.purge()
            self._client.flush(0.1)
            self._client = None


def _place(placed: dict[tuple[str, int], Placed], message: Message) -> None:
    """Widen what is known of a partition by a record. The offset of a repeated one may be unknown: then it widens nothing."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None or offset < 0:
        return
    known = placed.get((topic, partition))
    placed[topic, partition] = (
        Placed(offset, offset + 1) if known is None else Placed(min(known.first, offset), max(known.next, offset + 1))
    )


def last_of(record: Received) -> str:
    """The hash of an event's record, in hexadecimal digits; of anything else a word that is none."""
    digest = hash_of(dict(record.headers))
    return "no event" if digest is None else digest.hex()
