"""The two servers of R13, each a process of its own: `ours` or `raw`, a port, and the URL of a database for the feed."""

from __future__ import annotations

import asyncio
import resource
import sys
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.eventlog.postgres import open_pool
from shared.feeds.feed import Feed, append
from shared.feeds.sse import sse_response
from shared.runtime import collector

PAYLOAD = {
    "events": 12,
    "places": sorted(f"34:{number:02}" for number in (1, 4, 8, 11, 12, 14, 15, 19, 20, 22, 24, 25, 31, 33, 37, 38, 40, 42, 44)),
    "types": {"clubs.members-reported": 7, "clubs.month-reported": 5},
}


async def ours(port: int, url: str) -> None:
    """The feed and its route, under uvicorn with the product's settings."""
    pool = await open_pool(url, max_size=12)
    feed = Feed(pool)

    async def stream(request: Request) -> Response:
        return sse_response(feed, request.headers.get("last-event-id"))

    app = Starlette(routes=[Route("/v1/stream", stream)])
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="error", access_log=False, server_header=False, http="h11", backlog=4096
    )
    serving = asyncio.create_task(uvicorn.Server(config).serve())

    async def publish() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await append(connection, "figures", PAYLOAD)
        feed.wake()

    await _obey(publish)
    serving.cancel()


async def raw(port: int, url: str) -> None:
    """Transports, and the bytes that ours sends, its chunked framing included."""
    del url
    transports: list[asyncio.Transport] = []
    number = 0

    class Listener(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport

        def data_received(self, data: bytes) -> None:
            del data
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nid: 0\nevent: open\ndata: {}\n\n")
            transports.append(self.transport)

    await asyncio.get_running_loop().create_server(Listener, "127.0.0.1", port, backlog=4096)

    async def publish() -> None:
        nonlocal number
        number += 1
        text = b"id: %d\nevent: figures\ndata: %s\n\n" % (number, orjson.dumps(PAYLOAD))
        chunk = b"%x\r\n%s\r\n" % (len(text), text)
        for transport in transports:
            transport.write(chunk)

    await _obey(publish)


async def _obey(publish: Any) -> None:
    """A message for every line of stdin, until it ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await asyncio.sleep(0.5)
    collector.spare()
    print("listening", flush=True)
    while await reader.readline():
        await publish()


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run({"ours": ours, "raw": raw}[sys.argv[1]](int(sys.argv[2]), sys.argv[3]))
