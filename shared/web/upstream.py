"""The services as the front address reaches them: questions answered whole, and answers passed on as they come.

Guarantees that a service which does not answer becomes 503 with its name and a `Retry-After`, that headers which belong to one
connection stay on it, that what a caller claims about forwarding is dropped, and that those who listen to streams have
connections of their own. It repeats nothing by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from shared.kernel.errors import Refused
from shared.telemetry import context
from shared.web import origin
from shared.web.body import written
from shared.web.listeners import LISTENERS, Listeners
from shared.web.spread import Spread

_TIMEOUT = httpx.Timeout(60.0, connect=3.0, pool=10.0)
_LIMITS = httpx.Limits(max_connections=400, max_keepalive_connections=64)
_STREAMS = httpx.Limits(max_connections=LISTENERS, max_keepalive_connections=8)

Headers = Sequence[tuple[bytes, bytes]]

_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
        b"transfer-encoding", b"upgrade", b"host", b"content-length", b"expect", b"forwarded", origin.HOST, origin.PEER,
    }
)  # fmt: skip
_NOT_BACK = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "trailer", "transfer-encoding", "upgrade", "date", "server"}
)


class Down(Refused):
    """A service that does not answer, or to which no connection is free. Sending the same again, under its ids, is safe."""

    def __init__(self, service: str, *, busy: bool = False) -> None:
        vi, en = ("đang quá bận", "is too busy") if busy else ("chưa trả lời", "does not answer")
        super().__init__(
            "busy" if busy else "service-down",
            f"Dịch vụ {service} {vi}; hãy thử lại sau vài giây (lệnh: gửi lại cùng mã lệnh).",
            f"The service {service} {en}; try again in some seconds (commands: under the same ids).",
            status=503,
        )
        self.service = service


class Upstreams:
    """One HTTP client a service, and another for its streams."""

    def __init__(
        self, clients: Mapping[str, httpx.AsyncClient], streams: Mapping[str, httpx.AsyncClient] | None = None
    ) -> None:
        self._clients = clients
        self._streams = clients if streams is None else streams
        self._listeners = Listeners()

    async def ask(self, service: str, method: str, target: str, headers: Headers, body: bytes = b"") -> httpx.Response:
        """The whole answer. May raise `Down`."""
        if service not in self._clients:
            raise Down(service)
        request = self._request(service, method, target.encode("ascii"), headers, body)
        try:
            return await self._clients[service].send(request)
        except (httpx.TransportError, httpx.InvalidURL) as failure:
            raise _down(service, failure) from failure

    async def json(
        self, service: str, method: str, target: str, headers: Headers, body: Any = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer. May raise `Down`, also for an answer that is no JSON object."""
        content = b"" if body is None else written(body)
        answer = await self.ask(service, method, target, headers, content)
        try:
            found: Any = orjson.loads(answer.content)
        except orjson.JSONDecodeError as failure:
            raise Down(service) from failure
        if not isinstance(found, dict):
            raise Down(service)
        return answer.status_code, cast("dict[str, Any]", found)

    async def close(self) -> None:
        """Give all connections back."""
        for client in {*self._clients.values(), *self._streams.values()}:
            await client.aclose()

    async def passed_on(self, service: str, request: Request, target: bytes) -> Response:
        """The answer of a service to this request, as it comes. May raise `Down`."""
        return await self._passed_on(self._clients[service], service, request, target, ExitStack())

    async def listened(self, service: str, request: Request, target: bytes) -> Response:
        """A stream of a service, for one more listener. May raise `Down` and `too-many-listeners`."""
        held = ExitStack()
        held.enter_context(self._listeners.one(request.client.host if request.client else ""))
        try:
            return await self._passed_on(self._streams[service], service, request, target, held)
        except BaseException:
            held.close()
            raise

    async def _passed_on(
        self, client: httpx.AsyncClient, service: str, request: Request, target: bytes, held: ExitStack
    ) -> Response:
        body = await request.body()
        sent = self._request(service, request.method, target, forwarded(request), body)
        try:
            answer = await client.send(sent, stream=True)
        except (httpx.TransportError, httpx.InvalidURL) as failure:
            raise _down(service, failure) from failure
        response = _Passed(answer, held)
        named = {name.strip().lower() for name in answer.headers.get("connection", "").split(",")}
        response.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.decode("latin-1").lower() not in _NOT_BACK | named
        ]
        return response

    def _request(self, service: str, method: str, target: bytes, headers: Headers, body: bytes) -> httpx.Request:
        client = self._clients[service]
        url = client.base_url.copy_with(raw_path=client.base_url.raw_path.rstrip(b"/") + target)
        return client.build_request(method, url, headers=_traced(headers), content=body or None)


def _traced(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers with the span of the request that this one is asked for, in place of what came in."""
    call = context.current()
    if call is None:
        return [*headers]
    kept = [(name, value) for name, value in headers if name.lower() != b"traceparent"]
    return [*kept, (b"traceparent", call.here.traceparent().encode())]


class _Passed(StreamingResponse):
    """An answer on its way; however it ends, its connection and what is held for it are given back."""

    def __init__(self, answer: httpx.Response, held: ExitStack) -> None:
        super().__init__(_until_broken(answer), status_code=answer.status_code)
        self._answer = answer
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._held.close()
            await self._answer.aclose()


def _down(service: str, failure: Exception) -> Down:
    return Down(service, busy=isinstance(failure, httpx.PoolTimeout))


async def _until_broken(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The answer's bytes; when the service goes away half way the stream is cut, which the caller can see."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def forwarded(request: Request) -> Headers:
    """The headers of a request that a service gets to see, byte for byte, and what the front itself saw of the caller."""
    named = {name.strip().lower() for name in request.headers.get("connection", "").encode("latin-1").split(b",")}
    seen = [(origin.HOST, value) for name, value in request.headers.raw if name == b"host"]
    if request.client is not None:
        seen.append((origin.PEER, request.client.host.encode("latin-1")))
    return seen + [
        (name, value)
        for name, value in request.headers.raw
        if name not in _HOP and name not in named and not name.startswith(b"x-forwarded-")
    ]


def credentials(request: Request) -> Headers:
    """Only who is asking, for questions that the front asks of its own."""
    kept = [(name, value) for name, value in request.headers.raw if name == b"authorization"]
    return [*kept, (b"content-type", b"application/json")]


def open_clients(urls: Mapping[str, str], *, streams: bool = False) -> dict[str, httpx.AsyncClient]:
    """A client for each service, or for its streams; proxies of the environment are not used."""
    clients = {
        name: httpx.AsyncClient(
            base_url=url,
            timeout=_TIMEOUT,
            transport=httpx.AsyncHTTPTransport(limits=_STREAMS, trust_env=False) if streams else Spread(_LIMITS),
            trust_env=False,
            follow_redirects=False,
        )
        for name, url in urls.items()
    }
    for client in clients.values():  # one client carries all visitors: it must keep nobody's cookies
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return clients
