"""Those who listen at the front take no figures away; those who ask for headers only get them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.kernel.errors import Refused
from shared.web.front import create_front
from shared.web.listeners import Listeners
from tests.shared.web.four import System


class Endless(httpx.AsyncByteStream):
    """A stream that says hello and then nothing."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b": hello\n\n"
        await asyncio.Event().wait()


class Streaming(httpx.AsyncBaseTransport):
    """Endless streams, or what goes wrong instead."""

    def __init__(self, failure: type[httpx.TransportError] | None = None) -> None:
        self.failure = failure

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.failure:
            raise self.failure("no", request=request)
        return httpx.Response(200, stream=Endless())


def client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, base_url="http://reporting")


async def ask(app: Any, address: str, started: list[int], slugs: list[bytes]) -> None:
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/v1/stream", "raw_path": b"/v1/stream", "query_string": b"", "headers": [],
        "scheme": "http", "server": ("front", 80), "http_version": "1.1", "client": (address, 1),
    }  # fmt: skip
    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        if "status" in message:
            started.append(message["status"])
            assert message["status"] == 200 or b"retry-after" in dict(message["headers"])
        elif started[-1] != 200:
            slugs.append(message["body"])

    await app(scope, receive, send)


async def test_listeners_are_bounded_for_each_address_and_give_their_place_back() -> None:
    app = create_front({"reporting": client(Streaming(httpx.ConnectError))}, {"reporting": client(Streaming())})
    started: list[int] = []
    slugs: list[bytes] = []
    async with asyncio.TaskGroup() as group:
        listening = [group.create_task(ask(app, "10.0.0.1", started, slugs)) for _ in range(20)]
        while len(started) < 20:
            await asyncio.sleep(0)
        await ask(app, "10.0.0.1", started, slugs)
        assert started == [200] * 20 + [503]
        assert b"too-many-listeners" in slugs[0]
        listening.append(group.create_task(ask(app, "10.0.0.2", started, slugs)))
        while len(started) < 22:
            await asyncio.sleep(0)
        listening[0].cancel()
        await asyncio.wait([listening[0]])
        listening.append(group.create_task(ask(app, "10.0.0.1", started, slugs)))
        while len(started) < 23:
            await asyncio.sleep(0)
        for task in listening:
            task.cancel()
    assert started[21:] == [200, 200]


async def test_a_stream_that_did_not_begin_gives_its_place_back() -> None:
    app = create_front({"reporting": client(Streaming(httpx.ConnectError))})
    slugs: list[bytes] = []
    for _ in range(25):
        await ask(app, "10.0.0.1", [], slugs)
    assert all(b"service-down" in slug for slug in slugs)


def test_listeners_are_bounded_in_total() -> None:
    listeners = Listeners(most=2)
    with listeners.one("a"), listeners.one("b"), pytest.raises(Refused, match="too-many-listeners"), listeners.one("c"):
        pass
    with listeners.one("c"), listeners.one("c"):
        pass


async def test_without_a_free_connection_a_service_is_busy_not_down(system: System) -> None:
    front = system.before({**system.clients, "reporting": client(Streaming(httpx.PoolTimeout))})
    for answer in (await front.get("/v1/progress"), await front.get("/v1/stream"), await front.post("/v1/commands", json={})):
        assert (answer.status_code, answer.json()["slug"]) == (503, "busy")
        assert answer.headers["retry-after"]


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/clubs/health"])
async def test_head_is_get_without_a_body(system: System, path: str) -> None:
    got, headed = await system.front.get(path), await system.front.head(path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert headed.headers["content-type"] == got.headers["content-type"]
