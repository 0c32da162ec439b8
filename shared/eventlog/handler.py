"""From a command to its answer: load the stream, decide, append, and answer in the same words however often it is asked.

It guarantees (I15): the same command id any number of times, with any crash between, has one effect and one answer: the
stored one, even where the stream has moved on. The same id with another body is refused. A refusal is always decided on the
newest state. Commands of one call that act on one stream apply in order. It refuses to store anything in a preview.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

from shared.eventlog.log import Log, clock_not_simulated
from shared.eventlog.plan import AnyDecider, Decided, Request, Task, append_of, fold, task_of
from shared.eventlog.records import Appended, Conflict, Mismatch
from shared.eventlog.states import Known, StateCache, Turns
from shared.eventlog.writer import AppendWriter
from shared.kernel.clock import Clock
from shared.kernel.command import Command
from shared.kernel.crashpoint import crashpoint
from shared.kernel.decider import Context, Jurisdiction
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Notice, Refused
from shared.kernel.event import Event, EventCodec
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Principal

_ATTEMPTS = 8
_STATES = 50_000

Authorise = Callable[[Principal, Jurisdiction, PlaceBook], None]


@dataclass(frozen=True, slots=True)
class Done:
    """The command is stored: its answer, what was pointed out, and its events."""

    outcome: Appended
    notices: tuple[Notice, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What the command would record; nothing was stored. No events for a command that is stored already."""

    stream: str
    events: tuple[Event, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Handled:
    """One call of the handler: an answer for each command. Times are nanoseconds since 1970."""

    requests: Sequence[Request]
    answers: Sequence[Done | Refused]
    began: int
    ended: int


_Refusals = dict[Task, Refused]


class Handler:
    """Handles the commands of one service on its log."""

    def __init__(
        self,
        log: Log,
        writer: AppendWriter,
        deciders: Mapping[type[Command], AnyDecider],
        codec: EventCodec,
        *,
        places: PlaceBook,
        clock: Clock,
        authorise: Authorise,
    ) -> None:
        self._log = log
        self._writer = writer
        self._deciders = deciders
        self._codec = codec
        self._places = places
        self._clock = clock
        self._authorise = authorise
        self._states = StateCache(_STATES)
        self._turns = Turns()
        self.on_handled: list[Callable[[Handled], None]] = []
        """Called with every answer, for metrics and traces; may not raise."""

    async def handle(self, requests: Sequence[Request], *, atomic: bool = False) -> list[Done | Refused]:
        """Answer each command, in order; `atomic`: store all or none. May raise `Refused` for the call as a whole:
        `LogUnavailable` (the outcome is unknown: repeat under the same ids) and "clock-not-simulated"."""
        began = time.time_ns()
        try:
            answers = await self._handle(requests, atomic=atomic)
        except Refused as refused:
            self._tell(Handled(requests, [refused] * len(requests), began, time.time_ns()))
            raise
        self._tell(Handled(requests, answers, began, time.time_ns()))
        return answers

    def _tell(self, handled: Handled) -> None:
        for hook in self.on_handled:
            hook(handled)

    async def _handle(self, requests: Sequence[Request], *, atomic: bool) -> list[Done | Refused]:
        tasks = [self._task(request) for request in await self._dated(requests)]
        first: dict[str, Task] = {}
        answers: dict[Task, Done | Refused] = {}
        for task in tasks:
            if first.setdefault(task.command_id, task).fingerprint != task.fingerprint:
                answers[task] = _key_reused()
        pending = list(first.values())
        if atomic and answers:
            return [answers.get(task) or _refused_together() for task in tasks]
        async with AsyncExitStack() as turns:
            held = self._turns.contended(task.stream for task in pending)
            if held:
                await turns.enter_async_context(self._turns.take(held))
            for _ in range(_ATTEMPTS):
                pending = await self._attempt(pending, answers, atomic=atomic)
                if not pending:
                    break
                wanted = {task.stream for task in pending}
                if not wanted <= held:
                    await turns.aclose()  # give back before taking more: turns are taken in sorted order
                    held = wanted
                    await turns.enter_async_context(self._turns.take(held))
        for task in pending:
            answers[task] = _contended()
        return [answers.get(task) or answers[first[task.command_id]] for task in tasks]

    async def _dated(self, requests: Sequence[Request]) -> Sequence[Request]:
        """In a simulated log a policy's commands are recorded when their causes were."""
        if not any(request.caused_at for request in requests) or not await self._log.simulated():
            return requests
        return [replace(request, recorded_at=request.recorded_at or request.caused_at) for request in requests]

    def forget(self) -> None:
        """Read every stream anew: what is known of them may be of a log that went back in time."""
        self._states.clear()

    async def preview(self, requests: Sequence[Request]) -> list[Preview | Refused]:
        """What each command would record if it came now, in order. Stores nothing."""
        tasks = [self._task(request) for request in requests]
        if any(request.recorded_at is not None for request in requests) and not await self._log.simulated():
            raise clock_not_simulated()
        stored = await self._log.answers([task.command_id for task in tasks])
        decided, refused = await self._decide([task for task in tasks if task.command_id not in stored])
        previews: dict[Task, Preview | Refused] = dict(refused)
        for plan in decided:
            notices = tuple(plan.task.decider.notices(plan.before.state, plan.task.request.command, plan.context))
            previews[plan.task] = Preview(plan.task.stream, plan.events, notices)
        for task in tasks:
            if known := stored.get(task.command_id):
                same = known[0] == task.fingerprint and known[1].stream == task.stream
                previews[task] = Preview(task.stream, (), ()) if same else _key_reused()
        return [previews[task] for task in tasks]

    async def _attempt(self, pending: list[Task], answers: dict[Task, Done | Refused], *, atomic: bool) -> list[Task]:
        """Decide and append once; fills in answers and returns the tasks that met another version of their stream."""
        decided, refused = await self._decide(pending)
        repeated = await self._stored(refused) if refused else {}
        if atomic and refused:
            answers.update({task: refused.get(task) or _refused_together() for task in pending})
            return []
        crashpoint("command.before_append")
        outcomes = await self._writer.append_many([append_of(plan) for plan in decided], atomic=atomic)
        crashpoint("command.after_append")
        if atomic and any(isinstance(outcome, Mismatch) for outcome in outcomes):
            answers.update({task: _refused_together() for task in pending})
            other = [plan.task for plan, outcome in zip(decided, outcomes, strict=True) if isinstance(outcome, Mismatch)]
            answers.update({task: _key_reused() for task in other})
            return []
        again: set[Task] = set()
        for plan, outcome in zip(decided, outcomes, strict=True):
            task = plan.task
            match outcome:
                case Appended(repeated=False):
                    self._states.put(task.stream, plan.after)
                    answers[task] = self._done(task, outcome, plan.before.state, plan.events)
                case Appended():
                    repeated[task] = outcome
                case Conflict():
                    self._states.drop_unless(task.stream, outcome.actual)
                    again.add(task)
                case Mismatch():
                    answers[task] = _key_reused()
        if repeated:
            await self._repeat(repeated, answers)
        moved = {task.stream for task in again}
        again |= {task for task in refused if task.stream in moved}  # perhaps refused for what did not happen
        answers.update({task: refusal for task, refusal in refused.items() if task not in again})
        return [task for task in pending if task in again]

    async def _decide(self, tasks: Sequence[Task]) -> tuple[list[Decided], _Refusals]:
        """Decide in order. What is refused is decided once more if the state that was known turns out to be stale."""
        deciders = {task.stream: task.decider for task in tasks}
        known = {stream: cached for stream in deciders if (cached := self._states.get(stream)) is not None}
        stale = deciders.keys() - known.keys()
        newest: set[str] = set()
        while True:
            if stale:
                known.update(await self._load({stream: deciders[stream] for stream in stale}))
                newest |= stale
            decided, refused = self._decide_on(dict(known), tasks)
            stale = {task.stream for task in refused} - newest
            if not stale:
                return decided, refused

    def _decide_on(self, states: dict[str, Known], tasks: Sequence[Task]) -> tuple[list[Decided], _Refusals]:
        decided: list[Decided] = []
        refused: _Refusals = {}
        now = self._clock()
        for task in tasks:
            request = task.request
            before = states[task.stream]
            context = Context(request.recorded_at or now, self._places)
            try:
                self._authorise(request.principal, task.decider.jurisdiction(before.state, request.command), self._places)
                events: tuple[Event, ...] = tuple(task.decider.decide(before.state, request.command, context))
            except Refused as refusal:
                refused[task] = refusal
                continue
            after = Known(before.version + len(events), fold(task.decider, before.state, events))
            states[task.stream] = after
            decided.append(Decided(task, before, after, context, events))
        return decided, refused

    async def _load(self, deciders: Mapping[str, AnyDecider]) -> dict[str, Known]:
        """The newest states of the streams, from the log."""
        loaded: dict[str, Known] = {}
        for stream, events in (await self._log.load(list(deciders))).items():
            loaded[stream] = Known(len(events), fold(deciders[stream], None, map(self._decode, events)))
            if events:
                self._states.put(stream, loaded[stream])
        return loaded

    async def _stored(self, refused: _Refusals) -> dict[Task, Appended]:
        """Takes out of the refusals those commands that are stored already, and refuses other bodies under their ids."""
        stored = await self._log.answers([task.command_id for task in refused])
        repeated: dict[Task, Appended] = {}
        for task in list(refused):
            if known := stored.get(task.command_id):
                if known[0] == task.fingerprint and known[1].stream == task.stream:
                    repeated[task] = known[1]
                    del refused[task]
                else:
                    refused[task] = _key_reused()
        return repeated

    async def _repeat(self, repeated: Mapping[Task, Appended], answers: dict[Task, Done | Refused]) -> None:
        """The stored answers, with the events and notices of then: the stream is folded up to where the command came."""
        streams = await self._log.load(list({task.stream for task in repeated}))
        for task, outcome in repeated.items():
            events = [self._decode(event) for event in streams[task.stream][: outcome.version]]
            start = len(events) - len(outcome.event_ids)
            answers[task] = self._done(task, outcome, fold(task.decider, None, events[:start]), tuple(events[start:]))

    def _done(self, task: Task, outcome: Appended, before: Any, events: tuple[Event, ...]) -> Done:
        context = Context(outcome.recorded_at, self._places)
        return Done(outcome, tuple(task.decider.notices(before, task.request.command, context)), events)

    def _decode(self, event: Recorded) -> Event:
        return self._codec.decode(event.type, event.schema_version, event.data)

    def _task(self, request: Request) -> Task:
        return task_of(request, self._deciders[type(request.command)])


def _key_reused() -> Refused:
    return Refused(
        "idempotency-key-reused",
        "Mã lệnh (Idempotency-Key) này đã dùng cho một lệnh khác; hãy dùng mã mới cho lệnh mới.",
        "This command id (Idempotency-Key) was used for another command; use a new id for a new command.",
    )


def _refused_together() -> Refused:
    return Refused(
        "refused-together",
        "Lệnh này hợp lệ nhưng cả lô phải cùng được ghi; hãy sửa các lệnh bị từ chối rồi gửi lại cả lô.",
        "This command is in order, but the batch stands or falls together; correct the refused ones and send all again.",
    )


def _contended() -> Refused:
    return Refused(
        "conflict",
        "Hồ sơ này đang được nhiều nơi cùng ghi; hãy gửi lại sau giây lát với cùng mã lệnh.",
        "Others are writing to this record at the same time; send the command again in a moment under the same id.",
        status=409,
    )
