"""The one append writer of a process: callers await their own answer, the writer puts what waits into one call.

It guarantees: a lone command goes at once (there is no timer), one call holds at most one caller's commands of a stream,
the calls of a stream go out in the order in which they came, and what fails in one caller's commands touches no other's.
A broken connection is answered with `LogUnavailable` (the outcome is unknown) and the
writer goes on. It refuses what comes after `stop`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from shared.eventlog.log import Clash, Log, LogBehind, LogUnavailable
from shared.eventlog.records import Append, Appended, Conflict, Outcome
from shared.kernel.crashpoint import crashpoint
from shared.kernel.errors import Refused

_logger = logging.getLogger(__name__)
_COMMANDS_A_CALL = 512
_CLASHES = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The commands of one caller, which are answered together."""

    commands: Sequence[Append]
    atomic: bool
    answer: asyncio.Future[list[Outcome]]


@dataclass(frozen=True, slots=True)
class Written:
    """One call of the log that was answered. Times are nanoseconds since 1970."""

    commands: Sequence[Append]
    outcomes: Sequence[Outcome]
    began: int
    ended: int


class AppendWriter:
    """Appends to a log for all callers of a process. `on_commit` is called after each commit, to wake the relay."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: list[_Group] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.on_commit: list[Callable[[], None]] = []
        self.on_written: list[Callable[[Written], None]] = []
        """Called after each commit with what was written, for metrics and traces."""
        self.on_failed: list[Callable[[], None]] = []
        """Called when the log was unavailable, or is not where it was."""
        self.refusal: Callable[[], Refused | None] = lambda: None
        """Why no command is taken just now: asked before each, answered at once."""

    @property
    def waiting(self) -> int:
        """How many commands wait for the next call."""
        return sum(len(group.commands) for group in self._waiting)

    def start(self) -> None:
        """Begin to write; needs a running event loop."""
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="append-writer")

    async def stop(self) -> None:
        """Write what waits, then end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def append(self, command: Append) -> Outcome:
        """Append one command. May raise what `Log.append` may raise, except `Clash`."""
        return (await self.append_many([command]))[0]

    async def append_many(self, commands: Sequence[Append], *, atomic: bool = False) -> list[Outcome]:
        """Append commands that were decided together, in order; `atomic`: all or none."""
        if not commands:
            return []
        if self._stopping or self._task is None:
            raise LogUnavailable
        if (refused := self.refusal()) is not None:
            raise refused
        group = _Group(commands, atomic, asyncio.get_running_loop().create_future())
        self._waiting.append(group)
        self._wake.set()
        return await group.answer

    async def _run(self) -> None:
        while self._waiting or not self._stopping:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._write(self._take())

    def _take(self) -> list[_Group]:
        """The groups that go into the next call: those at the front that share no stream and no command id."""
        if self._waiting[0].atomic:
            return [self._waiting.pop(0)]
        taken: list[_Group] = []
        left: list[_Group] = []
        seen: set[str] = set()
        count = 0
        for place, group in enumerate(self._waiting):
            if count >= _COMMANDS_A_CALL:
                left.extend(self._waiting[place:])
                break
            touched = {command.stream for command in group.commands} | {command.command_id for command in group.commands}
            fits = not taken or count + len(group.commands) <= _COMMANDS_A_CALL
            if fits and not group.atomic and seen.isdisjoint(touched):
                taken.append(group)
                count += len(group.commands)
            else:
                left.append(group)
            seen |= touched
        self._waiting = left
        return taken

    async def _write(self, groups: list[_Group]) -> None:
        began = time.time_ns()
        try:
            commands = [command for group in groups for command in group.commands]
            outcomes = iter(await self._log.append(commands, atomic=groups[0].atomic))
            answers = [[next(outcomes) for _ in group.commands] for group in groups]
        except (LogUnavailable, LogBehind) as error:
            _logger.warning("the log takes nothing: %s", error.__cause__ or error)
            for group in groups:
                _fail(group, error)
            for hook in self.on_failed:
                _call(hook)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the callers, and the writer goes on
            if len(groups) > 1:
                for group in groups:
                    await self._write([group])
            elif isinstance(error, Clash):
                await self._write_singly(groups[0])
            else:
                _fail(groups[0], error)
            return
        self._committed(groups, answers, began)

    async def _write_singly(self, group: _Group) -> None:
        """A command id came with two streams at once: what was decided in this call is done again, one by one."""
        began = time.time_ns()
        try:
            outcomes = await (self._retry(group.commands, atomic=True) if group.atomic else self._one_by_one(group.commands))
        except Exception as error:  # noqa: BLE001 - it belongs to the one caller, and the writer goes on
            _fail(group, error)
            return
        self._committed([group], [outcomes], began)

    async def _one_by_one(self, commands: Sequence[Append]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        broken: dict[str, int] = {}
        for command in commands:
            if command.stream in broken:
                outcomes.append(Conflict(command.command_id, command.stream, broken[command.stream]))
                continue
            outcome = (await self._retry([command], atomic=False))[0]
            outcomes.append(outcome)
            end = command.expected + len(command.events)
            if not (isinstance(outcome, Appended) and outcome.version == end):
                broken[command.stream] = outcome.actual if isinstance(outcome, Conflict) else command.expected
        return outcomes

    async def _retry(self, commands: Sequence[Append], *, atomic: bool) -> list[Outcome]:
        for _ in range(_CLASHES - 1):
            try:
                return await self._log.append(commands, atomic=atomic)
            except Clash as error:
                _logger.info("clash, repeated: %s", error)
        return await self._log.append(commands, atomic=atomic)

    def _committed(self, groups: list[_Group], answers: list[list[Outcome]], began: int) -> None:
        crashpoint("log.after_commit")
        for group, answer in zip(groups, answers, strict=True):
            if not group.answer.done():
                group.answer.set_result(answer)
        for hook in self.on_commit:
            _call(hook)
        if self.on_written:
            commands = [command for group in groups for command in group.commands]
            written = Written(commands, [outcome for answer in answers for outcome in answer], began, time.time_ns())
            for observer in self.on_written:
                _call(partial(observer, written))


def _call(hook: Callable[[], None]) -> None:
    try:
        hook()
    except Exception:
        _logger.exception("a hook after a commit failed")


def _fail(group: _Group, error: Exception) -> None:
    if not group.answer.done():
        group.answer.set_exception(error)
