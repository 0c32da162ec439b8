"""A feed: messages numbered 1, 2, 3, ... without gap, written in the transaction that changes the view.

The counter is a row, held to commit: whoever has seen number n will never see a smaller new one, so the number is a
`Last-Event-ID` to resume from. Waiting costs nothing: the process that commits wakes, and one poll a process, only
while somebody listens, sees what other processes commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
import orjson

from shared.kernel.database import Connection, Pool
from shared.telemetry import context

log = logging.getLogger(__name__)


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
        self._more = asyncio.Event()
        self._listeners = 0
        self._poller: asyncio.Task[None] | None = None
        self._head = 0
        self.clients = 0
        self.sent = 0
        self.dropped = 0
        """Streams that are open; messages sent, and streams ended because their client took nothing, in this process."""
        self.on_sent: list[Callable[[Sequence[Message], int], None]] = []
        """Called with messages that a listener is given and since when (nanoseconds since 1970), for traces."""
        self.ended = False
        """The process is about to stop: listeners go, and come back to another one with their `Last-Event-ID`."""

    def wake(self) -> None:
        """Something was committed in this process: to be put into `Runner.on_commit`."""
        self._more.set()
        self._more = asyncio.Event()

    def end(self) -> None:
        """Let all listeners go, since the process is about to stop."""
        self.ended = True
        self.wake()

    async def close(self) -> None:
        """Stop polling, before the pool is closed."""
        self.end()
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)

    async def head(self) -> int:
        """The number of the last message; 0 for an empty feed."""
        async with self._pool.acquire() as connection:
            found: int | None = await connection.fetchval("select seq from projection.feed_heads where feed = $1", self._name)
        return found or 0

    async def read(self, after: int, limit: int) -> list[Message]:
        """The next messages after a number."""
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
        deadline = asyncio.get_running_loop().time() + seconds
        self._listens(1)
        try:
            while True:
                more = self._more
                found = await self.read(after, limit)
                left = deadline - asyncio.get_running_loop().time()
                if found or left <= 0 or self.ended:
                    return found
                try:
                    await asyncio.wait_for(more.wait(), left)
                except TimeoutError:
                    return []
        finally:
            self._listens(-1)

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
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                log.warning("The feed %s cannot be read just now", self._name, exc_info=True)
                continue
            if head != self._head:
                self._head = head
                self.wake()
