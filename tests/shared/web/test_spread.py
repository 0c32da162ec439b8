"""Requests to one service go over several small pools of connections, which together keep the limits of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.web.spread import POOLS, Spread


class Service:
    """Answers every request, counts the connections, and holds answers back while it is told to."""

    def __init__(self) -> None:
        self.opened = 0
        self.open = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.open += 1
        try:
            while await reader.readline():
                while await reader.readline() != b"\r\n":
                    pass
                await self.go_on.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        finally:
            self.open -= 1
            writer.close()


@pytest.fixture
async def service() -> Service:
    return Service()


@pytest.fixture
async def url(service: Service) -> AsyncIterator[str]:
    server = await asyncio.start_server(service.answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def client_of(url: str, *, most: int, kept: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=kept)
    return httpx.AsyncClient(base_url=url, transport=Spread(limits), timeout=httpx.Timeout(5, pool=0.2))


async def test_connections_are_kept_and_used_again_in_every_pool(service: Service, url: str) -> None:
    """Seen to fail with pools that keep nothing: a connection a request."""
    async with client_of(url, most=64, kept=64) as client:
        for _ in range(4 * POOLS):
            assert (await client.get("/")).text == "ok"
        assert service.opened == POOLS


async def test_all_pools_together_keep_the_limit(service: Service, url: str) -> None:
    """Seen to fail with the whole limit for each pool."""
    service.go_on.clear()
    async with client_of(url, most=2 * POOLS, kept=POOLS) as client:
        under_way = [asyncio.create_task(client.get("/")) for _ in range(2 * POOLS)]
        await asyncio.sleep(0.1)
        with pytest.raises(httpx.PoolTimeout):
            await client.get("/")
        service.go_on.set()
        assert [answer.text for answer in await asyncio.gather(*under_way)] == ["ok"] * 2 * POOLS


async def test_closing_closes_the_connections_of_all_pools(service: Service, url: str) -> None:
    client = client_of(url, most=64, kept=64)
    for _ in range(POOLS):
        await client.get("/")
    assert service.open == POOLS
    await client.aclose()
    async with asyncio.timeout(5):
        while service.open:
            await asyncio.sleep(0.01)
