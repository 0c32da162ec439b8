"""The public batch door as a client uses it: up to 500 commands a call, each with an answer of its own.

Guarantees that commands given in order arrive in order, and that a service that restarts, or does not answer for a while,
is asked again: ids make that harmless. Refuses to go on when nothing answers for a minute, or when the door itself refuses.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx

from shared.kernel.errors import Refused

AT_ONCE = 500
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that was refused: which, and why."""

    id: str
    slug: str
    vi: str
    en: str


@dataclass(slots=True)
class Tally:
    """What became of the commands: newly recorded, known already (nothing changed), refused.

    `heads` is the last position of each (source, lane) that the answers named: a reader who has passed them has seen all.
    """

    recorded: int = 0
    repeated: int = 0
    refused: list[Refusal] = field(default_factory=list[Refusal])
    heads: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    figures: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What a dry run says would move, call by call."""

    def add(self, other: Tally) -> None:
        """Count another one in."""
        self.recorded += other.recorded
        self.repeated += other.repeated
        self.refused += other.refused
        self.figures += other.figures
        for lane, position in other.heads.items():
            self.heads[lane] = max(position, self.heads.get(lane, 0))


@asynccontextmanager
async def open_door(front: str, token: str, *, seconds: float = 60.0) -> AsyncGenerator[Door]:
    """The door at a front address, for the bearer of a token."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=front, headers=headers, timeout=seconds, trust_env=False) as client:
        yield Door(client)


class Door:
    """`POST /v1/commands:batch`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, commands: Sequence[str], *, dry_run: bool = False) -> Tally:
        """Send commands, each the JSON text of `{id, type, data}`, in their order. May raise `Refused`."""
        tally = Tally()
        for start in range(0, len(commands), AT_ONCE):
            body = '{"commands":[' + ",".join(commands[start : start + AT_ONCE]) + "]}"
            answer = await self._post(body.encode(), dry_run=dry_run)
            tally.add(_tally(answer))
        return tally

    async def _post(self, body: bytes, *, dry_run: bool) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        pause = 0.1
        while True:
            try:
                answer = await self._client.post(
                    "/v1/commands:batch",
                    content=body,
                    headers={"Content-Type": "application/json"},
                    params={"dry_run": "1"} if dry_run else {},
                )
            except httpx.TransportError as failure:
                if time.monotonic() > deadline:
                    raise _no_answer(str(self._client.base_url), failure) from failure
            else:
                if answer.is_success:
                    return cast("dict[str, Any]", answer.json())
                if answer.status_code not in (429, 502, 503, 504) or time.monotonic() > deadline:
                    raise refusal(answer)
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)


def _tally(answer: dict[str, Any]) -> Tally:
    tally = Tally(figures=cast("list[dict[str, Any]] | None", answer.get("figures")) or [])
    for one in cast("list[dict[str, Any]]", answer["answers"]):
        problem = cast("dict[str, Any] | None", one.get("problem"))
        if problem is not None:
            tally.refused.append(
                Refusal(str(one["id"]), str(problem["slug"]), str(problem["detail"]), str(problem.get("detail_en", "")))
            )
            continue
        result = cast("dict[str, Any]", one["result"])
        if result.get("repeated") or not result["events"]:
            tally.repeated += 1
        else:
            tally.recorded += 1
        if "position" in result:
            lane = (str(result["source"]), int(result["lane"]))
            tally.heads[lane] = max(int(result["position"]), tally.heads.get(lane, 0))
    return tally


def refusal(answer: httpx.Response) -> Refused:
    """What a problem answer says, as `Refused`; `unexpected-answer` for one that is no problem."""
    try:
        body: Any = answer.json()
    except ValueError:
        body = None
    problem = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    return Refused(
        str(problem.get("slug", "unexpected-answer")),
        str(problem.get("detail", f"Máy chủ trả lời {answer.status_code} không như mong đợi.")),
        str(problem.get("detail_en", f"The server gave an unexpected answer, {answer.status_code}.")),
        status=answer.status_code,
        field=problem.get("field"),
    )


def _no_answer(address: str, failure: Exception) -> Refused:
    reason = type(failure).__name__
    return Refused(
        "no-answer",
        f"{address} không trả lời ({reason}) trong {PATIENCE:.0f} giây; gửi lại cùng tệp là an toàn.",
        f"{address} has not answered ({reason}) for {PATIENCE:.0f} seconds; sending the same again is safe.",
        status=503,
    )
