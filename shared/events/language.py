"""The published language as a whole: which service publishes which unions of events, and on which topic.

This is the one list that a new kind of stream is added to; a new event of a union that is here already needs nothing.
"""

from __future__ import annotations

from shared.events.clubs import ClubEvent
from shared.events.monitoring import InspectionEvent, TargetEvent
from shared.events.reporting import ReportingEvent
from shared.events.trainings import BoardEvent, TrainingEvent
from shared.kernel.event import Event, EventCodec, Upcast, type_key

UNIONS: dict[str, tuple[object, ...]] = {
    "clubs": (ClubEvent,),
    "trainings": (TrainingEvent, BoardEvent),
    "monitoring": (TargetEvent, InspectionEvent),
    "reporting": (ReportingEvent,),
}
"""The unions of each service, by the service's name (which is also the source of its events)."""

UPCASTS: dict[type_key, Upcast] = {}
"""How the data of an old version become those of the next, by type and old version; CONTRIBUTING.md says when one is due."""


def topic_of(source: str) -> str:
    """The Kafka topic that carries a service's events."""
    return f"{source}.events"


def codec_of(*sources: str) -> EventCodec:
    """A codec for the events of some services; of all when none is named."""
    return EventCodec(*(union for source in sources or UNIONS for union in UNIONS[source]), upcasts=UPCASTS)


def events_of(source: str) -> tuple[type[Event], ...]:
    """Every event class that a service publishes, in order."""
    return codec_of(source).classes
