"""A feed as server-sent events: resumable by `Last-Event-ID`, with heartbeats, in bounded memory.

A listener pulls one page after another, so a slow one holds one page and delays nobody; one that takes nothing for half a
minute is dropped, and comes back with its `Last-Event-ID` without gap or repeat. A number from the future (a feed that was
built anew) starts at the end and says so.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache

from starlette.responses import StreamingResponse
from starlette.types import Message as AsgiMessage
from starlette.types import Send

from shared.feeds.bell import Limit
from shared.feeds.feed import Feed, Message

_PAGE = 100
_HEARTBEAT_SECONDS = 15.0
_STALLED_SECONDS = 30.0


def sse_response(
    feed: Feed, last_event_id: str | None, *, heartbeat: float = _HEARTBEAT_SECONDS, stalled: float = _STALLED_SECONDS
) -> StreamingResponse:
    """The response. Without a (readable) `Last-Event-ID` it begins with what comes next."""
    after = int(last_event_id) if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit() else None
    return _Impatient(feed, _lines(feed, after, heartbeat), stalled)


async def _lines(feed: Feed, after: int | None, heartbeat: float) -> AsyncIterator[bytes]:
    head = await feed.head()
    at = head if after is None or after > head else after
    yield b"retry: 2000\n"
    yield (
        b"id: %d\nevent: open\ndata: {}\n\n" % at
        if after is None or after == at
        else b"id: %d\nevent: reset\ndata: {}\n\n" % at
    )
    while not feed.ended:
        messages = await feed.next(at, _PAGE, heartbeat)
        if not messages:
            yield b": heartbeat\n\n"
            continue
        at = messages[-1].seq
        began = time.time_ns()
        yield b"".join(map(_encoded, messages))
        feed.sent += len(messages)
        for hook in feed.on_sent:
            hook(messages, began)


@lru_cache(maxsize=256)
def _encoded(message: Message) -> bytes:
    """As it goes over the wire, the same for every listener."""
    return f"id: {message.seq}\nevent: {message.kind}\ndata: {message.payload}\n\n".encode()


class _Impatient(StreamingResponse):
    """A streaming response that ends when its client takes nothing for a while."""

    def __init__(self, feed: Feed, lines: AsyncIterator[bytes], stalled: float) -> None:
        headers: Mapping[str, str] = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(lines, media_type="text/event-stream; charset=utf-8", headers=headers)
        self._feed = feed
        self._stalled = stalled

    async def stream_response(self, send: Send) -> None:
        """Send part by part, each within the time a client may take."""

        limit = Limit(self._stalled)

        async def send_in_time(message: AsgiMessage) -> None:
            await limit.on(send(message))

        self._feed.clients += 1
        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            self._feed.dropped += 1
        finally:
            self._feed.clients -= 1
