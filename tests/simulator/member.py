"""The member of a group does what `shared.kafka.consumer.BatchConsumer` does: asks where to begin, hands over batches, reads a
failed batch again, and goes back where somebody asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from shared.kafka.record import Partition, Received
from tests.simulator.broker import MemoryBroker, Where

_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class Member:
    """One member of the group, as `BatchConsumer` is one."""

    def __init__(
        self,
        broker: MemoryBroker,
        topics: Sequence[str],
        handle: Callable[[Sequence[Received]], Awaitable[None]],
        assigned: Callable[[Sequence[Partition]], Awaitable[Mapping[Where, int]]],
    ) -> None:
        self._broker = broker
        self._topics = frozenset(topics)
        self._handle = handle
        self._assigned = assigned
        self._generation = -1
        self._next: dict[Where, int] = {}
        self._turned: dict[Where, int] = {}
        self._pause = _PAUSE
        self._in_hand = False
        self.heard_at = 0.0
        """When the group last heard of it."""

    @property
    def holds(self) -> frozenset[Where]:
        """What it reads."""
        return frozenset(self._next)

    @property
    def unread(self) -> bool:
        """Whether something waits to be read or is in hand, or it reads nothing yet."""
        return self._in_hand or not self._next or any(at < len(self._broker.logs[where]) for where, at in self._next.items())

    def rewind(self, topic: str, partition: int, offset: int = 0) -> None:
        """See `BatchConsumer.rewind`."""
        where = (topic, partition)
        self._turned[where] = min(offset, self._turned.get(where, offset))
        if where in self._next:
            self._next[where] = min(offset, self._next[where])

    def renew(self) -> None:
        """See `BatchConsumer.renew`."""
        self._generation = -1

    async def run(self) -> None:
        """Read for ever."""
        now = asyncio.get_running_loop().time
        broker = self._broker
        broker.join(self)
        while True:
            self.heard_at = now()
            if broker.down:
                await asyncio.sleep(0.2)
                continue
            if self not in broker.members:
                broker.join(self)
            if self._generation != broker.generation:
                await self._rejoin()
                continue
            records = self._poll()
            if not records:
                await asyncio.sleep(0.1)
                continue
            self._in_hand = True
            try:
                await self._handle(records)
            except Exception:  # noqa: BLE001  as the real one: whatever it is, the batch comes again
                first: dict[Where, int] = {}
                for record in records:
                    first.setdefault((record.topic, record.partition), record.offset)
                self._next.update({w: min(offset, self._next[w]) for w, offset in first.items() if w in self._next})
                await asyncio.sleep(self._pause)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            else:
                self._pause = _PAUSE
                self._turned.clear()
            finally:
                self._in_hand = False

    async def _rejoin(self) -> None:
        generation, share = self._broker.generation, [p for p in self._broker.share(self) if p.topic in self._topics]
        self._next = {}
        try:
            starts = await self._assigned(share)
        except Exception:  # noqa: BLE001  the same
            await asyncio.sleep(0.1)
            return
        self._generation = generation
        self._next = {(p.topic, p.partition): starts.get((p.topic, p.partition), 0) for p in share}
        self._next |= {where: min(offset, self._next[where]) for where, offset in self._turned.items() if where in self._next}

    def _poll(self) -> list[Received]:
        """A batch: some of each partition, each in its order; an offset that is not there begins from the start."""
        faults, rng = self._broker.faults, self._broker.rng
        most = rng.randrange(1, 4) if faults.fire("consumer.tiny_batch") else 60
        batch: list[Received] = []
        places = list(self._next)
        rng.shuffle(places)
        for where in places:
            log = self._broker.logs[where]
            start = self._next[where]
            if start > len(log):
                start = 0
            if start and faults.fire("consumer.redelivers"):
                start = rng.randrange(start)
            fresh = log[start : start + most - len(batch)]
            batch += fresh
            self._next[where] = start + len(fresh)
            if len(batch) >= most:
                break
        return batch
