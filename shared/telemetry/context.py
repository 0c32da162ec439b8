"""Who is being served just now, for logs, problems and spans: the trace of the request, its command, why it was refused.

Guarantees that what is said about one request is never said of another: each task has its own. Holds ids and slugs only, never
what a caller sent, and no personal data.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from shared.telemetry.ids import Point, fresh, parse, trace_of


@dataclass(slots=True)
class Call:
    """One request on its way through a process. It changes while it is served: that is what it is for."""

    here: Point
    caller: Point | None
    command_id: str | None = None
    refused: str | None = None
    """The slug of the refusal that is the answer."""

    @property
    def trace_id(self) -> str:
        """As logs and problems say it."""
        return f"{self.here.trace:032x}"

    def serves(self, command_id: str) -> None:
        """This request is about one command: from now on it belongs to the command's trace."""
        self.command_id = command_id
        self.here = Point(trace_of(command_id), self.here.span)


_call: ContextVar[Call | None] = ContextVar("call", default=None)
_batch: ContextVar[Point | None] = ContextVar("batch", default=None)


def current() -> Call | None:
    """The request that this task serves."""
    return _call.get()


def batch() -> Point | None:
    """The batch of events that this task folds, if somebody wants its traces."""
    return _batch.get()


@contextmanager
def serving(traceparent: str | None) -> Generator[Call]:
    """Serve a request: in the caller's trace if it names one, else in a new one."""
    caller = parse(traceparent)
    call = Call(fresh(caller.trace if caller else None), caller)
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


@contextmanager
def folding(point: Point | None) -> Generator[None]:
    """Fold a batch under this span."""
    token = _batch.set(point)
    try:
        yield
    finally:
        _batch.reset(token)


def serves(command_id: str) -> None:
    """Tell the current request, if there is one, which command it is about."""
    if (call := _call.get()) is not None:
        call.serves(command_id)


def refused(slug: str) -> None:
    """Tell the current request, if there is one, why it was refused."""
    if (call := _call.get()) is not None:
        call.refused = slug
