"""A policy (chính sách tự động) answers events of other services with commands of its own service.

Its commands are handled before its checkpoint moves, and their ids follow from the event: an event that comes again asks
again for the same thing, so there is no double effect and no lost one. A refused command is an answer: it is logged and
counted and never holds up anybody; only a service that cannot answer just now is waited for.

Which commands an event led to is kept, for the day on which the event turns out to be a stranger's: then the policy forgets all
else and reads anew, and asks for everything under new ids, since events of different streams may come in another order then. So
asking for what is done already must do nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID, uuid5

from shared.eventlog.handler import Done
from shared.eventlog.plan import Request
from shared.kernel.command import Command
from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.event import EventCodec
from shared.kernel.principal import Principal
from shared.projections.view import Delivered, TryAgain

log = logging.getLogger(__name__)

POLICY = "policy_"
"""How the name of a policy's view begins."""
ANSWERS = "answers"
"""The table of a policy's schema that says which commands an event led to."""

_RESTARTS = "select restarts from projection.builds where view = $1 and state = 'live'"

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
        """The commands that follow from the events, each with its cause, made by `because_of`. Pure but for its own tables."""
        ...


def command_id_for(event_id: str, policy: str, index: int = 0) -> str:
    """The id of the command that a policy asks for because of an event: the same every time (uuid5 of both)."""
    return str(uuid5(UUID(event_id), policy if index == 0 else f"{policy}/{index}"))


def because_of(cause: Recorded, policy: str, command: Command, principal: Principal, index: int = 0) -> Request:
    """What a policy asks for because of an event."""
    command_id = command_id_for(cause.event_id, policy, index)
    return Request(command_id, command, principal, caused_at=cause.recorded_at, caused_by=cause.event_id)


class PolicyRunner:
    """A policy as a view: a `Runner` runs it like any other, its tables live in `policy_{name}_v{version}`."""

    def __init__(self, policy: Policy, handle: Handle) -> None:
        """`handle` is the service's own `Handler.handle`."""
        self._policy = policy
        self._handle = handle
        self.name = f"{POLICY}{policy.name}"
        self.version = 1
        self.sources = policy.sources
        self.codec = policy.codec
        self.refused: Counter[str] = Counter()
        """How often commands were refused, by slug, since the process started."""
        self.handled = 0

    def tables(self) -> str:
        """The policy's own tables, and what it answered."""
        answers = f"create table if not exists {ANSWERS} (event_id uuid not null, command_id uuid primary key)"
        by_event = f"create index if not exists {ANSWERS}_by_event on {ANSWERS} (event_id)"
        return f"{answers}; {by_event}; {self._policy.tables()}"

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """React, and have the commands handled. May raise `TryAgain` when the service cannot answer just now."""
        requests = await self._policy.react(connection, events)
        if not requests:
            return
        if again := await connection.fetchval(_RESTARTS, self.name):
            requests = [
                replace(request, command_id=command_id_for(request.command_id, f"again {again}")) for request in requests
            ]
        await connection.execute(
            f"insert into {ANSWERS} select * from unnest($1::uuid[], $2::uuid[]) on conflict do nothing",  # noqa: S608  a constant
            [request.caused_by for request in requests],
            [request.command_id for request in requests],
        )
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


async def read_anew(connection: Connection, view: str, version: int) -> None:
    """A policy forgets what it remembers and stands before the first event; who folds it is told by the number of restarts."""
    await connection.execute(
        """update projection.checkpoints set position = 0, head = null, epoch = epoch + 1 where view = $1 and version = $2""",
        view,
        version,
    )
    for table in ("parked", "offsets"):
        await connection.execute(f"delete from projection.{table} where view = $1 and version = $2", view, version)  # noqa: S608  our own tables
    rows = await connection.fetch(
        "select tablename from pg_tables where schemaname = $1 and tablename <> $2", f"{view}_v{version}", ANSWERS
    )
    for row in rows:
        await connection.execute(f'delete from "{view}_v{version}"."{row["tablename"]}"')  # noqa: S608  the policy's own tables
    await connection.execute(
        "update projection.builds set restarts = restarts + 1 where view = $1 and build = $2", view, version
    )


async def commands_because_of(connection: Connection, events: Collection[UUID]) -> list[tuple[str, str]]:
    """The recorded commands, with their streams, that the policies of this database asked for because of events."""
    found: list[tuple[str, str]] = []
    for build in await connection.fetch(
        "select view, build from projection.builds where starts_with(view, $1) and state = 'live' order by view", POLICY
    ):
        rows = await connection.fetch(
            f"""select command_id::text, stream from "{build["view"]}_v{build["build"]}".{ANSWERS}
            join log.commands using (command_id) where event_id = any($1) order by command_id""",  # noqa: S608  its own table
            events,
        )
        found += [(row["command_id"], row["stream"]) for row in rows]
    return found
