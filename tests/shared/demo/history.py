"""A generated history put to the real deciders, one stream after the other, at the instants of its simulated clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from services.clubs.domain import CLUBS, ClubCommand
from services.monitoring.domain import INSPECTIONS, InspectionCommand
from services.trainings.domain import ROUNDS, RoundCommand
from shared.kernel.command import command_types
from shared.kernel.decider import Context
from shared.kernel.errors import Refused
from shared.local.demo.entries import Entry
from shared.reference.book import Places

_UNIONS: tuple[tuple[Any, Any], ...] = ((ClubCommand, CLUBS), (RoundCommand, ROUNDS), (InspectionCommand, INSPECTIONS))
_DECIDERS = {name: (cls, decider) for union, decider in _UNIONS for name, cls in command_types(union).items()}


def decide_all(entries: Iterable[Entry], places: Places) -> tuple[Counter[str], list[str]]:
    """How many events of each type the history causes, and every refusal."""
    states: dict[str, Any] = {}
    events: Counter[str] = Counter()
    refusals: list[str] = []
    for entry in entries:
        cls, decider = _DECIDERS[entry.type]
        command = cls.model_validate_json(entry.data, strict=True, extra="forbid")
        stream = decider.stream_of(command, entry.id)
        try:
            decided = list(decider.decide(states.get(stream), command, Context(entry.recorded_at, places)))
        except Refused as refused:
            refusals.append(f"{entry.type} {entry.data}: {refused}")
            continue
        for event in decided:
            states[stream] = decider.evolve(states.get(stream), event)
            events[event.TYPE] += 1
    return events, refusals
