"""The client and its own ledger: each command with what became of it as far as the client knows.

A command is `ok` (answered as stored), `rejected` (answered as refused, and every attempt was answered) or `unknown`: an
attempt was cut off, and no later one was answered as stored. An unknown command may have happened, once at the most.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.eventlog.handler import Done, Handler
from shared.eventlog.plan import Request
from shared.eventlog.records import Appended
from shared.kernel.errors import Refused
from shared.kernel.principal import CENTRE
from tests.simulator.commands import a_command
from tests.simulator.faults import Faults
from tests.simulator.loop import Process, SimLoop

_ATTEMPTS = 6


class Unheard(Exception):
    """No answer came."""


@dataclass
class Noted:
    """A command in the client's ledger."""

    service: str
    request: Request
    outcome: Literal["ok", "rejected", "unknown"] = "unknown"
    answer: Appended | None = None
    cut: int = 0
    """Attempts without an answer."""

    def possible_ids(self, most: int = 3) -> list[str]:
        """The ids of the events that the command may have caused: they follow from its own id."""
        return [str(uuid.uuid5(uuid.UUID(self.request.command_id), str(index))) for index in range(most)]


@dataclass
class Door:
    """A serving process of a service: requests go in, answers come out, unless it dies."""

    service: str
    process: Process
    handler: Handler
    open: dict[asyncio.Future[Any], None] = field(default_factory=dict)

    async def ask(self, loop: SimLoop, request: Request, seconds: float) -> Done | Refused:
        """Send a request and wait for the answer. May raise `Unheard`."""
        answer = loop.create_future()
        self.open[answer] = None

        async def serve() -> None:
            try:
                result: Any = (await self.handler.handle([request]))[0]
            except Refused as refused:
                result = refused
            if not answer.done():
                answer.set_result(result)

        if self.process.dead:
            raise Unheard
        loop.spawn(self.process, serve())
        try:
            return await asyncio.wait_for(answer, seconds)
        except (TimeoutError, ConnectionResetError) as error:
            raise Unheard from error
        finally:
            self.open.pop(answer, None)

    def cut(self) -> None:
        """The process died: every open request is cut off."""
        for answer in list(self.open):
            if not answer.done():
                answer.set_exception(ConnectionResetError())


class Client:
    """Sends commands one after the other, each under one id until it is answered or given up."""

    def __init__(
        self,
        rng: random.Random,
        faults: Faults,
        loop: SimLoop,
        doors: Callable[[str], list[Door]],
        ledger: list[Noted],
        gone: set[str],
    ) -> None:
        """`gone`: events that a log has lost for good; who asks for their command again has it done anew."""
        self._rng, self._faults, self._loop, self._doors, self._ledger = rng, faults, loop, doors, ledger
        self._gone = gone
        self.broken_promises: list[str] = []

    async def live(self, services: list[str], count: int) -> None:
        """Send some commands."""
        for _ in range(count):
            service = self._rng.choice((*services, "clubs"))
            clubs = [n.answer.stream for n in self._ledger if n.answer and n.service == "clubs" and n.outcome == "ok"]
            clubs = list(dict.fromkeys(clubs))
            command_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
            noted = Noted(service, Request(command_id, a_command(self._rng, service, clubs), CENTRE))
            self._ledger.append(noted)
            await self._settle(noted)
            if noted.outcome == "ok" and self._faults.fire("client.asks_again"):
                await self.again(noted)
            if noted.outcome == "ok" and self._faults.fire("client.reuses_key"):
                await self._reuse(noted)
            await asyncio.sleep(self._rng.random() * 0.2)

    async def _settle(self, noted: Noted) -> None:
        for _ in range(_ATTEMPTS):
            try:
                answer = await self._ask(noted.service, noted.request)
            except Unheard:
                noted.cut += 1
                await asyncio.sleep(self._rng.random() * 0.3)
                continue
            if isinstance(answer, Done):
                noted.outcome, noted.answer = "ok", answer.outcome
                return
            if answer.status < 500:
                noted.outcome = "unknown" if noted.cut else "rejected"
                return
            noted.cut += 1
            await asyncio.sleep(self._rng.random() * 0.3)

    async def again(self, noted: Noted, *, moved: bool = False) -> None:
        """The same command once more (I15): the same answer. `moved`: its events may stand elsewhere now, since its log was
        forked and the published branch stands."""
        try:
            answer = await self._ask(noted.service, noted.request)
        except Unheard:
            return
        if isinstance(answer, Refused) and answer.status >= 500:
            return
        stored = noted.answer
        assert stored is not None
        if self._gone.issuperset(stored.event_ids):
            return
        same = isinstance(answer, Done) and (answer.outcome.stream, answer.outcome.event_ids) == (
            stored.stream,
            stored.event_ids,
        )
        if not same or (not moved and answer.outcome.version != stored.version):
            self.broken_promises.append(f"I15: {noted.request.command_id} was answered {stored}, and then {answer}")

    async def _reuse(self, noted: Noted) -> None:
        """The same id with another body: refused."""
        other = a_command(self._rng, noted.service, [])
        if other == noted.request.command:
            return
        try:
            answer = await self._ask(noted.service, Request(noted.request.command_id, other, CENTRE))
        except Unheard:
            return
        if isinstance(answer, Done) and not (noted.answer and self._gone.issuperset(noted.answer.event_ids)):
            self.broken_promises.append(f"I15: the id {noted.request.command_id} was taken for two commands")

    async def _ask(self, service: str, request: Request) -> Done | Refused:
        doors = [door for door in self._doors(service) if not door.process.dead]
        if not doors:
            raise Unheard
        seconds = 0.3 if self._faults.fire("client.impatient") else 5.0
        return await self._rng.choice(doors).ask(self._loop, request, seconds)
