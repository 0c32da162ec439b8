"""Given what was recorded, when a command comes, then these events, or this refusal: suites of a domain read as prose.

    given(CLUB, founded).when(ReportMembers(...)).then(MembersReported(...))
    given(CLUB, founded, dissolved).when(ReportMembers(...)).refused("club-dissolved")

It guarantees that every event that a decision yields survives the wire (JSON and back) and can be folded into the state
right away, so a suite proves both without saying it. The clock and the command's id are passed in; the places are the
real ones. It refuses to say anything about a store: `tests/shared/eventlog` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Generic, TypeVar, cast

from shared.kernel.decider import Context, Decider, Jurisdiction
from shared.kernel.errors import Notice, Refused
from shared.kernel.event import Event
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.reference.book import load

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""The instant at which commands come unless a test says otherwise: 2 March 2026, ten in the morning in Vietnam."""

COMMAND_ID = "0190a1b2-0000-7000-8000-000000000001"
"""The id of the command unless a test says otherwise."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S, C, E]):
    """What came of a command: events, or a refusal; and what was pointed out."""

    state: S | None
    command: C
    stream: str
    events: tuple[E, ...]
    pointed_out: tuple[Notice, ...]
    refusal: Refused | None
    belonging: Jurisdiction | None

    def then(self, *events: E) -> Outcome[S, C, E]:
        """Exactly these events were caused, in this order."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert list(self.events) == list(events)
        return self

    def nothing(self) -> Outcome[S, C, E]:
        """The command was accepted and changed nothing (0 thay đổi)."""
        return self.then()

    def accepted(self) -> Outcome[S, C, E]:
        """The command was accepted and caused something."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.events
        return self

    def refused(self, slug: str, *, field: str | None = None) -> Outcome[S, C, E]:
        """The command was refused with this slug, in both languages, and if asked, blaming this field."""
        assert self.refusal is not None, f"accepted: {self.events}"
        assert self.refusal.slug == slug, self.refusal
        assert self.refusal.vi
        assert self.refusal.en
        assert self.refusal.vi != self.refusal.en
        if field is not None:
            assert self.refusal.field == field
        return self

    def notices(self, *slugs: str) -> Outcome[S, C, E]:
        """Exactly these oddities were pointed out, in any order."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert sorted(notice.slug for notice in self.pointed_out) == sorted(slugs)
        return self

    def belongs_to(self, area: PlaceRef, *, side: str | None = None) -> Outcome[S, C, E]:
        """The command is the business of this area, and of this side (None: of either)."""
        assert self.belonging is not None
        assert (self.belonging.area, self.belonging.side) == (area, side)
        return self


@dataclass(frozen=True, slots=True)
class Given(Generic[S, C, E]):
    """A stream with its history."""

    decider: Decider[S, C, E]
    history: tuple[E, ...]

    def when(
        self, command: C, *, now: datetime = NOW, command_id: str = COMMAND_ID, places: PlaceBook | None = None
    ) -> Outcome[S, C, E]:
        """A command comes at an instant."""
        decider = self.decider
        state = reduce(decider.evolve, self.history, cast("S | None", None))
        context = Context(now=now, places=places or load())
        stream = decider.stream_of(command, command_id)
        try:
            belonging = decider.jurisdiction(state, command)
            events = tuple(decider.decide(state, command, context))
            pointed_out = tuple(decider.notices(state, command, context))
        except Refused as refusal:
            return Outcome(state, command, stream, (), (), refusal, None)
        for event in events:
            _survives_the_wire(event)
        after = reduce(decider.evolve, events, state)
        return Outcome(after, command, stream, events, pointed_out, None, belonging)


def given(decider: Decider[S, C, E], *history: E) -> Given[S, C, E]:
    """A stream with this history; none at all for a command that creates."""
    return Given(decider, history)


def _survives_the_wire(event: object) -> None:
    assert isinstance(event, Event), event
    assert type(event).TYPE, f"{type(event).__name__} has no name on the wire"
    assert type(event).model_validate_json(event.to_json()) == event
