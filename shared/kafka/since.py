"""Reads a topic from a time or from known offsets on, up to where it ended when reading began.

For who must know what was published after some instant without reading the years before it. Guarantees order within a
partition and that it ends. A topic that does not exist holds nothing. Blocks; call it in a thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Mapping
from datetime import datetime

from confluent_kafka import OFFSET_END, KafkaException, TopicPartition
from confluent_kafka import Consumer as Client

from shared.kafka.consumer import received
from shared.kafka.record import Received

log = logging.getLogger(__name__)

_BATCH = 2000
_PATIENCE = 3.0


class Stretch:
    """One reading. `ends` is where it ends, by partition, known from the first batch on: where the next may begin."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        since: datetime | None = None,
        starts: Mapping[int, int] | None = None,
        last: int | None = None,
        seconds: float = 30.0,
    ) -> None:
        """`since`: what the producers' clocks stamped at that time or later, all of it if None. `starts`: from these offsets
        instead. `last`: only so many records at the end of each partition instead. `seconds` without a record is an end."""
        self._bootstrap = bootstrap
        self._topic = topic
        self._since = since
        self._starts = starts
        self._last = last
        self._seconds = seconds
        self.ends: dict[int, int] = {}

    def batches(self) -> Generator[list[Received]]:
        """The records, batch by batch. May raise `TimeoutError` and `KafkaException`."""
        client = Client(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "lien-the-since",
                "client.id": "lien-the-since",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.queue.backoff.ms": 1,
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            },
            logger=log,
        )
        try:
            yield from self._read(client)
        finally:
            client.close()

    def _read(self, client: Client) -> Generator[list[Received]]:
        starts = self._begin(client)
        left = {partition: end for partition, end in self.ends.items() if starts[partition] < end}
        if not left:
            return
        client.assign([TopicPartition(self._topic, partition, starts[partition]) for partition in left])
        heard = time.monotonic()
        while left:
            batch: list[Received] = []
            for message in client.consume(_BATCH, 0.2):
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                record = received(message)
                end = left.get(record.partition)
                if end is None:
                    continue
                if record.offset < end:
                    batch.append(record)
                if record.offset + 1 >= end:
                    del left[record.partition]
            if batch:
                heard = time.monotonic()
                yield batch
            elif left and time.monotonic() - heard > self._seconds:
                raise TimeoutError(f"{self._topic}: no more records came before its end")

    def _begin(self, client: Client) -> dict[int, int]:
        """Where reading starts in each partition; sets where it ends."""
        found = client.list_topics(self._topic, timeout=_PATIENCE).topics[self._topic]
        if found.error is not None:
            return {}
        wanted = [TopicPartition(self._topic, partition) for partition in sorted(found.partitions)]
        firsts: dict[int, int] = {}
        for where in wanted:
            firsts[where.partition], self.ends[where.partition] = client.get_watermark_offsets(where, timeout=_PATIENCE)
        if self._starts is not None:
            return {partition: max(first, self._starts.get(partition, first)) for partition, first in firsts.items()}
        if self._last is not None:
            return {partition: max(first, self.ends[partition] - self._last) for partition, first in firsts.items()}
        if self._since is None:
            return firsts
        stamp = max(0, int(self._since.timestamp() * 1000))
        asked = [TopicPartition(self._topic, where.partition, stamp) for where in wanted]
        at = {where.partition: where.offset for where in client.offsets_for_times(asked, timeout=_PATIENCE)}
        return {
            partition: self.ends[partition] if at[partition] == OFFSET_END else max(first, at[partition])
            for partition, first in firsts.items()
        }
