"""The one door for commands (lệnh): `POST /v1/commands` and `POST /v1/commands:batch`, the same for every service.

Guarantees one answer a command, in order: what was stored and where, or a problem; a repeated id gets its first answer.
`?dry_run=1` answers the events that would be recorded and stores nothing. Refuses hostile bodies before looking into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Query, Response
from fastapi import Request as HttpRequest

from shared.eventlog.handler import Done, Handler, Preview
from shared.eventlog.plan import Request
from shared.kernel.clock import Clock
from shared.kernel.errors import Notice, Refused
from shared.kernel.principal import Principal
from shared.web.access import Holder
from shared.web.body import json_body
from shared.web.envelope import Types, batch_request, key_of, require_fields, require_object, single_request
from shared.web.problems import answer as problem_answer
from shared.web.problems import problem

BATCH = 500

DryRun = Annotated[bool, Query(description="Answer the events that would be recorded, and store nothing")]


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes need of a service: its name, the commands it takes from outside, and who handles them."""

    source: str
    types: Types
    handler: Handler
    clock: Clock


def router(door: Door) -> APIRouter:
    """The two routes."""
    routes = APIRouter(prefix="/v1", tags=["commands"])

    @routes.post("/commands", openapi_extra=_body("Command"), responses=_SINGLE)
    async def command(request: HttpRequest, principal: Holder, *, dry_run: DryRun = False) -> Response:
        """Record one command. 201 with where it stands, 200 when this id was recorded before."""
        wish = single_request(door.types, await json_body(request), key_of(request), principal)
        if dry_run:
            return _json(_preview(door, wish, (await door.handler.preview([wish]))[0]))
        done = (await door.handler.handle([wish]))[0]
        if isinstance(done, Refused):
            return problem_answer(done)
        return _json(_recorded(door.source, done), 200 if done.outcome.repeated else 201)

    @routes.post("/commands:batch", openapi_extra=_body("CommandBatch"), responses=_BATCH)
    async def batch(request: HttpRequest, principal: Holder, *, dry_run: DryRun = False) -> Response:
        """Record up to 500 commands, each with an answer of its own; `atomic` stores all or none."""
        items, atomic = batch_of(await json_body(request))
        wishes = _wishes(door.types, items, key_of(request), principal)
        outcomes = await (_previewed(door, wishes) if dry_run else _handled(door, wishes, atomic=atomic))
        return _json({"answers": [_answer(item, outcome) for item, outcome in zip(items, outcomes, strict=True)]})

    _ = (command, batch)
    return routes


def batch_of(body: Any) -> tuple[list[Any], bool]:
    """The commands of a batch and whether they stand or fall together. May raise `Refused`."""
    fields = require_object(body)
    require_fields(fields, {"commands"}, {"atomic"})
    items, atomic = fields["commands"], fields.get("atomic", False)
    if not isinstance(items, list):
        raise Refused("not-a-list", "Phải là một danh sách.", "Must be a list.", field="commands")
    if not isinstance(atomic, bool):
        raise Refused("not-true-or-false", "Phải là true hoặc false.", "Must be true or false.", field="atomic")
    commands = cast("list[Any]", items)
    if not 0 < len(commands) <= BATCH:
        raise Refused(
            "batch-size",
            f"Một lô có từ 1 đến {BATCH} lệnh; hãy chia nhỏ.",
            f"A batch holds 1 to {BATCH} commands; split it.",
            field="commands",
        )
    return commands, atomic


def refused_together() -> Refused:
    """The refusal of a good command in a batch that stands or falls together."""
    return Refused(
        "refused-together",
        "Lệnh này hợp lệ nhưng cả lô phải cùng được ghi; hãy sửa các lệnh bị từ chối rồi gửi lại cả lô.",
        "This command is in order, but the batch stands or falls together; correct the refused ones and send all again.",
    )


_Outcome = dict[str, Any] | Refused
"""The result as JSON with its HTTP status under `status`, or the refusal."""


