"""A feed: messages numbered 1, 2, 3, ... without gap, written in the transaction that changes the view.

The counter is a row, held to commit: whoever has seen number n will never see a smaller new one, so the number is a
`Last-Event-ID` to resume from. Waiting costs nothing: the process that commits wakes, and one poll a process, only
while somebody listens, sees what other processes commit. What is new is read once for all listeners and kept for a while;
the database is asked for what is older.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, cast

import orjson

from shared.eventlog.failures import DATABASE_FAILURES
from shared.feeds.bell import Bell
from shared.kernel.database import Connection, Pool
from shared.telemetry import context

log = logging.getLogger(__name__)

_KEPT = 256
"""So many of the last messages are in memory; who is further behind reads pages of the table."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its number in the feed, what it is about, and its JSON text."""

    seq: int
    kind: str
    payload: str


async def append(connection: Connection, kind: str, payload: Any, *, feed: str = "main") -> int:
    """Add one message in the caller's transaction; answers its number."""
    return await append_many(connection, [(kind, payload)], feed=feed)


async def append_many(connection: Connection, messages: Sequence[tuple[str, Any]], *, feed: str = "main") -> int:
    """Add messages in order, in the caller's transaction; answers the last number. The last thing a view should do in
    a batch, since other transactions that write this feed wait for its end."""
    if not messages:
        raise ValueError("no messages")
    last: int = await connection.fetchval(
        """insert into projection.feed_heads as h (feed, seq) values ($1, $2)
        on conflict (feed) do update set seq = h.seq + excluded.seq returning seq""",
        feed,
        len(messages),
    )
    await connection.execute(
        """insert into projection.feed (feed, seq, kind, payload)
        select $1, $2 + n, kind, payload from unnest($3::text[], $4::text[]) with ordinality as m (kind, payload, n)""",
        feed,
        last - len(messages),
        [kind for kind, _ in messages],
        [orjson.dumps(_traced(payload)).decode() for _, payload in messages],
    )
    return last


def _traced(payload: Any) -> Any:
    """The payload with the span of the batch that caused it, when traces are on."""
    point = context.batch()
    if point is None or not isinstance(payload, dict):
        return payload
    return cast("dict[str, Any]", payload) | {"traceparent": point.traceparent()}


class Feed:
    """Reads one feed and knows when there is more. One object a process, shared by all listeners."""

    def __init__(self, pool: Pool, name: str = "main", *, poll_seconds: float = 0.25) -> None:
        self._pool = pool
        self._name = name
        self._poll_seconds = poll_seconds
        self._more = Bell()
        self._listeners = 0
        self._poller: asyncio.Task[None] | None = None
        self.clients = 0
        self.sent = 0
        self.dropped = 0
        """Streams that are open; messages sent, and streams ended because their client took nothing, in this process."""
        self.on_sent: list[Callable[[Sequence[Message], int], None]] = []
        """Called with messages that a listener is given and since when (nanoseconds since 1970), for traces."""
        self._last: int | None = None
        """The last message that was read; the ones before it, as many as are kept, are in `_kept`."""
        self._kept: deque[Message] = deque(maxlen=_KEPT)
        self._reading: tuple[Bell, asyncio.Task[None]] | None = None
        self.ended = False
        """The process is about to stop: listeners go, and come back to another one with their `Last-Event-ID`."""

    def wake(self) -> None:
        """Something was committed in this process: to be put into `Runner.on_commit`.

        It is read first, once for everybody, and then they are woken, once each: a thousand listeners that wake to wait for
        the same reading wake twice.
        """
        more, self._more = self._more, Bell()
        if not self._listeners or self.ended:
            more.ring()
            return
        self._read_together().add_done_callback(partial(_tell, more))

    def end(self) -> None:
        """Let all listeners go, since the process is about to stop."""
        self.ended = True
        self.wake()

    async def close(self) -> None:
        """Stop reading, before the pool is closed."""
        self.end()
        under_way = [self._poller, self._reading[1] if self._reading else None]
        tasks = [task for task in under_way if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def head(self) -> int:
        """The number of the last message; 0 for an empty feed."""
        before = self._last
        async with self._pool.acquire() as connection:
            found: int | None = await connection.fetchval("select seq from projection.feed_heads where feed = $1", self._name)
        head = found or 0
        if self._last is None:
            self._last = head
        elif before is not None and not 0 <= head - before <= _KEPT:  # built anew, or nobody has listened for long
            self._kept.clear()
            self._last = head
            self.wake()
        return head

    async def read(self, after: int, limit: int) -> list[Message]:
        """The next messages after a number, from the table."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                "select seq, kind, payload from projection.feed where feed = $1 and seq > $2 order by seq limit $3",
                self._name,
                after,
                limit,
            )
        return [Message(*row) for row in rows]

    async def next(self, after: int, limit: int, seconds: float) -> list[Message]:
        """The next messages, waiting for the first of them; empty when none came in time."""
        deadline = time.monotonic() + seconds
        self._listens(1)
        try:
            while True:
                more = self._more
                found = await self._found(after, limit)
                left = deadline - time.monotonic()
                if found or left <= 0 or self.ended:
                    return found
                await more.wait(left)
        finally:
            self._listens(-1)

    async def _found(self, after: int, limit: int) -> list[Message]:
        """What there is after a number: out of memory for whoever keeps up."""
        if self._last is None:
            await self.head()
        if after >= (self._last or 0):
            await asyncio.shield(self._read_together())
        first = (self._last or 0) - len(self._kept)
        if after < first:
            return await self.read(after, limit)
        return list(islice(self._kept, after - first, after - first + limit))

    def _read_together(self) -> asyncio.Task[None]:
        """The one reading for everybody since the last commit. Whatever is kept without a wake was read at the first look after
        one, so nobody sleeps over it."""
        if self._reading is None or self._reading[0] is not self._more or _failed(self._reading[1]):
            self._reading = self._more, asyncio.create_task(self._read_newer())
        return self._reading[1]

    async def _read_newer(self) -> None:
        while True:
            found = await self.read(self._last or 0, _KEPT)
            for message in found:
                if message.seq > (self._last or 0):  # two readings may be under way
                    self._kept.append(message)
                    self._last = message.seq
            if len(found) < _KEPT:
                return

    def _listens(self, change: int) -> None:
        self._listeners += change
        if self._listeners and (self._poller is None or self._poller.done()):
            self._poller = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        """See what other processes commit; ends when nobody listens."""
        while self._listeners:
            await asyncio.sleep(self._poll_seconds)
            try:
                head = await self.head()
            except DATABASE_FAILURES:
                log.warning("The feed %s cannot be read just now", self._name, exc_info=True)
                continue
            if head != self._last:  # what this process committed itself has been read, or is about to be
                self.wake()


def _tell(more: Bell, reading: asyncio.Task[None]) -> None:
    _failed(reading)  # then whoever is woken reads again, and is told why not
    more.ring()


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
