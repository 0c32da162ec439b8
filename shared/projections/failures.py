"""Tells a failure that will pass (the database restarts) from one that will not (this event breaks the view).

What passes is waited for, however long; what does not parks one event. Mistaking the first for the second would park
good events; mistaking the second for the first would stop everybody behind one bad event.
"""

from __future__ import annotations

import asyncpg

from shared.kernel.errors import Refused
from shared.projections.checkpoints import Fenced
from shared.projections.view import TryAgain

_PASSING = ("08", "3D", "40", "53", "57", "58", "55P03", "25P03", "0A000")
"""SQLSTATE: connection, a database that is being restored, rollback by serialization or deadlock, resources, operator, system;
lock timeout; stale plan."""


def will_pass(error: BaseException) -> bool:
    """Whether trying the same again later may succeed without anybody repairing an event or a view."""
    if isinstance(error, asyncpg.PostgresError):
        state: str = getattr(error, "sqlstate", None) or ""
        return state.startswith(_PASSING)
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return not isinstance(error, ValueError)  # a ValueError is an argument of the wrong type: this event's doing
    if isinstance(error, Refused):
        return error.status >= 500
    return isinstance(error, TryAgain | Fenced | OSError | TimeoutError)


def describe(error: BaseException) -> str:
    """A failure in one line of at most 1,000 characters."""
    return f"{type(error).__name__}: {error}"[:1000]
