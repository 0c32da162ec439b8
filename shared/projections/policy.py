"""A policy (chính sách tự động) answers events of other services with commands of its own service.

Its commands are handled before its checkpoint moves, and their ids follow from the event: an event that comes again asks
again for the same thing, so there is no double effect and no lost one. A refused command is an answer: it is logged and
counted and never holds up anybody; only a service that cannot answer just now is waited for.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID, uuid5

from shared.eventlog.handler import Done
from shared.eventlog.plan import Request
from shared.kernel.database import Connection
from shared.kernel.errors import Refused
from shared.kernel.event import EventCodec
from shared.projections.view import Delivered, TryAgain, View

log = logging.getLogger(__name__)

POLICY = "policy_"
"""How the name of a policy's view begins."""

Handle = Callable[[Sequence[Request]], Awaitable[Sequence[Done | Refused]]]


class Policy(Protocol):
    """Reads events, remembers what it needs in tables of its own, and asks for commands."""

    @property
    def name(self) -> str:
        """Lower case letters, digits and underscores; part of every command id, so it never changes."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """The logs it reads."""
        ...

    @property
    def codec(self) -> EventCodec:
        """Decodes the events of all its sources."""
        ...

    def tables(self) -> str:
        """Idempotent DDL of what it remembers, with unqualified names; empty if nothing."""
        ...

    async def react(self, connection: Connection, events: Sequence[Delivered]) -> Sequence[Request]:
        """The commands that follow from the events, with ids by `command_id_for`. Pure but for its own tables."""
        ...


def command_id_for(event_id: str, policy: str, index: int = 0) -> str:
    """The id of the command that a policy asks for because of an event: the same every time (uuid5 of both)."""
    return str(uuid5(UUID(event_id), policy if index == 0 else f"{policy}/{index}"))


class PolicyRunner:
    """A policy as a view: a `Runner` runs it like any other, its tables live in `policy_{name}_v{version}`."""

    def __init__(self, policy: Policy, handle: Handle, *, version: int = 1) -> None:
        """`handle` is the service's own `Handler.handle`."""
        self._policy = policy
        self._handle = handle
        self.name = f"{POLICY}{policy.name}"
        self.version = version
        self.sources = policy.sources
        self.codec = policy.codec
        self.refused: Counter[str] = Counter()
        """How often commands were refused, by slug, since the process started."""
        self.handled = 0

    def tables(self) -> str:
        """The policy's own tables."""
        return self._policy.tables()

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """React, and have the commands handled. May raise `TryAgain` when the service cannot answer just now."""
        requests = await self._policy.react(connection, events)
        if not requests:
            return
        try:
            answers = await self._handle(requests)
        except Refused as refused:
            if refused.slug == "clock-not-simulated":  # the simulation ended between the question and the append
                raise TryAgain(f"{self.name}: {refused.slug}") from refused
            raise
        for request, answer in zip(requests, answers, strict=True):
            if not isinstance(answer, Refused):
                self.handled += 1
            elif answer.status >= 500 or answer.slug == "conflict":
                raise TryAgain(f"{self.name}: {answer.slug}")
            else:
                self.refused[answer.slug] += 1
                log.warning("Policy %s: command %s was refused: %s", self._policy.name, request.command_id, answer)


def as_views(views: Sequence[View], policies: Sequence[PolicyRunner]) -> list[View]:
    """Everything that a service's runner runs."""
    return [*views, *policies]
