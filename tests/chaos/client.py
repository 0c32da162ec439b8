"""The client of the campaign: it sends commands over HTTP and keeps its own ledger of what became of each.

Each command has one Idempotency-Key, under which it is sent until it is answered or the client loses patience. What it then
does not know (`unknown`) it asks again at the next quiescence, under the same key: a command can never count twice. What a
person was shown after a recovery, since it no longer fits, is entered again the same way.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

import httpx

from tests.system.world import World

COMMUNES = ("34:00004", "34:14758", "63:00001", "34:24580", "63:14758")
_PATIENCE = 4
_REPEATED = 20
"""So many of the last commands are sent again after a recovery."""


@dataclass
class Sent:
    """One command in the client's ledger."""

    type: str
    data: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: Literal["ok", "rejected", "unknown"] = "unknown"
    answer: dict[str, Any] | None = None
    attempts: int = 0
    cut: int = 0
    """Attempts that nobody answered."""
    asked_later: bool = False
    """Whether the client had lost patience, and asked again at a quiescence."""

    @property
    def service(self) -> str:
        return self.type.split(".", maxsplit=1)[0]

    def ids(self) -> list[str]:
        """Of the events that the answer names."""
        return [event["id"] for event in (self.answer or {"events": ()})["events"]]


class Client:
    """Sends commands and remembers."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self.ledger: list[Sent] = []
        self.broken: list[str] = []
        self.refused: Counter[str] = Counter()
        """How often a service was not able to take a command, by what it said."""
        self.entered_again = 0
        self._held: set[str] = set()
        self._in_hand: Counter[str] = Counter()
        self._clubs: list[str] = []
        self._http: httpx.AsyncClient | None = None

    async def live(self, stop: asyncio.Event) -> None:
        """Send commands until told to stop."""
        while not stop.is_set():
            sent = Sent(*self._command())
            while sent.service in self._held and not stop.is_set():
                await asyncio.sleep(0.05)
            if stop.is_set():
                return
            self.ledger.append(sent)
            await self.send(sent, _PATIENCE)
            if sent.outcome == "ok" and self._rng.random() < 0.05:
                await self._again(sent)
            await asyncio.sleep(self._rng.random() * 0.15)

    async def send(self, sent: Sent, attempts: int, pause: float = 0.2) -> None:
        """Try so many times, under the command's own key."""
        for _ in range(attempts):
            sent.attempts += 1
            answer = await self._post(sent)
            if answer is None or answer.status_code >= 500:
                sent.cut += 1
                await asyncio.sleep(pause)
                continue
            if answer.status_code < 300:
                sent.outcome, sent.answer = "ok", answer.json()
                if sent.type == "clubs.found-club":
                    self._clubs.append(answer.json()["stream"])
            elif sent.cut and not sent.asked_later:
                sent.outcome = "unknown"  # an earlier attempt may still be on its way
            else:
                sent.outcome = "rejected"
            return

    @asynccontextmanager
    async def held(self, *services: str) -> AsyncGenerator[None]:
        """No command is on its way to these services."""
        self._held.update(services)
        try:
            while any(self._in_hand[service] for service in services):
                await asyncio.sleep(0.02)
            yield
        finally:
            self._held.difference_update(services)

    async def repeat(self, service: str, left: set[str]) -> None:
        """After a recovery: the last commands answer as before (I15); those whose events are left to a person are entered
        again at the next quiescence."""
        answered = [sent for sent in self.ledger if sent.service == service and sent.outcome == "ok"]
        for sent in answered:
            if left.intersection(sent.ids()):
                sent.outcome, sent.answer = "unknown", None
                self.entered_again += 1
        for sent in [sent for sent in answered if sent.answer is not None][-_REPEATED:]:
            await self._again(sent, 60)

    async def resolve(self) -> int:
        """Nothing is broken now: ask again for what is unknown; how many there were."""
        unknown = [sent for sent in self.ledger if sent.outcome == "unknown"]
        for sent in unknown:
            sent.asked_later = True
            await self.send(sent, 60, 0.5)
            if sent.outcome == "unknown":
                self.broken.append(f"I12: {sent.type} {sent.key} is not answered though nothing is broken any more")
        return len(unknown)

    async def _again(self, sent: Sent, attempts: int = 1) -> None:
        """The same command under the same key: the same answer (I15)."""
        told = sent.answer or {}
        for left in range(attempts - 1, -1, -1):
            answer = await self._post(sent)
            if answer is not None and answer.status_code < 500:
                break
            if left == 0:
                if attempts > 1:
                    self.broken.append(f"I12: {sent.type} {sent.key} is not answered after the recovery")
                return
            await asyncio.sleep(0.5)
        else:
            return
        again = answer.json()
        if answer.status_code >= 300 or [e["id"] for e in again["events"]] != [e["id"] for e in told["events"]]:
            self.broken.append(f"I15: {sent.key} was answered {told}, and then {answer.status_code} {again}")

    async def _post(self, sent: Sent) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {self._world.token}", "Idempotency-Key": sent.key}
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=8)
        url = f"{self._world.url(sent.service)}/v1/commands"
        self._in_hand[sent.service] += 1
        try:
            answer = await self._http.post(url, json={"type": sent.type, "data": sent.data}, headers=headers)
        except httpx.HTTPError:
            return None
        finally:
            self._in_hand[sent.service] -= 1
        if answer.status_code >= 500:
            self.refused[_slug(answer)] += 1
        return answer

    def _command(self) -> tuple[str, dict[str, Any]]:
        """Mostly in order, some wrong."""
        rng = self._rng
        kind = rng.random()
        day = date(2025, 2, 3) + timedelta(days=rng.randrange(300))
        if kind < 0.3 or not self._clubs:
            list_, _, code = rng.choice(COMMUNES).partition(":")
            commune = {"code": code, "list": list_}
            return "clubs.found-club", {"name": "CLB thôn 1", "commune": commune, "founded_on": "2025-02-03"}
        club = rng.choice(self._clubs) if rng.random() < 0.97 else "club-of-nobody"
        if kind < 0.6:
            total = rng.randrange(30, 90)
            data = {
                "club": club,
                "as_of": day.isoformat(),
                "basis": "counted",
                "total": total,
                "women": rng.randrange(total + 4),
            }
            return "clubs.report-members", data
        if kind < 0.9:
            month = day.replace(day=1)
            held = {"meeting_held": True, "met_on": month.replace(day=17).isoformat()}
            return "clubs.report-month", {"club": club, "month": month.isoformat(), **held}
        return "trainings.hold-training", {
            "title": "Tập huấn", "organiser": "lead-department", "level": "regional", "kind": "first-course",
            "contents": ["founding-and-consolidation"], "starts_on": day.isoformat(), "ends_on": day.isoformat(),
            "place": {"code": "38", "list": "34"}, "clubs": rng.sample(self._clubs, min(2, len(self._clubs))),
        }  # fmt: skip


def _slug(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("slug"))
    except ValueError:
        return str(answer.status_code)
