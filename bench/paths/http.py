"""A small HTTP/1.1 client on asyncio streams: keep-alive, one request at a time a connection, little CPU of its own.

Guarantees that a measured time is the server's and the wire's: a general client takes milliseconds a request. Knows what our
servers send (Content-Length or chunks); refuses anything else.
"""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, unpacked."""
        body = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        return body.decode()


@dataclass
class Client:
    """One connection of one user, opened at the first request and again when the server has closed it."""

    base: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> Answer:
        """GET, as a browser that takes gzip."""
        return await self._ask(f"GET {path} HTTP/1.1\r\n", {"Accept-Encoding": "gzip"}, b"")

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """POST of JSON."""
        more = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
        return await self._ask(f"POST {path} HTTP/1.1\r\n", more, body)

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _ask(self, line: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(self.base)
        fields = {"Host": parts.netloc, **self.headers, **headers}
        message = (line + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode() + body
        for again in (True, False):
            fresh = self._writer is None
            try:
                if self._writer is None:
                    self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
                assert self._reader is not None
                self._writer.write(message)
                return await self._answer(self._reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.close()
                if fresh or not again:
                    raise
        raise ConnectionError(self.base)

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        status = int(head[0].split(" ")[1])
        if status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            parts: list[bytes] = []
            while size := int(await reader.readuntil(b"\r\n"), 16):
                parts.append(await reader.readexactly(size))
                await reader.readexactly(2)
            await reader.readexactly(2)
            body = b"".join(parts)
        else:
            body = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)
