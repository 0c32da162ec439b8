"""What a view (bảng tổng hợp) is: a name, a version, the logs it reads, its tables, and how it folds a batch of events.

A view's `apply` runs inside the batch's transaction with `search_path` set to the view's own schema, so events, rows,
feed messages and checkpoint stand or fall together. It must be a pure function of its tables and the events: it keeps
nothing in memory across calls, reads no clock, and may be called again with the same events after a rollback. Events of
one stream come in order; those of different streams in any order, so what joins streams must not mind the order.
It must not commit, and it must not swallow a failure of the database.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.kernel.event import Event, EventCodec


class TryAgain(Exception):
    """Raised by a view or a policy when what failed will pass: the batch waits and is tried again, nothing is parked."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event with its coordinates and its decoded body."""

    recorded: Recorded
    event: Event


class View(Protocol):
    """One fold from logs to tables."""

    @property
    def name(self) -> str:
        """Lower case letters, digits and underscores: `figures`. Unique in a database."""
        ...

    @property
    def version(self) -> int:
        """Raised when the fold or the tables change. Of one build of a view (`builds.Built`) the number of that build."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """The logs it reads: `("clubs", "trainings")`."""
        ...

    @property
    def codec(self) -> EventCodec:
        """Decodes the events of all its sources. Types that it does not know are counted and passed over."""
        ...

    def tables(self) -> str:
        """Idempotent DDL with unqualified names, run with `search_path` set to the view's schema."""
        ...

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """Fold the events in order. A raised exception parks the one event that causes it, and its stream behind it."""
        ...


_NAME = re.compile(r"^[a-z][a-z0-9_]{0,40}$")


def schema_of(view: View) -> str:
    """The Postgres schema of a view's tables: `figures_v1`. May raise `ValueError` for a name that is none."""
    if not _NAME.match(view.name):
        raise ValueError(f"{view.name!r} is no name for a view: lower case letters, digits and underscores")
    return f"{view.name}_v{view.version}"
