"""Reads topics in batches of raw records, as one member of a consumer group. Where reading starts is the caller's to say.

Built on FastStream with explicit `MANUAL` acknowledgement: offsets are committed after the handler returned, and only for
tools that show lag. When the handler raises, every partition of the batch is read again from its first record, after a
growing pause: nothing is ever passed over. Headers are handed on untouched, so no record can break the reader.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_BEGINNING, KafkaException, Message, TopicPartition
from confluent_kafka import Consumer as Client
from faststream import AckPolicy
from faststream.confluent import KafkaBroker
from faststream.confluent.message import FAKE_CONSUMER, KafkaMessage

from shared.kafka.identity import Offsets
from shared.kafka.record import Partition, Received

if TYPE_CHECKING:
    from faststream.confluent.subscriber.usecase import BatchSubscriber

log = logging.getLogger(__name__)

Handle = Callable[[Sequence[Received]], Coroutine[Any, Any, None]]
Assigned = Callable[[Sequence[Partition]], Awaitable[Mapping[tuple[str, int], int]]]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_QUEUED_KIB = 16_384
"""What is fetched ahead, of all partitions together: some batches."""
_LOOKS_AGAIN_MS = 20
"""How soon the client looks again whether its full queue has room: what is in it lasts for some seconds."""
_POLL_SECONDS = 0.02
_ENDS_SECONDS = 1.0
"""How often the broker is asked where the partitions end."""
_FETCH_BYTES = 8 * 1024 * 1024
"""What one request brings, be it of one partition alone: a batch of a catch-up is then of few partitions, and what has to be
read and written once a stream and batch is shared by more events."""
_GIVEN_AWAY: list[tuple[str, str | bytes | None]] = []
"""The headers of a record that has been read, one list for all of them: nobody writes to it."""
_PATIENT = 1_000_000
"""So many new objects before the collector of cycles looks through them, while a batch is in hand."""


class BatchConsumer:
    """One member of a group.

    `handle` gets each batch, in order a partition. `assigned` is awaited when partitions come to this member, before
    anything of them is read, and answers the offsets to start from; a partition that it leaves out starts at the beginning.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Sequence[str],
        group: str,
        handle: Handle,
        assigned: Assigned,
        *,
        max_records: int = 5000,
    ) -> None:
        self._handle = handle
        self._on_assigned = assigned
        self._stopping = asyncio.Event()
        self._pause = _FIRST_PAUSE
        self._turned: dict[tuple[str, int], int] = {}
        """Where somebody wanted to read again since the last batch that went well, also while partitions were taken over."""
        self._offsets = Offsets(bootstrap)
        self._ends: dict[tuple[str, int], int] = {}
        self._watching: asyncio.Task[None] | None = None
        self._renewing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.assigned: frozenset[tuple[str, int]] | None = None
        """What this member reads; None before it has joined the group, or after it was thrown out of it."""
        self.assignments = 0
        self.failures = 0
        self.last_failure: str | None = None
        self.broker = KafkaBroker(
            bootstrap,
            allow_auto_create_topics=False,
            ack_policy=AckPolicy.MANUAL,
            apply_types=False,
            logger=log,
            log_level=logging.DEBUG,
            config={
                "fetch.queue.backoff.ms": _LOOKS_AGAIN_MS,
                "queued.max.messages.kbytes": _QUEUED_KIB,
                "reconnect.backoff.max.ms": 1000,
                "log_level": 2,
            },
        )
        self._subscriber: BatchSubscriber = self.broker.subscriber(
            *topics,
            group_id=group,
            batch=True,
            max_records=max_records,
            polling_interval=_POLL_SECONDS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            session_timeout_ms=6000,
            heartbeat_interval_ms=1500,
            fetch_max_wait_ms=100,
            fetch_max_bytes=_FETCH_BYTES,
            max_partition_fetch_bytes=_FETCH_BYTES,
            on_assign=self._assign,
            on_revoke=self._revoke,
            on_lost=self._lost,
            parser=_parse,
            decoder=_whole,
        )
        self._subscriber(self._batch)

    @property
    def ready(self) -> bool:
        """Whether this member has joined its group and was given its partitions (perhaps none)."""
        return self.assigned is not None

    async def start(self) -> None:
        """Join the group; returns before the partitions are assigned."""
        self._loop = asyncio.get_running_loop()
        await self.broker.start()
        self._watching = asyncio.create_task(self._watch_ends())

    async def stop(self) -> None:
        """Finish the batch in hand and leave the group."""
        self._stopping.set()
        await self.broker.stop()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self.assigned = None

    def ends(self) -> dict[tuple[str, int], int]:
        """Where each partition of this member ended when the broker last said so, about a second ago; asks nobody."""
        return {where: end for where, end in self._ends.items() if where in (self.assigned or ())}

    async def rewind(self, topic: str, partition: int, offset: int = OFFSET_BEGINNING) -> None:
        """Read a partition again from its beginning, or from an offset on; also if the batch in hand fails meanwhile, or
        somebody else wants less."""
        self._turned[topic, partition] = first = min(offset, self._turned.get((topic, partition), offset))
        await self._seek(topic, partition, first)

    async def renew(self) -> None:
        """Join the group again with another client, which reads where `assigned` says: a client that met a topic which was
        made anew since reads nothing of the new one (`identity.Lasting`)."""
        self._renewing = True
        await self._subscriber.stop()
        self._renewing, self.assigned = False, None
        self._turned.clear()
        await self._subscriber.start()

    async def _batch(self, message: KafkaMessage) -> None:
        """FastStream's message lives on in cycles, its context in timers that the handler left: neither may hold the batch."""
        raw: Any = message.raw_message
        with _collector_patient():
            records = [received(record) for record in raw]
            message.raw_message = raw = ()
            if await self._handled(records):
                records = []  # before the collector looks again
        if records:
            await self._read_again(records)
            return
        self._pause, self.last_failure = _FIRST_PAUSE, None
        self._turned.clear()
        await self._commit()

    async def _handled(self, records: Sequence[Received]) -> bool:
        try:
            await asyncio.create_task(self._handle(records), context=Context())
        except Exception as failure:
            self.failures += 1
            self.last_failure = f"{type(failure).__name__}: {failure}"
            log.exception("A batch of %d records failed; it is read again in %.1f s", len(records), self._pause)
            return False
        return True

    async def _read_again(self, records: Sequence[Received]) -> None:
        first: dict[tuple[str, int], int] = {}
        for record in records:
            first.setdefault((record.topic, record.partition), record.offset)
        for where, offset in first.items():
            await self._seek(*where, min(offset, self._turned.get(where, offset)))
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        try:
            await asyncio.wait_for(self._stopping.wait(), pause)
        except TimeoutError:
            return

    async def _seek(self, topic: str, partition: int, offset: int) -> None:
        consumer = self._subscriber.consumer
        if consumer is None or self.assigned is None or (topic, partition) not in self.assigned:
            return
        try:
            await consumer.seek(topic, partition, offset)
        except KafkaException:
            log.warning("Cannot go back in %s/%d: it was taken away meanwhile", topic, partition, exc_info=True)

    async def _commit(self) -> None:
        consumer = self._subscriber.consumer
        if consumer is None:
            return
        try:
            await consumer.commit(asynchronous=True)
        except KafkaException:
            log.debug("Offsets were not committed; the checkpoints are the truth", exc_info=True)

    async def _watch_ends(self) -> None:
        """Ask beside the client, which answers one caller at a time and is busy as long as it waits for `assigned`."""
        while True:
            try:
                self._ends = await asyncio.to_thread(self._offsets.ends, self.assigned or ())
            except Exception as failure:  # noqa: BLE001  whatever it is, what the broker said last is known still
                log.debug("Cannot ask where partitions end: %s", failure)
            await asyncio.sleep(_ENDS_SECONDS)

    def _assign(self, client: Client, partitions: list[TopicPartition]) -> None:
        """In the polling thread, while the group waits."""
        if (starts := self._ask(partitions)) is None:
            return
        self.assigned = frozenset((p.topic, p.partition) for p in partitions)  # who wants to go back now is heard after this
        for p in partitions:
            start = starts.get((p.topic, p.partition), OFFSET_BEGINNING)
            p.offset = min(start, self._turned.get((p.topic, p.partition), start))
        client.assign(partitions)
        self.assignments += 1
        log.info("Reading %s", ", ".join(f"{p.topic}/{p.partition} from {p.offset}" for p in partitions) or "nothing")

    def _ask(self, partitions: Sequence[TopicPartition]) -> Mapping[tuple[str, int], int] | None:
        """The caller's answer, however long its database is away, or a topic that was deleted; None: nobody wants it now. The
        client is not asked for anything here: it is calling us, and aborts the process if it has to call once more."""
        pause, topics = _FIRST_PAUSE, {p.topic for p in partitions}
        while self._loop is not None and not self._stopping.is_set() and not self._renewing:
            try:
                counts = self._offsets.counts(topics)
                wanted = [Partition(p.topic, p.partition, counts[p.topic]) for p in partitions]
                return asyncio.run_coroutine_threadsafe(_awaited(self._on_assigned(wanted)), self._loop).result(60)
            except Exception as failure:
                self.last_failure = f"{type(failure).__name__}: {failure}"
                log.exception("Cannot take over %d partitions yet; again in %.1f s", len(partitions), pause)
            time.sleep(pause)  # in the polling thread, where nothing else may happen now; a stop waits for it
            pause = min(pause * 2, _LONGEST_PAUSE)
        return None

    def _revoke(self, client: Client, _partitions: list[TopicPartition]) -> None:
        self.assigned = frozenset()
        client.unassign()

    def _lost(self, client: Client, _partitions: list[TopicPartition]) -> None:
        self.assigned = None
        client.unassign()