def _wishes(types: Types, items: Sequence[Any], key: str | None, principal: Principal) -> list[Request | Refused]:
    wishes: list[Request | Refused] = []
    for place, item in enumerate(items):
        try:
            wishes.append(batch_request(types, item, key, place, principal))
        except Refused as refused:
            wishes.append(refused)
    return wishes


async def _handled(door: Door, wishes: Sequence[Request | Refused], *, atomic: bool) -> list[_Outcome]:
    good = [wish for wish in wishes if isinstance(wish, Request)]
    if atomic and len(good) < len(wishes):
        return [wish if isinstance(wish, Refused) else refused_together() for wish in wishes]
    done = iter(await door.handler.handle(good, atomic=atomic))
    return [wish if isinstance(wish, Refused) else _recorded_or_refused(door.source, next(done)) for wish in wishes]


async def _previewed(door: Door, wishes: Sequence[Request | Refused]) -> list[_Outcome]:
    previews = iter(await door.handler.preview([wish for wish in wishes if isinstance(wish, Request)]))
    outcomes: list[_Outcome] = []
    for wish in wishes:
        try:
            outcomes.append(wish if isinstance(wish, Refused) else _preview(door, wish, next(previews)))
        except Refused as refused:
            outcomes.append(refused)
    return outcomes


def _recorded_or_refused(source: str, done: Done | Refused) -> _Outcome:
    return done if isinstance(done, Refused) else _recorded(source, done)


def _recorded(source: str, done: Done) -> dict[str, Any]:
    outcome = done.outcome
    return {
        "command_id": outcome.command_id,
        "source": source,
        "stream": outcome.stream,
        "version": outcome.version,
        "lane": outcome.lane,
        "position": outcome.position,
        "recorded_at": outcome.recorded_at,
        "events": [
            {"id": event_id, "type": event.TYPE} for event_id, event in zip(outcome.event_ids, done.events, strict=True)
        ],
        "repeated": outcome.repeated,
        "notices": _notices(done.notices),
    }


def _preview(door: Door, wish: Request, preview: Preview | Refused) -> dict[str, Any]:
    if isinstance(preview, Refused):
        raise preview
    at: datetime = wish.recorded_at or door.clock()
    return {
        "command_id": wish.command_id,
        "source": door.source,
        "stream": preview.stream,
        "dry_run": True,
        "events": [
            {
                "source": door.source,
                "stream": preview.stream,
                "type": event.TYPE,
                "schema_version": event.VERSION,
                "data": orjson.Fragment(event.to_json()),
                "recorded_at": at,
            }
            for event in preview.events
        ],
        "notices": _notices(preview.notices),
    }


def _notices(notices: Sequence[Notice]) -> list[dict[str, Any]]:
    return [{"slug": n.slug, "vi": n.vi, "en": n.en, "field": n.field} for n in notices]


def _answer(item: Any, outcome: _Outcome) -> dict[str, Any]:
    identity = cast("dict[str, Any]", item).get("id") if isinstance(item, dict) else None
    if not isinstance(identity, str) or len(identity) > 200:
        identity = None if isinstance(outcome, Refused) else outcome["command_id"]
    if isinstance(outcome, Refused):
        return {"id": identity, "status": outcome.status, "problem": problem(outcome)}
    fresh = not outcome.get("dry_run") and not outcome["repeated"]
    return {"id": identity, "status": 201 if fresh else 200, "result": outcome}


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")


def _body(schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"requestBody": {"required": True, "content": content}}


def _answers(statuses: dict[int, tuple[str, str]]) -> dict[int | str, dict[str, Any]]:
    return {
        status: {
            "description": why,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
        }
        for status, (why, schema) in statuses.items()
    }


_SINGLE = _answers({200: ("Recorded before, or a dry run", "Recorded"), 201: ("Recorded", "Recorded")})
_BATCH = _answers({200: ("An answer a command, in order", "BatchAnswers")})
