"""What the front address asks of all services at once: tokens are theirs together, an event is one's of them.

Guarantees that a token is valid in all four services or handed out to nobody, and that a revocation which did not reach every
service says which one it did not reach. The token itself is made here; the services only ever see its hash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.web.body import json_body
from shared.web.envelope import require_object
from shared.web.event_routes import unknown_event
from shared.web.problems import MEDIA_TYPE, answer
from shared.web.tokens import hash_of, new_token
from shared.web.upstream import Down, Upstreams, credentials

Reply = tuple[int, dict[str, Any]] | Down


async def issue(upstreams: Upstreams, request: Request) -> Response:
    """`POST /v1/tokens`: in all services, or in none."""
    wish = require_object(await json_body(request))
    token: str | None = None
    if "id" not in wish and "hash" not in wish:
        identity, token = new_token()
        wish = {**wish, "id": identity, "hash": hash_of(token).hex()}
    replies = await _ask(upstreams, request, "POST", "/v1/tokens", body=wish)
    if all(_status(reply) == 201 for reply in replies):
        return _json(201, {**_body(replies[0]), "token": token})
    done = [name for name, reply in zip(SERVICES, replies, strict=True) if _status(reply) == 201]
    if token is not None:
        await _ask(upstreams, request, "DELETE", f"/v1/tokens/{wish['id']}", services=done)
    return _worst(replies)


async def revoke(upstreams: Upstreams, request: Request, identity: str) -> Response:
    """`DELETE /v1/tokens/{id}`: in every service that knows it."""
    replies = await _ask(upstreams, request, "DELETE", f"/v1/tokens/{identity}")
    down = [reply.service for reply in replies if isinstance(reply, Down)]
    known = [reply for reply in replies if _status(reply) == 200]
    if down and known:
        names = ", ".join(down)
        raise Refused(
            "not-revoked-everywhere",
            f"Chưa thu hồi được ở dịch vụ {names} vì dịch vụ chưa trả lời; các dịch vụ khác đã thu hồi. Hãy gửi lại.",
            f"Not yet revoked at {names}, which does not answer; the other services have revoked it. Send it again.",
            status=503,
        )
    if known and all(_status(reply) in {200, 404} for reply in replies):
        return _json(200, _body(known[0]))
    return _worst(replies)


async def listing(upstreams: Upstreams, request: Request) -> Response:
    """`GET /v1/tokens`: every token once, with the services in which it is valid."""
    replies = await _ask(upstreams, request, "GET", "/v1/tokens")
    if not all(_status(reply) == 200 for reply in replies):
        return _worst(replies)
    tokens: dict[str, dict[str, Any]] = {}
    for name, reply in zip(SERVICES, replies, strict=True):
        for token in _body(reply)["tokens"]:
            merged = tokens.setdefault(token["id"], {**token, "services": []})
            if token["revoked_at"] is None:
                merged["services"].append(name)
    return _json(200, {"tokens": sorted(tokens.values(), key=lambda token: token["created_at"], reverse=True)})


async def event(upstreams: Upstreams, request: Request, target: str) -> Response:
    """`GET /v1/events/{id}`: the one service that has it."""
    replies = await _ask(upstreams, request, "GET", target)
    for reply in replies:
        if _status(reply) == 200:
            return _json(200, _body(reply))
    if all(_status(reply) == 404 for reply in replies):
        raise unknown_event()
    return _worst(replies, ignored=404)


async def readiness(upstreams: Upstreams, request: Request) -> Response:
    """`GET /ready`: that of every service."""
    replies = await _ask(upstreams, request, "GET", "/ready")
    services = {
        name: {"ready": False, "why": reply.en} if isinstance(reply, Down) else reply[1]
        for name, reply in zip(SERVICES, replies, strict=True)
    }
    ready = all(service.get("ready") for service in services.values())
    return _json(200 if ready else 503, {"service": "front", "ready": ready, "services": services})


async def _ask(
    upstreams: Upstreams, request: Request, method: str, target: str, *, body: Any = None, services: Sequence[str] = SERVICES
) -> list[Reply]:
    async def one(service: str) -> Reply:
        try:
            return await upstreams.json(service, method, target, credentials(request), body)
        except Down as down:
            return down

    return await asyncio.gather(*(one(service) for service in services))


def _status(reply: Reply) -> int:
    return 503 if isinstance(reply, Down) else reply[0]


def _body(reply: Reply) -> dict[str, Any]:
    return cast("tuple[int, dict[str, Any]]", reply)[1]


def _worst(replies: Sequence[Reply], ignored: int = 0) -> Response:
    """What went wrong: a service's own refusal if there is one, else the service that is down."""
    for reply in replies:
        if not isinstance(reply, Down) and 400 <= reply[0] < 500 and reply[0] != ignored:
            return Response(orjson.dumps(reply[1]), status_code=reply[0], media_type=MEDIA_TYPE)
    down = next((reply for reply in replies if isinstance(reply, Down)), None)
    if down is not None:
        return answer(down)
    status, body = max((reply for reply in replies if not isinstance(reply, Down)), key=lambda reply: reply[0])
    return Response(orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE)


def _json(status: int, content: Any) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