@contextmanager
def _collector_patient() -> Generator[None]:
    """The objects of a batch live until it is committed and hold no cycles: looking through half a million of them in vain was
    a tenth of a catch-up. It is patient, not off, since a batch may wait for long while others make cycles; whoever found it
    patient, or off, leaves it so."""
    first, *rest = gc.get_threshold()
    if not 0 < first < _PATIENT:
        yield
        return
    gc.set_threshold(_PATIENT, *rest)
    try:
        yield
    finally:
        gc.set_threshold(first, *rest)


async def _awaited(answer: Awaitable[Mapping[tuple[str, int], int]]) -> Mapping[tuple[str, int], int]:
    return await answer


def received(record: Message) -> Received:
    """A record of the client as ours; headers that cannot be read are none. The record gives its headers away: FastStream holds
    it beyond the batch, and the collector of cycles would look through fifteen headers of each."""
    try:
        headers: Any = record.headers() or []
    except ValueError:  # a header's name that is not UTF-8
        headers = []
    record.set_headers(_GIVEN_AWAY)
    return Received(record.topic() or "", record.partition() or 0, record.offset() or 0, record.key(), record.value(), headers)


async def _parse(batch: tuple[Message, ...]) -> KafkaMessage:
    """The batch as it is: FastStream's own parser fails on headers that are null or not UTF-8, and costs much."""
    return KafkaMessage(body=b"", headers={}, raw_message=batch, consumer=FAKE_CONSUMER, is_manual=True)


async def _whole(message: KafkaMessage) -> KafkaMessage:
    """What the handler gets: the message with all its records."""
    return message
