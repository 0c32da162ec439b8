"""A wire with a counter: a TCP proxy before PostgreSQL that reads the protocol both ways and changes nothing.

It sees every statement of every client library, those that a driver makes by itself too. A statement is a text that the
server executes; a round trip ends with the server's ReadyForQuery; a transaction has ended when that says "idle".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from shared.local.databases import DatabaseUrls

_SSL_REQUEST = 80877103


@dataclass
class Count:
    """What went over the wire while it was counted."""

    statements: list[str] = field(default_factory=list)
    round_trips: int = 0
    transactions: int = 0

    def of(self, word: str) -> list[str]:
        """The statements that begin with a word."""
        return [each for each in self.statements if each.startswith(word)]

    def __str__(self) -> str:
        return f"{self.round_trips} round trips, {self.transactions} transactions:\n" + "\n".join(self.statements)


class Wire:
    """The proxy. One object counts all connections that are made through it."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._port = 0
        self._counts: list[Count] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Wire]:
        """Takes connections inside."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    def through(self, url: str) -> str:
        """The same database, over this wire."""
        parts = urlsplit(url)
        login = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{self._port}"))

    @contextmanager
    def counting(self) -> Iterator[Count]:
        """Counts inside. Take care that nobody else is under way."""
        count = Count()
        self._counts.append(count)
        try:
            yield count
        finally:
            self._counts.remove(count)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._upstream)
        try:
            await asyncio.gather(
                self._forth(reader, writer, there_writer),
                self._back(there_reader, writer),
            )
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            writer.close()
            there_writer.close()

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, there: asyncio.StreamWriter) -> None:
        texts: dict[bytes, str] = {}
        portals: dict[bytes, str] = {}
        while True:  # before the first message of a kind there are those that have none
            length = await reader.readexactly(4)
            body = await reader.readexactly(int.from_bytes(length) - 4)
            if int.from_bytes(body[:4]) != _SSL_REQUEST:
                there.write(length + body)
                break
            writer.write(b"N")
        while True:
            try:
                kind, length, body = await _message(reader)
            except asyncio.IncompleteReadError:
                there.write_eof()
                return
            match kind:
                case b"Q":
                    self._executed(body[:-1].decode())
                case b"P":
                    name, text, _ = body.split(b"\0", 2)
                    texts[name] = text.decode()
                case b"B":
                    portal, name, _ = body.split(b"\0", 2)
                    portals[portal] = texts[name]
                case b"E":
                    self._executed(portals[body.split(b"\0", 1)[0]])
                case _:
                    pass
            there.write(kind + length + body)
            await there.drain()

    async def _back(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            kind, length, body = await _message(there)
            if kind == b"Z":
                for count in self._counts:
                    count.round_trips += 1
                    count.transactions += body == b"I"
            writer.write(kind + length + body)
            await writer.drain()

    def _executed(self, text: str) -> None:
        for count in self._counts:
            count.statements.append(re.sub(r"\s+", " ", text.strip().rstrip(";")).lower())


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes, bytes]:
    kind = await reader.readexactly(1)
    length = await reader.readexactly(4)
    return kind, length, await reader.readexactly(int.from_bytes(length) - 4)


class OverWire:
    """Hands out fresh databases whose service reaches them over the wire; their owner goes straight there."""

    def __init__(self, postgres: object, wire: Wire) -> None:
        self._postgres = postgres
        self._wire = wire

    async def database(self, name: str | None = None) -> DatabaseUrls:
        """A database that nobody has used."""
        urls = await self._postgres.database(name)  # type: ignore[attr-defined]  # the fixture of tests/conftest.py
        return DatabaseUrls(urls.owner, self._wire.through(urls.app), urls.app_role, urls.name)
