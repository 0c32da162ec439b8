"""Reads some partitions from given offsets on, outside of any group: for who must read exactly so far and no further.

Guarantees order within a partition and that nothing is committed. What was removed from the topic is not made up: reading goes
on at the earliest record there is, and the positions in the records tell of the gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka import Consumer as Client

from shared.kafka.consumer import received
from shared.kafka.record import Received

T = TypeVar("T")


def whole(message: Message) -> Message:
    """A record, and not what went wrong with the client, which it hands out like one. May raise `KafkaException`."""
    if (error := message.error()) is not None:
        raise KafkaException(error)
    return message


class Tail:
    """One reader behind one thread. `starts`: the next offset of each partition that was read before."""

    def __init__(self, bootstrap: str, topics: Sequence[str], starts: Mapping[tuple[str, int], int]) -> None:
        self._topics = topics
        self._starts = starts
        self._client = Client(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "lien-the-tail",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.queue.backoff.ms": 1,
                "fetch.wait.max.ms": 50,
                "log_level": 2,
            }
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kafka-tail")

    async def __aenter__(self) -> Tail:
        """May raise `KafkaException`: the broker is away, or does not know a topic. Then nothing is held."""
        try:
            await self._run(self._assign)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._run(self._client.close)
        self._thread.shutdown(wait=False)

    async def read(self, most: int = 5000, seconds: float = 0.2) -> list[Received]:
        """What is there, at most so many; empty when nothing came in time. May raise `KafkaException`."""
        return await self._run(lambda: [received(whole(record)) for record in self._client.consume(most, seconds)])

    async def ends(self) -> dict[tuple[str, int], int]:
        """Where each partition ends now."""
        return await self._run(
            lambda: {
                (at.topic, at.partition): self._client.get_watermark_offsets(at, timeout=10)[1]
                for at in self._client.assignment()
            }
        )

    def _assign(self) -> None:
        """A topic without partitions is one that the broker does not know, or not yet: that is not the same as an empty one."""
        found: list[TopicPartition] = []
        for topic in self._topics:
            known = self._client.list_topics(topic, timeout=10).topics[topic]
            if not known.partitions:
                raise KafkaException(known.error or KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, topic))
            found += [
                TopicPartition(topic, partition, self._starts.get((topic, partition), OFFSET_BEGINNING))
                for partition in known.partitions
            ]
        self._client.assign(found)

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
