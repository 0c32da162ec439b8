"""How a service decides: pure functions over a union of commands and a union of events.

`decide` yields the events that a command causes, or raises `Refused`; `evolve` folds one event into the state; `notices`
points out oddities without refusing them. Nothing here does I/O: what a decision needs of the world is in `Context`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from shared.kernel.clock import day_of
from shared.kernel.errors import Notice
from shared.kernel.place import PlaceRef

if TYPE_CHECKING:
    from shared.kernel.ports import PlaceBook

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision may know beside the state: the instant, and the dated list of places."""

    now: datetime
    places: PlaceBook

    @property
    def today(self) -> date:
        """The day in Vietnam."""
        return day_of(self.now)


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Where a command writes and for which side: what a principal must hold. `side` None means either side may.

    `also` names further places that must all lie in the principal's area: the other places of an inspection, or the place
    that a correction moves something away from.
    """

    area: PlaceRef
    side: str | None = None
    roles: tuple[str, ...] = ("commune", "province", "centre")
    also: tuple[PlaceRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Decider(Generic[S, C, E]):
    """One kind of stream. `stream_of(command, command_id)` names the stream: a creating command's from its own id.

    `jurisdiction(state, command)` says whose business the command is, by the dated map of places.
    """

    decide: Callable[[S | None, C, Context], Iterable[E]]
    evolve: Callable[[S | None, E], S]
    stream_of: Callable[[C, str], str]
    jurisdiction: Callable[[S | None, C], Jurisdiction]
    notices: Callable[[S | None, C, Context], Iterable[Notice]]
