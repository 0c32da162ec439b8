"""Commands at the front address: each goes to its own service, the answers come back in the order of the commands.

Guarantees that the fields a problem names are those of what the caller sent, that a dry run also says which figures would move,
and that a batch of one service passes through byte for byte. Refuses a batch that is to stand or fall together across services,
which no database could keep; a service that is down makes the whole answer 503, and repeating by ids is safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import Response

from shared.kernel.errors import Refused
from shared.kernel.principal import Principal, parse_actor
from shared.web.body import compact, json_body, parse, require_json
from shared.web.commands import batch_of
from shared.web.envelope import KEY_LENGTH, key_of, require_object, unnamed_id
from shared.web.problems import problem
from shared.web.routing import ELSE, service_of_command, unknown_service
from shared.web.upstream import Upstreams, credentials, forwarded

_PREVIEWED = 2000
_KEPT = ("content-type", "retry-after", "www-authenticate", "x-trace-id")


async def single(upstreams: Upstreams, request: Request) -> Response:
    """`POST /v1/commands`."""
    body = require_object(await json_body(request))
    service = service_of_command(body.get("type"))
    if service is None:
        await _require_token(upstreams, request)
        raise unknown_service("type")
    answer = await upstreams.ask(service, "POST", _target(request), forwarded(request), await request.body())
    if not _dry(request) or not answer.is_success:
        return _same(answer)
    result = cast("dict[str, Any]", orjson.loads(answer.content))
    return _json({**result, **await _figures(upstreams, request, result["events"])})


async def batch(upstreams: Upstreams, request: Request) -> Response:
    """`POST /v1/commands:batch`."""
    raw = await request.body()
    require_json(request.headers.get("content-type"))
    only = _only_service(raw)
    if only is not None:
        answer = await upstreams.ask(only, "POST", _target(request), forwarded(request), raw)
        if not _dry(request) or not answer.is_success:
            return _same(answer)
        answers = cast("list[dict[str, Any]]", orjson.loads(answer.content)["answers"])
    else:
        principal = await _require_token(upstreams, request)
        found = await _split(upstreams, request, raw, principal)
        if isinstance(found, Response):
            return found
        answers = found
    content: dict[str, Any] = {"answers": answers}
    if _dry(request):
        events = [event for one in answers for event in one.get("result", {}).get("events", ())]
        content |= await _figures(upstreams, request, events)
    return _json(content)


def _only_service(raw: bytes) -> str | None:
    """The one service of all commands of a batch; None if there are several, or if the body is for `parse` to refuse."""
    try:
        found: Any = orjson.loads(raw)
        services = {service_of_command(item["type"]) for item in found["commands"]}
    except (ValueError, TypeError, KeyError):
        return None
    return services.pop() if len(services) == 1 else None


async def _split(upstreams: Upstreams, request: Request, raw: bytes, principal: Principal) -> list[dict[str, Any]] | Response:
    items, atomic = batch_of(parse(raw))
    places: dict[str, list[int]] = {}
    answers: dict[int, dict[str, Any]] = {}
    for place, item in enumerate(items):
        kind: object = cast("dict[str, Any]", item).get("type") if isinstance(item, dict) else None
        service = service_of_command(kind)
        if service is None:
            answers[place] = _refused(item, unknown_service(f"commands.{place}.type"))
        else:
            places.setdefault(service, []).append(place)
    if atomic and (len(places) > 1 or answers):
        raise Refused(
            "atomic-across-services",
            "Một lô phải cùng được ghi (atomic) chỉ có thể gồm lệnh của một dịch vụ; hãy tách lô.",
            "A batch that stands or falls together (atomic) holds commands of one service only; split it.",
            field="atomic",
        )
    _name_all(items, key_of(request), principal)
    parts = list(places.items())
    replies = await asyncio.gather(*(_part(upstreams, request, name, items, mine, atomic=atomic) for name, mine in parts))
    for (_, mine), reply in zip(parts, replies, strict=True):
        if not reply.is_success:
            return _same(reply)
        for inner, (place, one) in enumerate(zip(mine, orjson.loads(reply.content)["answers"], strict=True)):
            answers[place] = _renumbered(one, inner, place)
    return [answers[place] for place in range(len(items))]


async def _part(
    upstreams: Upstreams, request: Request, service: str, items: Sequence[Any], mine: Sequence[int], *, atomic: bool
) -> httpx.Response:
    body = compact({"commands": [items[place] for place in mine], "atomic": atomic})
    return await upstreams.ask(service, "POST", _target(request), credentials(request), body)


def _name_all(items: Sequence[Any], key: str | None, principal: Principal) -> None:
    """Commands without an id (null is none) get the one that a service gives them by the batch's own key and their place."""
    if key is None:
        return
    for place, item in enumerate(items):
        if isinstance(item, dict) and (fields := cast("dict[str, Any]", item)).get("id") is None:
            fields["id"] = unnamed_id(key, principal, place)


def _renumbered(answer: dict[str, Any], inner: int, place: int) -> dict[str, Any]:
    """The answer with the field of its problem as it stands in the whole batch."""
    trouble = cast("dict[str, Any] | None", answer.get("problem"))
    head = f"commands.{inner}"
    if trouble and (field := cast("str", trouble.get("field", ""))).startswith(head):
        trouble["field"] = f"commands.{place}{field[len(head) :]}"
    return answer


def _refused(item: Any, refused: Refused) -> dict[str, Any]:
    identity: object = cast("dict[str, Any]", item).get("id") if isinstance(item, dict) else None
    shown = identity if isinstance(identity, str) and len(identity) <= KEY_LENGTH else None
    return {"id": shown, "status": refused.status, "problem": problem(refused)}


async def _figures(upstreams: Upstreams, request: Request, events: Sequence[Any]) -> Mapping[str, Any]:
    """Which figures these events would move, as the reporting service says; without it, why not."""
    asked = {"events": events[:_PREVIEWED]}
    try:
        status, found = await upstreams.json(ELSE, "POST", "/v1/figures:preview", credentials(request), asked)
    except Refused as down:
        return {"figures": None, "figures_problem": problem(down)}
    return {"figures": found.get("figures", found)} if status == 200 else {"figures": None, "figures_problem": found}


async def _require_token(upstreams: Upstreams, request: Request) -> Principal:
    """Who is asking. Who sends nothing that a service would take is still asked who they are first."""
    status, found = await upstreams.json(ELSE, "GET", "/v1/me", credentials(request))
    if status != 200:
        raise Refused(found["slug"], found["detail"], found["detail_en"], status=status)
    return parse_actor(f"{found['role']}/{found['side']}/{found['area']}/{found['token']}")


def _dry(request: Request) -> bool:
    return request.query_params.get("dry_run", "").lower() in {"1", "true", "yes", "on"}


def _target(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


def _same(answer: httpx.Response) -> Response:
    """The answer of a service as it is."""
    kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    return Response(answer.content, status_code=answer.status_code, headers=kept)
